use azure::Dialect;
use custom_resource::parse_properties;
use onboarding::Deployment;
use onboarding::decision::Terms;
use onboarding::provider::Provider;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::raw::{account_in, dialect_in, provider_in, role_names_in};
use super::*;

mod organization;

pub(super) const TENANT: &str = "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613";
pub(super) const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";

pub(super) fn limits() -> Limits {
    Limits {
        subscription: SUBSCRIPTION.parse().unwrap(),
        resource_group: "rg-mdc".parse().unwrap(),
        tenant: TENANT.parse().unwrap(),
        partition: "aws".parse().unwrap(),
    }
}

pub(super) fn deployment() -> Deployment {
    Deployment {
        id: "ours".parse().unwrap(),
        stack_id: "arn:stack".into(),
    }
}

pub(super) fn minimal() -> Value {
    json!({
        "AccountId": "123456789012",
        "SubscriptionId": SUBSCRIPTION,
        "ResourceGroup": "rg-mdc",
        "Location": "eastus",
    })
}

fn wanted(properties: &Value, old: Option<&Value>) -> Result<Wanted, String> {
    let parsed: SecurityConnectorProperties =
        parse_properties(properties).map_err(|error| error.to_string())?;
    parsed
        .wanted(&limits(), &deployment(), old)
        .map_err(|failure| failure.to_string())
}

/// The reason for a property of this value.
fn reason(key: &str, value: Value) -> String {
    let mut properties = minimal();
    properties[key] = value;
    wanted(&properties, None).unwrap_err()
}

#[test]
fn the_least_that_a_stack_can_say_is_enough() {
    let wanted = wanted(&minimal(), None).unwrap();
    let connector = wanted.connector;
    assert_eq!(
        connector.id.to_string(),
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-123456789012"
        )
    );
    assert_eq!(connector.scan_interval.hours(), 4);
    assert!(connector.regions.is_empty() && wanted.terms == Terms::default());
    assert_eq!(connector.tags, deployment().tags());
    assert_eq!(wanted.roles.len(), 1);
}

#[test]
fn everything_may_arrive_as_a_string() {
    let mut properties = minimal();
    properties["ScanIntervalHours"] = json!("12");
    properties["AdoptExisting"] = json!("true");
    properties["Regions"] = json!("eu-west-1, us-east-1");
    properties["ConnectorName"] = json!("mine");
    properties["RoleNames"] = json!({"CspmMonitor": "Ours"});
    properties["Tags"] = json!({"Team": "secops"});
    properties["Plans"] = json!({"Cspm": {"Tier": "Foundational"}});
    let wanted = wanted(&properties, None).unwrap();
    assert_eq!(wanted.connector.scan_interval.hours(), 12);
    assert_eq!(wanted.connector.regions.len(), 2);
    assert_eq!(wanted.connector.tags["Team"], "secops");
    assert_eq!(wanted.connector.id.name.as_str(), "mine");
    let role = wanted.connector.offerings[0].roles()[0];
    assert_eq!(role.as_str(), "arn:aws:iam::123456789012:role/Ours");
    assert!(wanted.terms.adopt_existing);
}

#[test]
fn each_wrong_property_is_named_by_its_path() {
    let starts = |key: &str, value: Value, path: &str| {
        let reason = reason(key, value);
        assert!(
            reason.starts_with(&format!("ResourceProperties.{path}: ")),
            "{reason}"
        );
    };
    starts("AccountId", json!("12345678901"), "AccountId");
    starts("AccountId", json!(123_456_789_012_u64), "AccountId");
    starts("SubscriptionId", json!("mine"), "SubscriptionId");
    starts(
        "SubscriptionId",
        json!("99999999-1bf0-4dda-aec3-111122223333"),
        "SubscriptionId",
    );
    starts("ResourceGroup", json!("other"), "ResourceGroup");
    starts("ResourceGroup", json!("../x"), "ResourceGroup");
    starts("Location", json!("east/us"), "Location");
    starts("Location", json!("global"), "Location");
    starts("ConnectorName", json!(""), "ConnectorName");
    starts("ScanIntervalHours", json!("5"), "ScanIntervalHours");
    starts("ScanIntervalHours", json!("four"), "ScanIntervalHours");
    starts("Regions", json!(["eu-west-1", "everywhere"]), "Regions[1]");
    starts(
        "RoleNames",
        json!({"CspmMonitor": "a/b"}),
        "RoleNames.CspmMonitor",
    );
    starts("RoleNames", json!({"Cspm": "a"}), "RoleNames.Cspm");
    starts("AdoptExisting", json!("yes"), "AdoptExisting");
    starts(
        "Plans",
        json!({"Cspm": {"Tier": "Best"}}),
        "Plans.Cspm.Tier",
    );
    starts("Plans", json!({"Cspm": {}}), "Plans.Cspm");
    starts("ApiVersion", json!("2023-10-01-preview"), "ApiVersion");
    starts("SubPlanForm", json!("Text"), "SubPlanForm");
    starts(
        "MigrateMemberRegistration",
        json!("yes"),
        "MigrateMemberRegistration",
    );
    starts("Extra", json!("x"), "Extra");
    starts("Tags", json!({"Team": "x".repeat(257)}), "Tags.Team");
}

