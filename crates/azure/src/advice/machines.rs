//! From an error code about Arc machines to the setting or permission to change.

use super::{Missing, lookup};

/// What to do about it; `None` where it is the same as for any resource.
pub(super) fn for_code(code: &str, message: &str) -> Option<String> {
    if let Some(known) = lookup(ADVICE, code) {
        return Some(known);
    }
    let missing = Missing::in_refusal(code, message)?;
    let action = missing
        .action
        .unwrap_or_else(|| "Microsoft.HybridCompute/machines/*".to_owned());
    let scope = missing
        .scope
        .unwrap_or_else(|| "the subscription of AzureSubscriptionId".to_owned());
    let rest = if action.to_ascii_lowercase().ends_with("/read") {
        "azure/identity.bicep grants it with arcMachineRights=Compare. It is for comparing tags alone"
    } else {
        "azure/identity.bicep grants it with arcMachineRights=Repair. Or set RepairArcMachineTags to \
         false"
    };
    Some(format!(
        "Assign the identity of AzureClientId a role with the permission {action} on {scope}; {rest}"
    ))
}

const ADVICE: &[(&[&str], &str)] = &[
    (
        &[
            "MissingSubscriptionRegistration",
            "SubscriptionNotRegistered",
            "NoRegisteredProviderFound",
            "InvalidResourceType",
        ],
        "Register the provider in the subscription of AzureSubscriptionId: az provider register \
         --namespace Microsoft.HybridCompute --wait",
    ),
    (
        &["RequestDisallowedByPolicy"],
        "An Azure Policy assignment forbids it: exempt the machine, or set RepairArcMachineTags to \
         false",
    ),
    (
        &["ScopeLocked"],
        "Remove the lock on the machine, on its resource group or on the subscription, or set \
         RepairArcMachineTags to false",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named_with_the_setting_that_asks_for_it() {
        let message = |action: &str| {
            format!(
                "The client 'c' with object id 'o' does not have authorization to perform action \
                 'Microsoft.HybridCompute/machines/{action}' over scope '/subscriptions/s' or the \
                 scope is invalid."
            )
        };
        let write = for_code("AuthorizationFailed", &message("write")).unwrap();
        assert!(
            write.contains("Microsoft.HybridCompute/machines/write on /subscriptions/s"),
            "{write}"
        );
        assert!(write.contains("arcMachineRights=Repair"), "{write}");
        assert!(write.contains("RepairArcMachineTags"), "{write}");
        let read = for_code("AuthorizationFailed", &message("read")).unwrap();
        assert!(read.contains("machines/read on /subscriptions/s"), "{read}");
        assert!(read.contains("arcMachineRights=Compare"), "{read}");
        assert!(!read.contains("RepairArcMachineTags"), "{read}");
        let unsaid = for_code("authorizationfailed", "no").unwrap();
        assert!(
            unsaid.contains("Microsoft.HybridCompute/machines/* on the subscription"),
            "{unsaid}"
        );
    }

    #[test]
    fn the_provider_and_what_forbids_a_tag_are_named() {
        for (code, part) in [
            (
                "MissingSubscriptionRegistration",
                "--namespace Microsoft.HybridCompute",
            ),
            ("ScopeLocked", "RepairArcMachineTags"),
            ("requestdisallowedbypolicy", "RepairArcMachineTags"),
        ] {
            let advice = for_code(code, "").unwrap();
            assert!(advice.contains(part), "{code}: {advice}");
        }
        assert_eq!(for_code("SubscriptionNotFound", ""), None);
    }
}
