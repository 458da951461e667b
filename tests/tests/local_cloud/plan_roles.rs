//! A role that Defender could not use is named with what is wrong, although the service's own
//! answer is opaque.

use anyhow::Result;
use integration_tests::{Account, on_local_cloud};
use serde_json::Value;

/// Deploys Defender for Servers, spoils something, and gives the reason for which an update fails.
fn reason_after(spoil: impl AsyncFnOnce(&Account) -> Result<()>, parts: &[&str]) -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack().with("ServersPlan", "P2");
        let mut stack = stack.with("Regions", "eu-west-1");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let before = account.azure.raw(&account.connector_id()).await?;
        spoil(account).await?;
        stack.set("ScanIntervalHours", "24");
        let ended = stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        for part in parts {
            assert!(reason.contains(part), "{part} in {reason}");
        }
        assert_eq!(account.azure.raw(&account.connector_id()).await?, before);
        Ok(())
    })
}

const SCANNER: &str = "DefenderForCloud-AgentlessScanner";
const ARC: &str = "DefenderForCloud-ArcAutoProvisioning";

/// Changes the trust policy of a role by hand.
async fn distrust(account: &Account, role: &str, change: impl FnOnce(&mut Value)) -> Result<()> {
    let mut trust = account.existing_role(role).await?.trust;
    change(&mut trust["Statement"][0]);
    let update = account.iam.update_assume_role_policy().role_name(role);
    update.policy_document(trust.to_string()).send().await?;
    Ok(())
}

#[test]
fn a_role_that_is_missing() -> Result<()> {
    reason_after(
        async |account| {
            for policy in account.existing_role(SCANNER).await?.inline {
                let delete = account.iam.delete_role_policy().role_name(SCANNER);
                delete.policy_name(policy).send().await?;
            }
            account.iam.delete_role().role_name(SCANNER).send().await?;
            Ok(())
        },
        &[&format!("role/{SCANNER} is missing")],
    )
}

#[test]
fn a_role_with_another_audience() -> Result<()> {
    reason_after(
        async |account| {
            distrust(account, ARC, |statement| {
                let conditions = statement["Condition"]["StringEquals"].as_object_mut();
                for (key, value) in conditions.into_iter().flatten() {
                    if key.ends_with(":aud") {
                        *value = "api://somebody-else".into();
                    }
                }
            })
            .await
        },
        &[
            &format!("role/{ARC}"),
            "does not admit the audience api://AzureSecurityCenter.MultiCloud.DefenderForServers",
        ],
    )
}

#[test]
fn a_role_without_the_session_name() -> Result<()> {
    reason_after(
        async |account| {
            // Roles from before IAM asked for the session name still lack it.
            account
                .emulator
                .switch("trustNeedsSessionName", false)
                .await?;
            let spoiled = distrust(account, ARC, |statement| {
                if let Some(conditions) = statement["Condition"]["StringEquals"].as_object_mut() {
                    conditions.retain(|key, _| key.ends_with(":aud"));
                }
            })
            .await;
            account
                .emulator
                .switch("trustNeedsSessionName", true)
                .await?;
            spoiled
        },
        &[
            &format!("role/{ARC}"),
            "does not require sts:RoleSessionName = MicrosoftDefenderForClouds_",
        ],
    )
}
