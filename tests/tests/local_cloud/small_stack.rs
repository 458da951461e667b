//! A stack of the test's own: one custom resource, served by the application's function.

use anyhow::Result;
use integration_tests::{Account, Stack};
use serde_json::{Value, json};

/// The ARN of the function that registers, which any stack of the account may name.
pub async fn service_token(account: &Account, application: &Stack<'_>) -> Result<String> {
    function_arn(account, application, "RegisterAccountFunction").await
}

/// The ARN of one of the application's functions.
pub async fn function_arn(
    account: &Account,
    application: &Stack<'_>,
    function: &str,
) -> Result<String> {
    let name = application.physical_id(function).await?;
    Ok(format!(
        "arn:aws:lambda:eu-west-1:{}:function:{name}",
        account.id
    ))
}

/// The properties that the application's own template gives the connector.
pub fn connector_properties(account: &Account) -> Value {
    let tenancy = &account.azure.tenancy;
    json!({
        "AccountId": account.id,
        "SubscriptionId": tenancy.subscription,
        "ResourceGroup": tenancy.resource_group,
        "Location": tenancy.location,
        "ConnectorName": format!("aws-{}", account.id),
        "ScanIntervalHours": "4",
        "Regions": "",
        "RoleNames": {"CspmMonitor": "CspmMonitorAws"},
        "AdoptExisting": "false",
        "Plans": {"Cspm": {"Tier": "Foundational"}},
    })
}

/// A template with one custom resource, `Custom`, and outputs of its attributes.
pub fn template(
    service_token: &str,
    resource_type: &str,
    properties: &Value,
    attributes: &[&str],
) -> Value {
    let mut properties = properties.clone();
    properties["ServiceToken"] = json!(service_token);
    properties["ServiceTimeout"] = json!("120");
    let mut template = json!({
        "Resources": {"Custom": {"Type": resource_type, "Properties": properties}},
        "Outputs": {"PhysicalId": {"Value": {"Ref": "Custom"}}},
    });
    for attribute in attributes {
        template["Outputs"][attribute] = json!({"Value": {"Fn::GetAtt": ["Custom", attribute]}});
    }
    template
}
