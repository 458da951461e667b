//! Wanted states, as the template writes them.

use serde_json::{Value, json};

use super::{GUID, OWN};

/// One for these units, with tags on instances.
pub(crate) fn wanted(units: &str) -> Value {
    json!({
        "Scope": "Organization",
        "Organization": {
            "OrganizationalUnitIds": units, "ExcludedAccountIds": "",
            "MemberRegistration": "Direct", "Regions": "",
            "StackSetNamePrefix": "DefenderConnector-Members", "MaxConcurrentAccounts": "",
            "FailureTolerancePercentage": "100", "ManagementAccountId": OWN,
        },
        "Connector": {
            "SubscriptionId": GUID, "ResourceGroup": "rg-mdc", "Location": "eastus",
            "ConnectorName": "", "ScanIntervalHours": "4", "Regions": "",
            "AdoptExisting": "false", "ApiVersion": "2024-08-01-preview",
            "Plans": {"Cspm": {"Tier": "Foundational"}, "Servers": "Off", "Containers": "Off",
                "Databases": "Off"},
        },
        "Arc": {
            "AccountId": OWN, "Regions": "", "ConnectorTagValue": "true", "CloudTagValue": "AWS",
            "HostManagement": "None",
        },
    })
}

/// The same without tags.
pub(crate) fn without_tags(units: &str) -> Value {
    let mut state = wanted(units);
    state.as_object_mut().unwrap().remove("Arc");
    state
}
