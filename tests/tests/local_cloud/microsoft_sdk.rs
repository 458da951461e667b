//! Microsoft's own Python SDK, as a client, finds and reads what the function wrote.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use integration_tests::{Account, on_local_cloud};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

const CIEM_SUBJECT: &str = "5d6a1f0e-2c3b-4a59-8b7c-6d5e4f3a2b1c";
/// All that a reader gets but `systemData`, whose times the SDK rounds.
const FIELDS: [&str; 6] = ["id", "name", "type", "location", "tags", "properties"];

#[test]
fn it_lists_and_reads_a_connector_with_every_plan() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account
            .stack()
            .with("CspmPlan", "Defender")
            .with("CspmCiem", "true")
            .with("CiemSubject", CIEM_SUBJECT)
            .with("ServersPlan", "P2")
            .with("Regions", "eu-west-1")
            .with("ContainersPlan", "On")
            .with("DatabasesPlan", "On")
            .with("AgentlessScanningExclusionTags", "Scan=No");
        stack.create().await?.must_be("CREATE_COMPLETE")?;

        let seen = look(account).await?;
        let connectors = account.azure.connectors().await?;
        assert_eq!(connectors.len(), 1, "{connectors:?}");
        assert_eq!(seen["listed"], json!([connectors[0]["id"]]));
        for field in FIELDS {
            assert!(!connectors[0][field].is_null(), "there is no {field}");
            assert_eq!(seen["connector"][field], connectors[0][field], "{field}");
        }
        assert_eq!(
            offerings(&seen["connector"]),
            [
                "CspmMonitorAws",
                "DefenderCspmAws",
                "DefenderForContainersAws",
                "DefenderForDatabasesAws",
                "DefenderForServersAws",
            ]
        );
        Ok(())
    })
}

fn offerings(connector: &Value) -> Vec<&str> {
    let offerings = connector["properties"]["offerings"].as_array();
    let kinds = offerings.into_iter().flatten();
    let mut kinds: Vec<&str> = kinds
        .filter_map(|offering| offering["offeringType"].as_str())
        .collect();
    kinds.sort_unstable();
    kinds
}

/// What `tests/checks/sdk_client.py` prints.
async fn look(account: &Account) -> Result<Value> {
    let (cloud, tenancy) = (&account.cloud, &account.azure.tenancy);
    let mut client = Command::new(&cloud.checks_python);
    client
        .arg(cloud.root.join("tests/checks/sdk_client.py"))
        .args([&cloud.azure_url, &tenancy.subscription])
        .args([&tenancy.resource_group, &format!("aws-{}", account.id)])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SDK_CLIENT_TOKEN", account.azure.auditor_token().await?)
        .stdin(Stdio::null());
    let output = spawn_blocking(move || client.output())
        .await?
        .context("cannot run the SDK's client")?;
    ensure!(
        output.status.success(),
        "the SDK's client failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("the SDK's client printed no JSON")
}
