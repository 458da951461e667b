//! ARM paths, whose fixed words are compared without case.

use percent_encoding::percent_decode_str;

/// The resource providers that the double plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// Defender for Cloud.
    Security,
    /// Azure Arc.
    HybridCompute,
}

impl Namespace {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Security => "Microsoft.Security",
            Self::HybridCompute => "Microsoft.HybridCompute",
        }
    }
}

/// What a path under `/subscriptions/{id}` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The registration of a provider.
    Provider(Namespace),
    /// Connectors of the subscription.
    Connectors,
    /// Connectors of one resource group.
    GroupConnectors {
        group: String,
    },
    Connector {
        group: String,
        name: String,
    },
    /// Connectors of the retired generation.
    ClassicConnectors,
    /// Arc machines of the subscription.
    Machines,
    /// Arc machines of one resource group.
    GroupMachines {
        group: String,
    },
    Machine {
        group: String,
        name: String,
    },
    /// The caller's permissions over a resource group.
    Permissions {
        group: String,
    },
    /// The document that `Azure-AsyncOperation` names.
    OperationStatus {
        id: String,
    },
    /// The place that `Location` names.
    OperationResult {
        id: String,
    },
    Unknown,
}

/// A path under a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArmPath {
    pub subscription: String,
    pub target: Target,
}

impl ArmPath {
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let words: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(|word| percent_decode_str(word).decode_utf8_lossy().into_owned())
            .collect();
        let (root, rest) = words.split_first()?;
        let (subscription, rest) = rest.split_first()?;
        root.eq_ignore_ascii_case("subscriptions").then(|| Self {
            subscription: subscription.clone(),
            target: target(rest),
        })
    }
}

/// Where a connector is kept: ids are compared without case.
pub(crate) fn connector_path(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourcegroups/{group}/providers/Microsoft.Security/securityconnectors/{name}"
    )
}

/// The id of an Arc machine.
pub(crate) fn machine_path(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.HybridCompute/machines/{name}"
    )
}

fn target(words: &[String]) -> Target {
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match lower.as_slice() {
        ["providers", rest @ ..] => in_subscription(rest, &words[1..]),
        ["resourcegroups", _, "providers", rest @ ..] => {
            in_group(words[1].clone(), rest, &words[3..])
        }
        _ => Target::Unknown,
    }
}

/// `words` are the same as `lower`, as they were spelled.
fn in_subscription(lower: &[&str], words: &[String]) -> Target {
    match lower {
        ["microsoft.security"] => Target::Provider(Namespace::Security),
        ["microsoft.hybridcompute"] => Target::Provider(Namespace::HybridCompute),
        ["microsoft.security", "securityconnectors"] => Target::Connectors,
        ["microsoft.security", "connectors"] => Target::ClassicConnectors,
        ["microsoft.hybridcompute", "machines"] => Target::Machines,
        ["microsoft.security", "operationstatuses", _] => Target::OperationStatus {
            id: words[2].clone(),
        },
        ["microsoft.security", "operationresults", _] => Target::OperationResult {
            id: words[2].clone(),
        },
        _ => Target::Unknown,
    }
}

fn in_group(group: String, lower: &[&str], words: &[String]) -> Target {
    match lower {
        ["microsoft.security", "securityconnectors"] => Target::GroupConnectors { group },
        ["microsoft.security", "securityconnectors", _] => Target::Connector {
            group,
            name: words[2].clone(),
        },
        ["microsoft.hybridcompute", "machines"] => Target::GroupMachines { group },
        ["microsoft.hybridcompute", "machines", _] => Target::Machine {
            group,
            name: words[2].clone(),
        },
        ["microsoft.authorization", "permissions"]
        | [
            "microsoft.security",
            "securityconnectors",
            _,
            "providers",
            "microsoft.authorization",
            "permissions",
        ] => Target::Permissions { group },
        _ => Target::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_words_may_be_in_any_case() {
        let path = "/Subscriptions/S1/resourcegroups/My%20Rg/providers/microsoft.security/SECURITYCONNECTORS/Aws-1";
        let parsed = ArmPath::parse(path).unwrap();
        assert_eq!(parsed.subscription, "S1");
        assert_eq!(
            parsed.target,
            Target::Connector {
                group: "My Rg".to_owned(),
                name: "Aws-1".to_owned()
            }
        );
    }

    #[test]
    fn other_paths_are_unknown() {
        assert_eq!(
            ArmPath::parse("/subscriptions/s/tagNames").unwrap().target,
            Target::Unknown
        );
        assert_eq!(ArmPath::parse("/tenants/x"), None);
    }
}
