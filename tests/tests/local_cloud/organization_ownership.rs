//! A stack that was lost and made anew finds what is its own in the organization by `DeploymentId`.

use anyhow::Result;
use integration_tests::{Account, Organization, on_organization};
use serde_json::{Value, json};

/// What somebody else has put on a connector, and what a new one would not have.
const FOREIGN_TAG: (&str, &str) = ("CostCenter", "4711");

fn connector_id(organization: &Organization<'_>, account: &Account) -> String {
    let tenancy = &organization.management.azure.tenancy;
    tenancy.connector_id(&format!("aws-{}", account.id))
}

/// The connectors of some accounts stay behind although their stack goes.
async fn lose_stack(
    organization: &Organization<'_>,
    deployment: &str,
    accounts: &[&Account],
) -> Result<()> {
    let azure = &organization.management.azure;
    let stack = organization.stack().with("DeploymentId", deployment);
    organization.deploy(&stack).await?;
    let mut kept = Vec::new();
    for account in accounts {
        let id = connector_id(organization, account);
        let mut connector = azure.connector(&id).await?;
        let (key, value) = FOREIGN_TAG;
        connector["tags"][key] = json!(value);
        kept.push((id, connector.to_string()));
    }
    stack.delete().await?.must_be("DELETE_COMPLETE")?;
    for (id, connector) in kept {
        azure.seed(&id, &connector).await?;
    }
    Ok(())
}

#[test]
fn a_stack_made_anew_finds_every_connector_of_its_deployment() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let all = [organization.management, &members[0], &members[1]];
        lose_stack(organization, "first", &all).await?;
        let azure = &organization.management.azure;
        let asked = azure.requests().await?.len();
        let stack = organization.stack().with("DeploymentId", "first");
        let made = organization.deploy(&stack).await?;
        assert_eq!(made.output("AccountsConnected"), "2");
        assert_eq!(made.output("AccountsFailed"), "0");
        let requests = azure.requests().await?.split_off(asked);
        assert!(
            requests.iter().all(|one| one.method != "DELETE"),
            "{requests:#?}"
        );
        assert_eq!(organization.connected().await?.len(), all.len());
        for account in all {
            let connector = azure
                .connector(&connector_id(organization, account))
                .await?;
            let (key, value) = FOREIGN_TAG;
            assert_eq!(connector["tags"][key], value, "{connector:#}");
        }
        Ok(())
    })
}

#[test]
fn an_organization_of_another_deployment_is_refused_and_its_owner_named() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        lose_stack(organization, "first", &[&members[0], &members[1]]).await?;
        let azure = &organization.management.azure;
        let before: Vec<Option<String>> = vec![
            azure.raw(&connector_id(organization, &members[0])).await?,
            azure.raw(&connector_id(organization, &members[1])).await?,
        ];
        let stack = organization.stack().with("DeploymentId", "second");
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("DeploymentScope");
        assert!(reason.contains("DeploymentId=first"), "{reason}");
        for (member, before) in members.iter().zip(before) {
            assert_eq!(
                azure.raw(&connector_id(organization, member)).await?,
                before
            );
            assert_eq!(member.provider().await?, None);
        }
        assert_eq!(organization.stack_instances().await?, []);
        Ok(())
    })
}

/// Another stack of ours in one of the members: that account alone gives way.
#[test]
fn an_account_that_a_stack_of_its_own_connects_keeps_that_and_is_reported() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let azure = &organization.management.azure;
        let id = connector_id(organization, &members[0]);
        let theirs = theirs(organization, &members[0], &id);
        azure.seed(&id, &theirs).await?;
        let stack = organization.stack();
        let made = organization.deploy(&stack).await?;
        assert_eq!(made.output("AccountsConnected"), "1");
        assert_eq!(made.output("AccountsFailed"), "1");
        let report = made.output("OrganizationReport");
        let report = organization.report_of_deploy(&stack, report).await?;
        let entry = integration_tests::entry_of(&report, &members[0]);
        let reason = entry["Reason"].as_str().unwrap_or_default();
        assert!(reason.contains("their-own"), "{entry:#}");
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(azure.raw(&id).await?, Some(theirs));
        Ok(())
    })
}

fn theirs(organization: &Organization<'_>, account: &Account, id: &str) -> String {
    let role = format!("arn:aws:iam::{}:role/CspmMonitorAws", account.id);
    let document: Value = json!({
        "id": id,
        "name": format!("aws-{}", account.id),
        "type": "Microsoft.Security/securityConnectors",
        "location": organization.management.azure.tenancy.location,
        "tags": {"ManagedBy": "defender-connector-aws", "DeploymentId": "their-own"},
        "properties": {
            "hierarchyIdentifier": account.id,
            "environmentName": "AWS",
            "environmentData": {"environmentType": "AwsAccount", "scanInterval": 4},
            "offerings": [{
                "offeringType": "CspmMonitorAws",
                "nativeCloudConnection": {"cloudRoleArn": role},
            }],
        },
    });
    document.to_string()
}
