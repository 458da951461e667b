//! From an error code of Resource Manager to the setting or permission to change.

use std::time::Duration;

use url::Url;

use onboarding::inert::inert;

mod machines;

/// What to do when no answer comes from a host.
pub(crate) fn unreachable(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    format!(
        "The function must be able to reach {host}: check its way to the internet (DNS, NAT, \
         security group, proxy) and whether the service is up"
    )
}

/// What to do when the service wants to be left alone for longer than there is time.
pub(crate) fn throttled(retry_after: Option<Duration>) -> String {
    let wait = retry_after.map_or_else(
        || "for some minutes".to_owned(),
        |wait| format!("for {} s", wait.as_secs()),
    );
    format!(
        "Azure wants to be left alone {wait}, which is longer than this request may take: try \
         again after that. Requests of others count too where they use the identity of \
         AzureClientId or the subscription of AzureSubscriptionId"
    )
}

/// What to do about an error of Resource Manager about the resource at `path`; `None` when the
/// service's own words must do.
pub(crate) fn for_resource(path: &str, code: &str, message: &str) -> Option<String> {
    let about_machines = path
        .to_ascii_lowercase()
        .contains("/providers/microsoft.hybridcompute/");
    about_machines
        .then(|| machines::for_code(code, message))
        .flatten()
        .or_else(|| for_code(code, message))
}

fn for_code(code: &str, message: &str) -> Option<String> {
    lookup(ADVICE, code).or_else(|| Missing::in_refusal(code, message).map(Missing::advice))
}

/// The advice of a table, whose codes are compared without case.
fn lookup(table: &[(&[&str], &str)], code: &str) -> Option<String> {
    let known = table
        .iter()
        .find(|(codes, _)| codes.iter().any(|c| c.eq_ignore_ascii_case(code)));
    known.map(|(_, text)| (*text).to_owned())
}

const ADVICE: &[(&[&str], &str)] = &[
    (
        &["SubscriptionNotFound", "InvalidSubscriptionId"],
        "Set AzureSubscriptionId to a subscription of tenant AzureTenantId in which the identity of \
         AzureClientId has a role",
    ),
    (
        &[
            "InvalidAuthenticationTokenTenant",
            "InvalidAuthenticationTokenTenantId",
        ],
        "AzureSubscriptionId belongs to another tenant than AzureTenantId: set both to the same \
         tenant's",
    ),
    (
        &[
            "InvalidAuthenticationToken",
            "ExpiredAuthenticationToken",
            "AuthenticationFailed",
        ],
        "A new token was refused as well: check AzureTenantId and AzureClientId, and whether a \
         Conditional Access policy restricts the identity",
    ),
    (
        &["ResourceGroupNotFound"],
        "Create the resource group in the subscription of AzureSubscriptionId, or set \
         AzureResourceGroup to one that exists",
    ),
    (
        &["ResourceGroupBeingDeleted"],
        "Set AzureResourceGroup to a group that is not being deleted",
    ),
    (
        &[
            "MissingSubscriptionRegistration",
            "SubscriptionNotRegistered",
        ],
        "Register the provider in the subscription of AzureSubscriptionId: az provider register \
         --namespace Microsoft.Security --wait",
    ),
    (
        &["NoRegisteredProviderFound"],
        "Register the provider (az provider register --namespace Microsoft.Security --wait), and \
         set AzureLocation to a location and AzureApiVersion to a version that the answer lists",
    ),
    (
        &[
            "LocationNotAvailableForResourceType",
            "LocationRequired",
            "InvalidLocation",
        ],
        "Set AzureLocation to a location that offers security connectors",
    ),
    (
        &["InvalidResourceLocation"],
        "A connector of this name exists in another location, and a connector cannot move: set \
         AzureLocation to that one, or ConnectorName to another name",
    ),
    (
        &["RequestDisallowedByPolicy"],
        "An Azure Policy assignment forbids it: exempt the resource group of AzureResourceGroup, \
         or give the connector what the policy asks for (AzureLocation, tags)",
    ),
    (
        &["ScopeLocked"],
        "Remove the lock on the connector, on the resource group of AzureResourceGroup or on the \
         subscription",
    ),
    (
        &[
            "ReadOnlyDisabledSubscription",
            "DisabledSubscription",
            "SubscriptionDisabled",
        ],
        "The subscription of AzureSubscriptionId is disabled: enable it, or set another one",
    ),
    (
        &["InvalidApiVersionParameter"],
        "Set AzureApiVersion to a version that the answer lists, or to Auto",
    ),
    (
        &["InvalidResourceType"],
        "The subscription's cloud does not offer security connectors: use a subscription of the \
         public Azure cloud",
    ),
];

/// A permission that is missing. Resource Manager names the action and the scope in its message,
/// in quotes.
struct Missing {
    action: Option<String>,
    scope: Option<String>,
}

