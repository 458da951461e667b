//! Properties that do not fit: FAILED with the path of the one to change, before anything is started.

use anyhow::Result;
use integration_tests::{Account, Fleet, NewInstance, REGIONS, Stack, on_local_cloud};
use serde_json::{Value, json};

use crate::small_stack::{function_arn, template};

const KIND: &str = "Custom::ArcAutoProvisioning";
const PATH: &str = "ResourceProperties.";

/// A property, a value that is wrong for it, and what the reason says besides the path.
type Wrong = (&'static str, fn() -> Value, &'static str);

const WRONG: [Wrong; 9] = [
    ("AccountId", || json!("12345678901"), "12"),
    ("Regions", || json!("eu-west-1,Ireland"), ""),
    ("ConnectorTagValue", || json!("x".repeat(257)), "256"),
    ("CloudTagValue", || json!(["AWS"]), ""),
    ("HostManagement", || json!("Automatic"), "InstanceProfile"),
    ("ExclusionTags", || json!("Arc"), ""),
    ("MaxConcurrentAutomations", || json!("101"), "100"),
    ("RepairArcMachineTags", || json!("yes"), "true"),
    ("Colour", || json!("blue"), ""),
];

/// What the application's own template gives it.
fn properties(account: &Account) -> Value {
    json!({
        "AccountId": account.id,
        "Regions": REGIONS.join(","),
        "ConnectorTagValue": "true",
        "CloudTagValue": "AWS",
        "HostManagement": "None",
        "ExclusionTags": "",
        "MaxConcurrentAutomations": "25",
        "RepairArcMachineTags": "false",
        "StateMachineArn": format!(
            "arn:aws:states:eu-west-1:{}:stateMachine:DefenderConnector-OnboardOrganization",
            account.id
        ),
    })
}

/// How much has happened that a refusal must not add to.
async fn done(account: &Account) -> Result<[usize; 3]> {
    Ok([
        account.runs().await?.len(),
        account.automations().await?.len(),
        account.tag_writes().await?.len(),
    ])
}

#[test]
fn each_wrong_property_is_named_and_nothing_is_started_or_taken_back() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let instance = fleet.make(REGIONS[0], NewInstance::default()).await?;
        let application = fleet.stack();
        fleet.deploy(&application).await?;
        let token = function_arn(account, &application, "ProvisionArcFunction").await?;
        let before = done(account).await?;
        for (property, value, says) in WRONG {
            let mut wrong = properties(account);
            wrong[property] = value();
            let stack = template(&token, KIND, &wrong, &[]);
            let stack = Stack::of_template(account, &format!("wrong-{property}"), stack);
            let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
            let reason = ended.reason("Custom");
            assert!(reason.contains(&format!("{PATH}{property}")), "{reason}");
            assert!(reason.contains(says), "{reason}");
            // The roll-back's Delete is not one of the application's own resource.
            assert_eq!(done(account).await?, before, "{property}");
        }
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        Ok(())
    })
}

#[test]
fn a_wrong_update_changes_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let instance = fleet.make(REGIONS[0], NewInstance::default()).await?;
        let application = fleet.stack();
        fleet.deploy(&application).await?;
        let token = function_arn(account, &application, "ProvisionArcFunction").await?;
        let mut properties = properties(account);
        let right = template(&token, KIND, &properties, &["InstancesAlreadyRight"]);
        let mut small = Stack::of_template(account, "small", right);
        let made = small.create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("InstancesAlreadyRight"), "1");
        let writes = account.tag_writes().await?.len();
        properties["MaxConcurrentAutomations"] = json!("many");
        properties["ConnectorTagValue"] = json!("other");
        small.set_template(template(&token, KIND, &properties, &[]));
        let ended = small.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("Custom");
        assert!(
            reason.contains("ResourceProperties.MaxConcurrentAutomations"),
            "{reason}"
        );
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        assert_eq!(account.tag_writes().await?.len(), writes);
        Ok(())
    })
}

/// The way back of an update that failed elsewhere puts the former values back.
#[test]
fn an_update_that_fails_later_is_rolled_back_to_the_former_value() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let instance = fleet.make(REGIONS[0], NewInstance::default()).await?;
        let application = fleet.stack();
        fleet.deploy(&application).await?;
        let token = function_arn(account, &application, "ProvisionArcFunction").await?;
        let mut properties = properties(account);
        let mut small =
            Stack::of_template(account, "small", template(&token, KIND, &properties, &[]));
        small.create().await?.must_be("CREATE_COMPLETE")?;
        let writes = account.tag_writes().await?.len();
        properties["ConnectorTagValue"] = json!("other");
        let mut broken = template(&token, KIND, &properties, &[]);
        broken["Resources"]["Later"] = json!({
            "Type": "Custom::SomethingElse",
            "DependsOn": "Custom",
            "Properties": {"ServiceToken": token, "ServiceTimeout": "120"},
        });
        small.set_template(broken);
        let ended = small.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        assert!(
            ended.reason("Later").contains("Custom::SomethingElse"),
            "{ended:?}"
        );
        assert_eq!(
            account.tag_writes().await?.len(),
            writes + 2,
            "there and back"
        );
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        Ok(())
    })
}
