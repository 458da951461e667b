//! Ids of Azure Resource Manager: tenant, subscription, resource group, connector.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, InvalidValue, string_id};

const PROVIDER: &str = "Microsoft.Security";
const TYPE: &str = "securityConnectors";

macro_rules! guid_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        string_id!($name);

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                // `Uuid` also reads braces, URNs and 32 bare digits; Azure shows one form only.
                match Uuid::try_parse(&text) {
                    Ok(id) if text.len() == 36 => Ok(Self(id.hyphenated().to_string())),
                    _ => Err(InvalidValue { expected: $expected }),
                }
            }
        }
    };
}

guid_id!(
    /// A Microsoft Entra tenant id, in lower case.
    TenantId,
    "expected a Microsoft Entra tenant id, a GUID such as 00000000-0000-0000-0000-000000000000"
);
guid_id!(
    /// An Azure subscription id, in lower case.
    SubscriptionId,
    "expected an Azure subscription id, a GUID such as 00000000-0000-0000-0000-000000000000"
);

/// The name of a resource group: 1 to 90 letters, digits, `-`, `_`, `.`, `(`, `)`, no `.` at the
/// end. Compared without case, as Azure does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceGroup(String);

string_id!(ResourceGroup);

impl PartialEq for ResourceGroup {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceGroup {}

impl TryFrom<String> for ResourceGroup {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.()".contains(&byte);
        if (1..=90).contains(&text.len()) && text.bytes().all(fits) && !text.ends_with('.') {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected a resource group name: 1 to 90 letters, digits, '-', '_', '.', \
                           '(' or ')', not ending in '.'",
            })
        }
    }
}

/// An Azure location. The service answers `East US`, `EastUS` or `eastus` for the same one, so
/// locations compare without case and blanks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Location(String);

string_id!(Location);

impl Location {
    /// The name without blanks, in lower case.
    pub fn canonical(&self) -> String {
        canonical_location(&self.0)
    }

    /// Whether the service's spelling `seen` means this location.
    pub fn is(&self, seen: &str) -> bool {
        self.canonical() == canonical_location(seen)
    }
}

fn canonical_location(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

impl TryFrom<String> for Location {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
        let named = !canonical_location(&text).is_empty() && !text.eq_ignore_ascii_case("global");
        if named && text.len() <= 64 && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected an Azure location such as eastus (letters and digits; a \
                           connector cannot be in 'global')",
            })
        }
    }
}

/// The name of a security connector. Microsoft publishes no rule, so this one is ours: a letter
/// or digit, then up to 63 letters, digits, `.`, `_`, `-`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectorName(String);

string_id!(ConnectorName);

impl ConnectorName {
    /// The name a connector gets when none is chosen: `aws-<AccountId>`.
    pub fn for_account(account: &AccountId) -> Self {
        Self(format!("aws-{account}"))
    }
}

impl PartialEq for ConnectorName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ConnectorName {}

impl TryFrom<String> for ConnectorName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let starts = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts && text.len() <= 64 && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected a connector name: a letter or digit, then up to 63 letters, \
                           digits, '.', '_' or '-'",
            })
        }
    }
}

/// The ARM id of a security connector. ARM answers with any mix of case, so ids compare without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorId {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The resource group.
    pub resource_group: ResourceGroup,
    /// The connector's own name.
    pub name: ConnectorName,
}

impl std::fmt::Display for ConnectorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            subscription,
            resource_group,
            name,
        } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{PROVIDER}/{TYPE}/{name}"
        )
    }
}

impl std::str::FromStr for ConnectorId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue {
            expected: "expected the ARM id of a security connector",
        };
        let (subscription, group, name) = parts(text).ok_or(invalid)?;
        Ok(Self {
            subscription: subscription.parse()?,
            resource_group: group.parse()?,
            name: name.parse()?,
        })
    }
}

impl ConnectorId {
    /// The id of a connector that somebody else may have named: Azure takes names that our own
    /// rules do not, and such a connector counts all the same when it connects the account.
    pub fn seen(text: &str) -> Option<Self> {
        let (subscription, group, name) = parts(text)?;
        let sane = |name: &&str| {
            !["", ".", ".."].contains(name)
                && name.len() <= 512
                && !name.chars().any(char::is_control)
        };
        Some(Self {
            subscription: subscription.parse().ok()?,
            resource_group: ResourceGroup(Some(group).filter(sane)?.to_owned()),
            name: ConnectorName(Some(name).filter(sane)?.to_owned()),
        })
    }
}

/// Subscription, resource group and name in the ARM id of a connector.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    resource(text, PROVIDER, TYPE)
}

/// Subscription, resource group and name in the ARM id of a resource of this provider and type.
pub(crate) fn resource<'a>(
    text: &'a str,
    of_provider: &str,
    of_type: &str,
) -> Option<(&'a str, &'a str, &'a str)> {
    let parts: Vec<&str> = text.split('/').collect();
    let [
        "",
        subscriptions,
        subscription,
        groups,
        group,
        providers,
        provider,
        kind,
        name,
    ] = parts[..]
    else {
        return None;
    };
    let fixed = [
        (subscriptions, "subscriptions"),
        (groups, "resourceGroups"),
        (providers, "providers"),
        (provider, of_provider),
        (kind, of_type),
    ];
    let fits = |(seen, wanted): &(&str, &str)| seen.eq_ignore_ascii_case(wanted);
    fixed
        .iter()
        .all(fits)
        .then_some((subscription, group, name))
}

#[cfg(test)]
mod tests;
