//! Sweeps and events at any moment of a deploy and of a delete change nothing of how they end.

use std::time::Duration;

use anyhow::Result;
use integration_tests::{Inventory, Organization, Stack, on_organization};
use serde_json::{Value, json};

const PAUSE: Duration = Duration::from_millis(400);

/// Starts runs as sweeps and events do, until nothing is in progress; how many were started.
async fn disturb(
    organization: &Organization<'_>,
    stack: &Stack<'_>,
    some: &[&str],
) -> Result<usize> {
    let sweep = json!({"Operation": "Onboard", "Scope": "Organization"});
    let mut event = sweep.clone();
    event["AccountIds"] = json!(some);
    let mut started = 0;
    // Beside each other: an answer about a stack that is being deleted may take its time.
    let disturbing = async {
        for input in [&sweep, &event].into_iter().cycle() {
            started += begin(organization, input).await;
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        settled = stack.settled() => settled?,
        () = disturbing => unreachable!("it goes on for ever"),
    };
    Ok(started)
}

/// There is no state machine yet, or none any more, for part of the time.
async fn begin(organization: &Organization<'_>, input: &Value) -> usize {
    usize::from(organization.begin(input).await.is_ok())
}

#[test]
fn runs_at_every_state_of_a_deploy_and_a_delete_change_no_end_result() -> Result<()> {
    on_organization(&[("", 3)], async |organization, members| {
        let management = organization.management;
        let before = Inventory::of(management).await?;
        let mut inside = Vec::new();
        for member in members {
            inside.push(Inventory::of(member).await?);
        }
        let some = [members[0].id.as_str(), members[1].id.as_str()];
        let stack = organization.stack().with("ServersPlan", "P1");
        let turn = stack.begin_create().await?;
        assert!(disturb(organization, &stack, &some).await? > 0);
        let made = stack.end_of(turn).await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("AccountsConnected"), members.len().to_string());
        organization.until_quiet().await?;
        assert_eq!(organization.connected().await?.len(), members.len() + 1);
        assert_eq!(organization.leaving(&stack).await?, Vec::<String>::new());

        let turn = stack.begin_delete().await?;
        assert!(disturb(organization, &stack, &some).await? > 0);
        stack.end_of(turn).await?.must_be("DELETE_COMPLETE")?;
        assert!(organization.connected().await?.is_empty());
        assert_eq!(Inventory::of(management).await?, before);
        for (member, before) in members.iter().zip(inside) {
            assert_eq!(Inventory::of(member).await?, before);
        }
        Ok(())
    })
}
