//! The daily sweep over an organization: it repairs what was changed by hand, and costs a look
//! where nothing was.

use anyhow::{Context, Result};
use integration_tests::{Fleet, NewInstance, Organization, REGIONS, entry_of, on_organization};
use serde_json::json;

/// The list of connectors, as the functions ask for it.
const LIST: &str = "/providers/Microsoft.Security/securityConnectors?";

#[test]
fn what_was_changed_by_hand_is_put_right() -> Result<()> {
    on_organization(&[("", 4)], async |organization, members| {
        let azure = &organization.management.azure;
        let [deleted, changed, bare, untagged] = members else {
            unreachable!("four accounts were asked for")
        };
        let fleet = Fleet::open(untagged).await?;
        let instance = fleet.make(REGIONS[0], NewInstance::default()).await?;
        let stack = organization.stack().with("ServersPlan", "P1");
        organization.deploy(&stack).await?;

        let id = |account: &str| azure.tenancy.connector_id(&format!("aws-{account}"));
        azure.remove(&id(&deleted.id)).await?;
        let right = azure.connector(&id(&changed.id)).await?;
        let mut wrong = right.clone();
        wrong["properties"]["environmentData"]["scanInterval"] = json!(24);
        azure.seed(&id(&changed.id), &wrong.to_string()).await?;
        let provider = bare.iam.delete_open_id_connect_provider();
        let provider = provider.open_id_connect_provider_arn(bare.provider_arn());
        provider.send().await?;
        fleet.untag(&instance, "Cloud").await?;

        let run = organization.management.sweep().await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        let report = organization.report(&stack, &run).await?;
        for (account, outcome) in [
            (deleted, "Connected"),
            (changed, "Connected"),
            (untagged, "AlreadyConnected"),
        ] {
            let entry = entry_of(&report, account);
            assert_eq!(entry["Outcome"], outcome, "{report:#}");
        }
        assert!(organization.connected().await?.contains(&deleted.id));
        let repaired = azure.connector(&id(&changed.id)).await?;
        let hours =
            |one: &serde_json::Value| one["properties"]["environmentData"]["scanInterval"].clone();
        assert_eq!(hours(&repaired), hours(&right));
        assert!(bare.provider().await?.is_some());
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        Ok(())
    })
}

/// Its event was lost.
#[test]
fn the_connector_of_an_account_that_departed_unseen_is_removed() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        let (leaves, stays) = (&members[0], &members[1]);
        let emulator = &organization.management.emulator;
        let silent = [("organizationsEvents", json!(false))];
        emulator
            .with_switches(silent, async || organization.remove(leaves).await)
            .await?;
        organization.until_quiet().await?;
        let run = organization.management.sweep().await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        let connected = organization.connected().await?;
        assert!(!connected.contains(&leaves.id) && connected.contains(&stays.id));
        Ok(())
    })
}

#[test]
fn a_second_run_writes_nothing_and_walks_each_list_once() -> Result<()> {
    // Two pages of Organizations.
    on_organization(
        &[("", 12), ("Workloads", 12)],
        async |organization, members| {
            let management = organization.management;
            let stack = organization.stack();
            organization.deploy(&stack).await?;
            let asked = management.azure.requests().await?.len();
            let lists = ["ListAccounts", "ListAccountsForParent", "DescribeAccount"];
            let (run, calls) = management
                .emulator
                .calls("organizations", &lists, async || management.sweep().await)
                .await?;
            assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
            let pages = u64::try_from((members.len() + 1).div_ceil(20))?;
            assert_eq!(calls, [pages, 0, 0]);

            let requests = management.azure.requests().await?.split_off(asked);
            let writes = requests.iter().filter(|one| one.is_write()).count();
            let walks = requests.iter().filter(|one| one.path.contains(LIST));
            assert_eq!((writes, walks.count()), (0, 1), "{requests:#?}");
            let report = organization.report(&stack, &run).await?;
            let already = count(&report, "AlreadyConnected").context("the report has accounts")?;
            assert_eq!(already, members.len() + 1, "{report:#}");
            assert_tidy(organization, &stack).await
        },
    )
}

fn count(report: &serde_json::Value, outcome: &str) -> Option<usize> {
    let accounts = report["Accounts"].as_array()?.iter();
    Some(accounts.filter(|one| one["Outcome"] == outcome).count())
}

/// No account is marked for a way out that nobody has in mind.
async fn assert_tidy(
    organization: &Organization<'_>,
    stack: &integration_tests::Stack<'_>,
) -> Result<()> {
    assert_eq!(organization.leaving(stack).await?, Vec::<String>::new());
    Ok(())
}
