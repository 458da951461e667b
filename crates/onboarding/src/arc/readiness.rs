//! Whether an instance is ready for Arc auto-provisioning, and what is to be done where it is not.

use serde::{Deserialize, Serialize};

use super::platform::Support;
use super::{InstanceState, ManagedNode, Observed, Ping};
use crate::inert::inert;

/// The policies of AWS that let an instance talk to Systems Manager.
pub const SSM_POLICIES: [&str; 2] = ["AmazonSSMManagedInstanceCore", "AmazonEC2RoleforSSM"];

/// What an instance profile lets an instance do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfilePolicies {
    /// One of [`SSM_POLICIES`] is attached to its role.
    Sufficient,
    /// None is. A policy of the customer's own may do as well.
    Insufficient,
    /// It could not be read.
    Unknown,
}

/// One thing that an instance lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Shortfall {
    /// What is lacking.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

/// Everything that readiness depends on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The instance.
    pub instance: &'a Observed,
    /// As Systems Manager knows it; `None` where it never registered.
    pub node: Option<&'a ManagedNode>,
    /// What its profile allows, where it has one.
    pub profile: ProfilePolicies,
    /// Whether it carries the tags.
    pub tagged: bool,
}

impl Facts<'_> {
    /// Whether Systems Manager reaches the instance.
    pub fn is_managed(&self) -> bool {
        self.node.is_some_and(|node| node.ping == Ping::Online)
    }

    /// What the instance lacks; nothing where it is ready.
    pub fn shortfalls(&self) -> Vec<Shortfall> {
        let mut found = Vec::new();
        if self.instance.state != InstanceState::Running {
            let state = self.instance.state.name();
            found.push(shortfall(
                format!("the instance is {state}"),
                "Start it: Arc's agent is installed on running instances",
            ));
        }
        if !self.is_managed() {
            found.push(self.agent());
            found.extend(self.permissions());
        }
        found.extend(self.platform());
        if !self.tagged {
            found.push(shortfall(
                "the four tags are not all there",
                "See the reason above",
            ));
        }
        found
    }

    fn agent(&self) -> Shortfall {
        if self.node.is_some() {
            shortfall(
                "the SSM agent is not heard of",
                "See that the instance runs, that its agent does (amazon-ssm-agent), and that it \
                 reaches the Systems Manager endpoints on port 443",
            )
        } else {
            shortfall(
                "the SSM agent has not registered",
                "Install or start the SSM agent, give the instance the permissions for it and let \
                 it reach the Systems Manager endpoints on port 443",
            )
        }
    }

    /// What an agent that is not heard of may lack. Whoever is online has what it needs.
    fn permissions(&self) -> Option<Shortfall> {
        let Some(profile) = &self.instance.profile else {
            return Some(shortfall(
                "the instance has no instance profile",
                "Attach one whose role has the policy AmazonSSMManagedInstanceCore, or set \
                 HostManagement to InstanceProfile or DefaultHostManagement",
            ));
        };
        let name = inert(profile.as_str(), 128);
        (self.profile == ProfilePolicies::Insufficient).then(|| {
            shortfall(
                format!(
                    "the role of the instance profile {name} has no policy {} attached",
                    SSM_POLICIES[0]
                ),
                "Attach it, unless a policy of your own allows the same",
            )
        })
    }

    fn platform(&self) -> Option<Shortfall> {
        let platform = &self.node?.platform;
        let architecture = &self.instance.architecture;
        (platform.support(architecture) == Support::NotSupported).then(|| {
            shortfall(
                format!(
                    "Azure Arc does not support {} on {}",
                    platform.shown(),
                    inert(architecture, 20)
                ),
                "Move to a platform of Microsoft's list, or leave the instance out with \
                 ExclusionTags",
            )
        })
    }
}

fn shortfall(reason: impl Into<String>, fix: impl Into<String>) -> Shortfall {
    Shortfall {
        reason: reason.into(),
        fix: fix.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arc::platform::Platform;
    use crate::arc::{ProfileName, Verdict};

    fn instance() -> Observed {
        Observed {
            id: "i-0123456789abcdef0".parse().unwrap(),
            state: InstanceState::Running,
            architecture: "x86_64".to_owned(),
            profile: ProfileName::of_arn("arn:aws:iam::1:instance-profile/web"),
            verdict: Verdict::Right,
        }
    }

    fn node(ping: Ping) -> ManagedNode {
        ManagedNode {
            ping,
            platform: Platform {
                name: "Ubuntu".to_owned(),
                version: "22.04".to_owned(),
            },
        }
    }

    fn reasons(facts: Facts<'_>) -> Vec<String> {
        let shortfalls = facts.shortfalls();
        assert!(shortfalls.iter().all(|one| !one.fix.is_empty()));
        shortfalls.into_iter().map(|one| one.reason).collect()
    }

    #[test]
    fn a_tagged_instance_with_an_agent_on_a_listed_platform_is_ready() {
        let (instance, node) = (instance(), node(Ping::Online));
        let mut facts = Facts {
            instance: &instance,
            node: Some(&node),
            profile: ProfilePolicies::Insufficient,
            tagged: true,
        };
        assert_eq!(reasons(facts), [""; 0], "it is online all the same");
        facts.tagged = false;
        assert_eq!(reasons(facts), ["the four tags are not all there"]);
    }

    #[test]
    fn an_agent_that_is_not_heard_of_is_traced_to_what_it_may_lack() {
        let instance = instance();
        let lost = node(Ping::Lost);
        let facts = |instance| Facts {
            instance,
            node: None,
            profile: ProfilePolicies::Insufficient,
            tagged: true,
        };
        assert_eq!(
            reasons(facts(&instance)),
            [
                "the SSM agent has not registered",
                "the role of the instance profile web has no policy AmazonSSMManagedInstanceCore attached"
            ]
        );
        let sufficient = Facts {
            profile: ProfilePolicies::Sufficient,
            node: Some(&lost),
            ..facts(&instance)
        };
        assert_eq!(reasons(sufficient), ["the SSM agent is not heard of"]);
        let unknown = Facts {
            profile: ProfilePolicies::Unknown,
            ..facts(&instance)
        };
        assert_eq!(reasons(unknown), ["the SSM agent has not registered"]);
        let bare = Observed {
            profile: None,
            state: InstanceState::Stopped,
            ..instance.clone()
        };
        assert_eq!(
            reasons(facts(&bare)),
            [
                "the instance is stopped",
                "the SSM agent has not registered",
                "the instance has no instance profile"
            ]
        );
    }

    #[test]
    fn a_platform_that_arc_does_not_support_is_named() {
        let mut instance = instance();
        let node = node(Ping::Online);
        instance.architecture = "i386".to_owned();
        let facts = Facts {
            instance: &instance,
            node: Some(&node),
            profile: ProfilePolicies::Sufficient,
            tagged: true,
        };
        assert_eq!(
            reasons(facts),
            ["Azure Arc does not support Ubuntu 22.04 on i386"]
        );
    }
}
