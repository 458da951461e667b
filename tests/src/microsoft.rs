//! An account as Microsoft's own onboarding leaves it: portal, downloaded template, connector.

use anyhow::{Context, Result, ensure};
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};

use crate::account::Account;
use crate::defender::DEFENDER_PROVIDER_URL;

/// The audiences that Microsoft's template registers: six of Defender's seven.
pub const FOREIGN_AUDIENCES: [&str; 6] = [
    "api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479",
    "api://AzureSecurityCenter.MultiCloud.DefenderForServers",
    "api://AzureSecurityCenter.MultiCloud.DefenderForServers.VmScanner",
    "api://AzureSecurityCenter.MultiCloud.DefenderForDatabases",
    "api://b2f86835-c959-461c-b08c-2cd5ca382af5",
    "api://6610e979-c931-41ec-adc7-b9920c9d52f1",
];

/// The name of its role for foundational CSPM.
const ROLE: &str = "CspmMonitorAws";
const RESOURCE_GROUP: &str = "security-prod";

/// What was there before us.
#[derive(Debug)]
pub struct MicrosoftOnboarding {
    /// ARM id of its connector, in a resource group of its own.
    pub connector_id: String,
    /// The connector, byte for byte.
    pub connector: String,
    /// The same as clients see it, with what the service fills in.
    seen: Value,
}

impl MicrosoftOnboarding {
    /// Onboards the account as Microsoft does.
    pub async fn run(account: &Account) -> Result<Self> {
        let add_group = |setup: &mut Value| {
            setup["resourceGroups"] = json!([account.azure.tenancy.resource_group, RESOURCE_GROUP]);
        };
        account.azure.change_subscription(add_group).await?;
        make_provider(account, &FOREIGN_AUDIENCES).await?;
        make_role(account, ROLE).await?;
        let connector_id = account
            .azure
            .tenancy
            .connector_id_in(RESOURCE_GROUP, "AWS-production");
        let connector = connector(account, &connector_id);
        account.azure.seed(&connector_id, &connector).await?;
        Ok(Self {
            seen: seen(account, &connector_id).await?,
            connector_id,
            connector,
        })
    }

    /// Fails unless the connector is what it was, but for the service's own note of who wrote last.
    pub async fn assert_untouched_but_for_signature(&self, account: &Account) -> Result<()> {
        let (now, before) = (seen(account, &self.connector_id).await?, &self.seen);
        ensure!(
            now == *before,
            "the connector was {before:#} and is {now:#}"
        );
        Ok(())
    }
}

/// The connector in the list that Resource Manager gives, without the service's signature.
async fn seen(account: &Account, id: &str) -> Result<Value> {
    let listed = account.azure.connectors().await?;
    let is_it = |one: &Value| {
        one["id"]
            .as_str()
            .is_some_and(|seen| seen.eq_ignore_ascii_case(id))
    };
    let mut connector = listed
        .into_iter()
        .find(is_it)
        .with_context(|| format!("{id} is not listed"))?;
    if let Some(fields) = connector.as_object_mut() {
        fields.remove("systemData");
    }
    Ok(connector)
}

/// Makes Defender's provider with some audiences and nothing of ours.
pub(crate) async fn make_provider(account: &Account, audiences: &[&str]) -> Result<()> {
    let audiences = audiences
        .iter()
        .map(|&audience| audience.to_owned())
        .collect();
    account
        .iam
        .create_open_id_connect_provider()
        .url(DEFENDER_PROVIDER_URL)
        .set_client_id_list(Some(audiences))
        .thumbprint_list("626d44e704d1ceabe3bf0d53397464ac8080142c")
        .send()
        .await?;
    Ok(())
}

async fn make_role(account: &Account, name: &str) -> Result<()> {
    let prefix = DEFENDER_PROVIDER_URL.trim_start_matches("https://");
    let session = format!(
        "MicrosoftDefenderForClouds_{}",
        account.azure.tenancy.tenant
    );
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": account.provider_arn()},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                format!("{prefix}:aud"): FOREIGN_AUDIENCES[0],
                "sts:RoleSessionName": session,
            }},
        }],
    });
    account
        .iam
        .create_role()
        .role_name(name)
        .assume_role_policy_document(trust.to_string())
        .tags(
            Tag::builder()
                .key("aws-template")
                .value("microsoft")
                .build()?,
        )
        .send()
        .await?;
    let attach = account.iam.attach_role_policy().role_name(name);
    attach
        .policy_arn("arn:aws:iam::aws:policy/SecurityAudit")
        .send()
        .await?;
    Ok(())
}

/// A connector as the service returns it: read-only fields, a field that no specification has, an
/// offering that nobody here asked for and one that no plan writes, and an order of fields that is
/// its own.
fn connector(account: &Account, id: &str) -> String {
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", account.id);
    let document = json!({
        "properties": {
            "hierarchyIdentifier": account.id,
            "hierarchyIdentifierTrialEndDate": "2026-05-01T00:00:00Z",
            "environmentName": "AWS",
            "offerings": [
                {
                    "offeringType": "CspmMonitorAws",
                    "nativeCloudConnection": {"cloudRoleArn": role(ROLE)},
                    "description": "Foundational CSPM",
                },
                {
                    "offeringType": "DefenderCspmAws",
                    "vmScanners": {"enabled": false},
                    "mdcContainersImageAssessment": {"enabled": false, "securityFindingsEnabled": true},
                },
                {
                    "offeringType": "DefenderForDevOpsGithub",
                },
            ],
            "environmentData": {
                "environmentType": "AwsAccount",
                "regions": ["eu-central-1"],
                "scanInterval": 12,
                "accountName": "production",
            },
        },
        "id": id.to_lowercase(),
        "name": "AWS-production",
        "type": "Microsoft.Security/securityconnectors",
        "location": "West Europe",
        "tags": {"CostCenter": "4711"},
        "kind": "",
        "systemData": {"createdBy": "someone@example.com", "createdByType": "User"},
    });
    format!("{document:#}\n")
}