impl Missing {
    /// `None` where the error is about something else.
    fn in_refusal(code: &str, message: &str) -> Option<Self> {
        let codes = [
            "AuthorizationFailed",
            "LinkedAuthorizationFailed",
            "AuthorizationPermissionMismatch",
        ];
        let quoted = |before: &str| {
            let (_, rest) = message.split_once(before)?;
            rest.split_once('\'')
                .map(|(inside, _)| inert(inside, 300))
                .filter(|text| !text.is_empty())
        };
        let refused = codes.iter().any(|one| one.eq_ignore_ascii_case(code));
        refused.then(|| Self {
            action: quoted("permission to perform action(s) '").or_else(|| quoted("action '")),
            scope: quoted("linked scope(s) '").or_else(|| quoted("scope '")),
        })
    }

    fn advice(self) -> String {
        let action = self
            .action
            .unwrap_or_else(|| "Microsoft.Security/securityConnectors/*".to_owned());
        let scope = self
            .scope
            .unwrap_or_else(|| "the resource group of AzureResourceGroup".to_owned());
        format!(
            "Assign the identity of AzureClientId a role with the permission {action} on {scope} \
             (the role of azure/identity.bicep, or Contributor); a new role assignment takes some \
             minutes to work"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn being_throttled_says_how_long_to_wait() {
        let advice = throttled(Some(Duration::from_mins(10)));
        assert!(
            advice.starts_with("Azure wants to be left alone for 600 s"),
            "{advice}"
        );
        assert!(throttled(None).contains("for some minutes"));
    }

    #[test]
    fn a_missing_permission_is_named_with_its_scope() {
        let message = "The client 'c' with object id 'o' does not have authorization to perform \
             action 'Microsoft.Security/securityConnectors/write' over scope \
             '/subscriptions/s/resourceGroups/g' or the scope is invalid.";
        let advice = for_code("AuthorizationFailed", message).unwrap();
        assert!(
            advice.contains(
                "Microsoft.Security/securityConnectors/write on /subscriptions/s/resourceGroups/g"
            ),
            "{advice}"
        );
        assert!(advice.contains("takes some minutes"), "{advice}");
    }

    #[test]
    fn a_linked_scope_is_named_instead_of_the_first() {
        let message = "The client has permission to perform action 'A/write' on scope '/a'; however, \
             it does not have permission to perform action(s) 'B/join/action' on the linked \
             scope(s) '/b' or the linked scope(s) are invalid.";
        let advice = for_code("LinkedAuthorizationFailed", message).unwrap();
        assert!(advice.contains("B/join/action on /b"), "{advice}");
    }

    #[test]
    fn a_message_without_quotes_still_gives_advice() {
        let advice = for_code("authorizationfailed", "no").unwrap();
        assert!(
            advice.contains("Microsoft.Security/securityConnectors/*"),
            "{advice}"
        );
    }

    #[test]
    fn each_code_names_what_to_change() {
        for (code, setting) in [
            ("SubscriptionNotFound", "AzureSubscriptionId"),
            ("InvalidAuthenticationTokenTenant", "AzureTenantId"),
            ("ResourceGroupNotFound", "AzureResourceGroup"),
            (
                "MissingSubscriptionRegistration",
                "az provider register --namespace Microsoft.Security",
            ),
            ("NoRegisteredProviderFound", "AzureLocation"),
            ("NoRegisteredProviderFound", "AzureApiVersion"),
            ("InvalidApiVersionParameter", "AzureApiVersion"),
            ("InvalidResourceType", "public Azure cloud"),
            ("LocationNotAvailableForResourceType", "AzureLocation"),
            ("InvalidResourceLocation", "ConnectorName"),
            ("RequestDisallowedByPolicy", "Policy"),
            ("ScopeLocked", "lock"),
            ("InvalidAuthenticationToken", "AzureTenantId"),
            ("scopelocked", "lock"),
        ] {
            let advice = for_code(code, "").unwrap();
            assert!(advice.contains(setting), "{code}: {advice}");
        }
        assert_eq!(for_code("SomethingNew", ""), None);
    }

    #[test]
    fn about_a_machine_other_things_are_to_be_changed() {
        let machine =
            "/subscriptions/s/resourceGroups/g/providers/microsoft.hybridcompute/machines/i-1";
        let connector =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Security/securityConnectors/a";
        let advice = |path: &str, code: &str| for_resource(path, code, "").unwrap();
        let code = "MissingSubscriptionRegistration";
        assert!(advice(machine, code).contains("Microsoft.HybridCompute"));
        assert!(advice(connector, code).contains("Microsoft.Security"));
        let code = "SubscriptionNotFound";
        assert_eq!(advice(machine, code), advice(connector, code));
    }
}