#[test]
fn our_own_tags_are_not_the_users_to_set() {
    for key in ["managedby", "DeploymentId", "STACKID", "Adopted"] {
        let reason = reason("Tags", json!({ key: "x" }));
        assert!(
            reason.contains("Tags") && reason.contains("tags of this product"),
            "{reason}"
        );
    }
    assert!(reason("Tags", json!({"a/b": "x"})).contains("Azure tag name"));
    let many: serde_json::Map<_, _> = (0..47).map(|n| (format!("t{n}"), json!("x"))).collect();
    assert!(reason("Tags", many.into()).contains("at most 46 tags"));
}

#[test]
fn an_identity_provider_is_defenders_or_that_of_the_functions_tenant() {
    let read = |properties: Value| -> Result<Provider, String> {
        let parsed: IdentityProviderProperties =
            parse_properties(&properties).map_err(|error| error.to_string())?;
        parsed.roles().map_err(|failure| failure.to_string())?;
        parsed
            .provider(&limits())
            .map_err(|failure| failure.to_string())
    };
    let account = "123456789012";
    assert_eq!(read(json!({"AccountId": account})), Ok(Provider::Defender));
    let ciem = Provider::Ciem(TENANT.parse().unwrap());
    let own = json!({"AccountId": account, "TenantId": TENANT});
    assert_eq!(provider_in(&own), ciem);
    assert_eq!(read(own), Ok(ciem));
    let foreign = json!({"AccountId": account, "TenantId": SUBSCRIPTION});
    let reason = read(foreign).unwrap_err();
    assert!(
        reason.starts_with("ResourceProperties.TenantId: "),
        "{reason}"
    );
    let named = json!({"AccountId": account, "RoleNames": {"ContainersImageAssessment": "x"}});
    let reason = read(named).unwrap_err();
    assert!(
        reason.starts_with("ResourceProperties.RoleNames.ContainersImageAssessment: "),
        "{reason}"
    );
}

#[test]
fn a_missing_property_is_named() {
    for key in ["AccountId", "SubscriptionId", "ResourceGroup", "Location"] {
        let mut properties = minimal();
        properties.as_object_mut().unwrap().remove(key);
        let reason = wanted(&properties, None).unwrap_err();
        assert!(
            reason.contains(&format!("missing field `{key}`")),
            "{reason}"
        );
    }
}

#[test]
fn a_tag_that_an_update_takes_out_is_withdrawn() {
    let old = json!({"Tags": {"Team": "a", "Cost": "b", "DeploymentId": "hand-made"}});
    let mut properties = minimal();
    properties["Tags"] = json!({"team": "a"});
    let wanted = wanted(&properties, Some(&old)).unwrap();
    assert_eq!(Vec::from_iter(wanted.connector.withdrawn_tags), ["Cost"]);
    for odd in [json!(null), json!([]), json!({"Tags": "x"})] {
        assert!(
            super::tests::wanted(&minimal(), Some(&odd))
                .unwrap()
                .connector
                .withdrawn_tags
                .is_empty()
        );
    }
}

#[test]
fn properties_of_any_shape_can_be_deleted() {
    for odd in [
        json!(null),
        json!([]),
        json!({"AccountId": 1, "RoleNames": "x"}),
    ] {
        assert_eq!(account_in(&odd), None);
        assert!(role_names_in(&odd).is_empty());
        assert_eq!(provider_in(&odd), Provider::Defender);
        assert_eq!(dialect_in(&odd), Dialect::default());
    }
    assert_eq!(account_in(&minimal()).unwrap().as_str(), "123456789012");
}

proptest! {
    #[test]
    fn no_value_makes_reading_panic_and_no_reason_holds_a_control_character(
        key in prop_oneof!["AccountId", "Location", "Tags", "Plans", "Regions", "RoleNames", "[A-Z]{1,8}"],
        text in any::<String>(),
        nested in any::<bool>(),
    ) {
        let mut properties = minimal();
        properties[&key] = if nested { json!({ text.clone(): text }) } else { json!(text) };
        if let Err(reason) = wanted(&properties, None) {
            prop_assert!(!reason.contains(char::is_control), "{:?}", reason);
            prop_assert!(reason.starts_with("ResourceProperties"), "{}", reason);
        }
    }
}
