//! EC2 instances as they are seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, string_id};

/// The id of an EC2 instance: `i-` and 8 or 17 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId(String);

string_id!(InstanceId);

impl TryFrom<String> for InstanceId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let digits = text.strip_prefix("i-").unwrap_or_default();
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if matches!(digits.len(), 8 | 17) && digits.bytes().all(hexadecimal) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected the id of an EC2 instance such as i-0123456789abcdef0",
            })
        }
    }
}

impl InstanceId {
    /// The first instance id within a text.
    pub fn within(text: &str) -> Option<Self> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        words.into_iter().find_map(|word| word.parse().ok())
    }
}

/// What an instance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Starts.
    Pending,
    /// Runs.
    Running,
    /// Is about to be stopped.
    Stopping,
    /// Is stopped.
    Stopped,
    /// Is about to be terminated.
    ShuttingDown,
    /// Is gone, and shown for a while.
    Terminated,
}

impl InstanceState {
    /// The states of instances that will be there tomorrow.
    pub const LASTING: [Self; 4] = [Self::Pending, Self::Running, Self::Stopping, Self::Stopped];

    /// The state in EC2's words; `None` for one that is not known.
    pub fn seen(name: &str) -> Option<Self> {
        let all = Self::LASTING
            .into_iter()
            .chain([Self::ShuttingDown, Self::Terminated]);
        all.into_iter().find(|state| state.name() == name)
    }

    /// The state in EC2's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
        }
    }

    /// Whether an instance in this state is or is about to be no more.
    pub fn is_gone(self) -> bool {
        !Self::LASTING.contains(&self)
    }
}

/// The name of an instance profile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileName(String);

impl ProfileName {
    /// The name in a profile's ARN, where a path may come before it.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let (_, resource) = arn.split_once(":instance-profile/")?;
        let name = resource.rsplit('/').next().unwrap_or_default();
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An instance, as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenInstance {
    /// Its id.
    pub id: InstanceId,
    /// What it does.
    pub state: InstanceState,
    /// Such as `x86_64` or `arm64`.
    pub architecture: String,
    /// Its instance profile.
    pub profile: Option<ProfileName>,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_ids_are_old_or_new_ones() {
        for good in ["i-0123abcd", "i-0123456789abcdef0"] {
            assert!(good.parse::<InstanceId>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "i-",
            "i-0123abc",
            "i-0123ABCD",
            "mi-0123abcd",
            "i-0123456789abcdef",
        ] {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_is_found_in_whatever_surrounds_it() {
        let id = "i-0123456789abcdef0";
        for text in [
            id,
            r#"{"InstanceId":["i-0123456789abcdef0"]}"#,
            "arn:aws:ec2:eu-west-1:1:instance/i-0123456789abcdef0",
        ] {
            assert_eq!(InstanceId::within(text).unwrap().as_str(), id);
        }
        for none in ["", "i-1", "mi-0123456789abcdef0", "xi-0123abcd"] {
            assert_eq!(InstanceId::within(none), None, "{none}");
        }
    }

    #[test]
    fn states_have_ec2s_names() {
        for state in InstanceState::LASTING {
            assert_eq!(InstanceState::seen(state.name()), Some(state));
            assert!(!state.is_gone());
        }
        assert!(InstanceState::seen("shutting-down").unwrap().is_gone());
        assert!(InstanceState::seen("terminated").unwrap().is_gone());
        assert_eq!(InstanceState::seen("dreaming"), None);
    }

    #[test]
    fn a_profile_is_named_without_its_path() {
        let name = |arn| ProfileName::of_arn(arn).map(|name| name.as_str().to_owned());
        assert_eq!(
            name("arn:aws:iam::111122223333:instance-profile/web").as_deref(),
            Some("web")
        );
        assert_eq!(
            name("arn:aws:iam::111122223333:instance-profile/team/a/web").as_deref(),
            Some("web")
        );
        assert_eq!(name("arn:aws:iam::111122223333:instance-profile/"), None);
        assert_eq!(name("web"), None);
    }
}
