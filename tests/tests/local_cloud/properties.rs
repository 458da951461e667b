//! Properties that do not fit: FAILED with the path of the one to change, before any call to Azure.

use anyhow::Result;
use integration_tests::{Account, Stack, on_local_cloud};
use serde_json::{Value, json};

use crate::small_stack::{connector_properties, service_token, template};

/// A change that makes the properties wrong, and what the reason must name.
type Wrong = (fn(&mut Value), &'static [&'static str]);

const CONNECTOR: [Wrong; 11] = [
    (|wrong| remove(wrong, "Location"), &["Location", "missing"]),
    (
        |wrong| wrong["Colour"] = json!("blue"),
        &["ResourceProperties.Colour"],
    ),
    (
        |wrong| wrong["Plans"]["Cspm"]["Teir"] = json!("x"),
        &["ResourceProperties.Plans.Cspm.Teir"],
    ),
    (
        |wrong| wrong["Plans"] = json!("Foundational"),
        &["ResourceProperties.Plans"],
    ),
    (
        |wrong| wrong["AdoptExisting"] = json!("yes"),
        &["ResourceProperties.AdoptExisting"],
    ),
    (
        |wrong| wrong["ScanIntervalHours"] = json!("5"),
        &["ResourceProperties.ScanIntervalHours"],
    ),
    (
        |wrong| wrong["AccountId"] = json!("12345678901"),
        &["ResourceProperties.AccountId", "12"],
    ),
    (
        |wrong| wrong["Location"] = json!("east/us"),
        &["ResourceProperties.Location"],
    ),
    (
        |wrong| wrong["SubscriptionId"] = json!("00000000-1111-4222-8333-444444444444"),
        &["ResourceProperties.SubscriptionId", "AzureSubscriptionId"],
    ),
    (
        |wrong| wrong["ResourceGroup"] = json!("another"),
        &["ResourceProperties.ResourceGroup", "AzureResourceGroup"],
    ),
    (
        |wrong| wrong["Tags"] = json!({"ManagedBy": "me"}),
        &["ResourceProperties.Tags"],
    ),
];

fn remove(properties: &mut Value, name: &str) {
    if let Some(fields) = properties.as_object_mut() {
        fields.remove(name);
    }
}

#[test]
fn each_wrong_property_of_the_connector_is_named_and_nobody_is_asked() -> Result<()> {
    on_local_cloud(async |account| {
        let application = account.stack();
        application.create().await?.must_be("CREATE_COMPLETE")?;
        let token = service_token(account, &application).await?;
        for (number, (spoil, expected)) in (1..).zip(CONNECTOR) {
            let mut properties = connector_properties(account);
            spoil(&mut properties);
            let wrong = template(&token, "Custom::SecurityConnector", &properties, &[]);
            is_refused(account, &format!("wrong-{number}"), wrong, expected).await?;
        }
        Ok(())
    })
}

#[test]
fn wrong_properties_of_the_provider_and_unknown_types_are_named() -> Result<()> {
    on_local_cloud(async |account| {
        let application = account.stack();
        application.create().await?.must_be("CREATE_COMPLETE")?;
        let token = service_token(account, &application).await?;
        let before = account.provider().await?;
        let cases = [
            ("Custom::IdentityProvider", json!({}), "AccountId"),
            (
                "Custom::IdentityProvider",
                json!({"AccountId": "1"}),
                "ResourceProperties.AccountId",
            ),
            (
                "Custom::IdentityProvider",
                json!({"AccountId": account.id, "RoleNames": {"CspmMonitor": "a/b"}}),
                "ResourceProperties.RoleNames.CspmMonitor",
            ),
            ("Custom::SomethingElse", json!({}), "Custom::SomethingElse"),
        ];
        for (number, (kind, properties, expected)) in (1..).zip(cases) {
            let wrong = template(&token, kind, &properties, &[]);
            is_refused(account, &format!("other-{number}"), wrong, &[expected]).await?;
        }
        assert_eq!(account.provider().await?, before);
        Ok(())
    })
}

/// A wrong update leaves what is there, and an update back has nothing to write.
#[test]
fn a_wrong_update_changes_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        let application = account.stack();
        application.create().await?.must_be("CREATE_COMPLETE")?;
        let token = service_token(account, &application).await?;
        let mut properties = connector_properties(account);
        let right = template(&token, "Custom::SecurityConnector", &properties, &[]);
        let mut small = Stack::of_template(account, "updated", right);
        small.create().await?.must_be("CREATE_COMPLETE")?;
        properties["ScanIntervalHours"] = json!("often");
        small.set_template(template(
            &token,
            "Custom::SecurityConnector",
            &properties,
            &[],
        ));
        let ended = small.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("Custom");
        assert!(
            reason.contains("ResourceProperties.ScanIntervalHours"),
            "{reason}"
        );
        assert_eq!(account.azure.writes().await?, 1);
        Ok(())
    })
}

async fn is_refused(account: &Account, name: &str, wrong: Value, expected: &[&str]) -> Result<()> {
    let asked = account.azure.requests().await?.len();
    let signed_in = account.azure.sign_ins().await?.len();
    let stack = Stack::of_template(account, name, wrong);
    let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
    let reason = ended.reason("Custom");
    for part in expected {
        assert!(reason.contains(part), "{part} is missing in {reason}");
    }
    assert_eq!(
        account.azure.requests().await?.len(),
        asked,
        "Azure was asked: {reason}"
    );
    assert_eq!(
        account.azure.sign_ins().await?.len(),
        signed_in,
        "there was a sign-in: {reason}"
    );
    Ok(())
}
