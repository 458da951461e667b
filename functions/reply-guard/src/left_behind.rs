//! The id under which a killed Create may have made something.

use custom_resource::PhysicalId;
use onboarding::physical_id::{
    arc_tags, interrupted, organization_narrowing, organization_onboarding,
};
use onboarding::provider::Provider;
use onboarding::{AccountId, ConnectorId, ConnectorName, Partition};
use serde_json::Value;

/// The id that the Delete of the rollback gets. `None` where the request is not good enough to
/// derive one; it was then not good enough to be acted on either, so nothing was made.
pub(crate) fn left_behind(request: &Value) -> Option<PhysicalId> {
    let properties = &request["ResourceProperties"];
    let kind = request["ResourceType"].as_str()?;
    // Their Deletes take out of every account what is ours, however far the run got.
    match kind {
        "Custom::OrganizationNarrowing" => {
            return organization_narrowing(text(request, "StackId")?)
                .parse()
                .ok();
        }
        "Custom::OrganizationOnboarding" => {
            return organization_onboarding(text(request, "StackId")?)
                .parse()
                .ok();
        }
        _ => {}
    }
    let account: AccountId = text(properties, "AccountId")?.parse().ok()?;
    let id = match kind {
        "Custom::SecurityConnector" => {
            let name = match &properties["ConnectorName"] {
                Value::Null => ConnectorName::for_account(&account),
                name => name.as_str()?.parse().ok()?,
            };
            interrupted(&ConnectorId {
                subscription: text(properties, "SubscriptionId")?.parse().ok()?,
                resource_group: text(properties, "ResourceGroup")?.parse().ok()?,
                name,
            })
        }
        // Its Delete takes back what carries our tags, however far the Create got.
        "Custom::IdentityProvider" => {
            let provider = match &properties["TenantId"] {
                Value::Null => Provider::Defender,
                tenant => Provider::Ciem(tenant.as_str()?.parse().ok()?),
            };
            provider.arn(&Partition::of_arn(text(request, "StackId")?)?, &account)
        }
        // Its Delete takes away what has our values, however far the run got.
        "Custom::ArcAutoProvisioning" => arc_tags(text(request, "StackId")?, &account),
        _ => return None,
    };
    id.parse().ok()
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object[name].as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use testkit::events::CustomResourceEvent;

    use super::*;

    const SUBSCRIPTION: &str = "2f9c7b1e-83d4-4a65-b0ef-d417a6c25938";

    fn connector() -> CustomResourceEvent {
        CustomResourceEvent::create("Custom::SecurityConnector", "u").properties(json!({
            "AccountId": "111111111111",
            "SubscriptionId": SUBSCRIPTION,
            "ResourceGroup": "defender",
        }))
    }

    fn id(request: CustomResourceEvent) -> Option<String> {
        left_behind(&request.build()).map(|id| id.to_string())
    }

    #[test]
    fn a_connector_is_found_by_its_own_name_or_the_accounts() {
        let base = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/defender/providers/Microsoft.Security/securityConnectors"
        );
        assert_eq!(
            id(connector()),
            Some(format!("{base}/aws-111111111111#interrupted"))
        );
        let named = connector().property("ConnectorName", "mine");
        assert_eq!(id(named), Some(format!("{base}/mine#interrupted")));
    }

    #[test]
    fn the_provider_is_found_by_its_arn() {
        let provider = CustomResourceEvent::create("Custom::IdentityProvider", "u")
            .property("AccountId", "222222222222");
        assert_eq!(
            id(provider.clone()).as_deref(),
            Some(
                "arn:aws:iam::222222222222:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
            )
        );
        let tenant = "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613";
        assert_eq!(
            id(provider.clone().property("TenantId", tenant)),
            Some(format!(
                "arn:aws:iam::222222222222:oidc-provider/sts.windows.net/{tenant}/"
            ))
        );
        assert_eq!(id(provider.clone().property("TenantId", "x")), None);
        let china = provider.field(
            "StackId",
            "arn:aws-cn:cloudformation:cn-north-1:1:stack/s/1",
        );
        assert!(
            id(china)
                .unwrap()
                .starts_with("arn:aws-cn:iam::222222222222:")
        );
    }

    #[test]
    fn the_tags_are_found_by_stack_and_account() {
        let tags = CustomResourceEvent::create("Custom::ArcAutoProvisioning", "u")
            .property("AccountId", "222222222222");
        assert_eq!(
            id(tags.clone()).as_deref(),
            Some("arc-tags:defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f:222222222222")
        );
        assert_eq!(id(tags.property("AccountId", "mine")), None);
        let looked = CustomResourceEvent::create("Custom::ArcRegions", "u")
            .property("AccountId", "222222222222");
        assert_eq!(id(looked), None, "it makes nothing");
    }

    #[test]
    fn what_was_put_into_an_organization_is_found_by_the_stack() {
        for (kind, name) in [
            ("Custom::OrganizationNarrowing", "organization-narrowing"),
            ("Custom::OrganizationOnboarding", "organization-onboarding"),
        ] {
            let request = CustomResourceEvent::create(kind, "u");
            assert_eq!(
                id(request.clone()),
                Some(format!(
                    "{name}:defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f"
                ))
            );
            assert_eq!(id(request.without("StackId")), None);
        }
        let looked = CustomResourceEvent::create("Custom::DeploymentScope", "u");
        assert_eq!(id(looked), None, "it makes nothing");
    }

    #[test]
    fn what_could_not_be_acted_on_left_nothing_behind() {
        for (name, bad) in [
            ("AccountId", "11111111111"),
            ("SubscriptionId", "none"),
            ("ResourceGroup", "a/b"),
            ("ConnectorName", ""),
            ("ConnectorName", "../x"),
        ] {
            assert_eq!(id(connector().property(name, bad)), None, "{name}={bad}");
        }
        assert_eq!(id(connector().field("ResourceType", "Custom::Other")), None);
        assert_eq!(id(connector().without("ResourceProperties")), None);
    }

    proptest! {
        #[test]
        fn an_id_is_one_that_a_delete_reads_as_whatever_is_there(name in "\\PC{0,80}") {
            if let Some(id) = id(connector().property("ConnectorName", name)) {
                let reach = onboarding::physical_id::reach(&id);
                prop_assert_eq!(reach, onboarding::physical_id::Reach::Whatever);
            }
        }
    }
}
