//! What the state machine keeps of its runs holds nothing that answers for the stack.

use anyhow::Result;
use integration_tests::{on_organization, until};
use std::time::Duration;

#[test]
fn no_run_has_the_address_that_answers_go_to() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let mut stack = organization.stack();
        organization.deploy(&stack).await?;
        stack.set("ScanIntervalHours", "12");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let runs = organization.whole_runs().await?;
        let of_requests = runs
            .iter()
            .filter(|one| !one.run.input["RequestId"].is_null());
        assert!(of_requests.count() >= 2);
        let worked_on: usize = runs.iter().map(|one| one.members.len()).sum();
        assert!(worked_on >= 2 * members.len(), "{worked_on}");
        for run in &runs {
            let all = run.members.iter().chain([&run.run]);
            for record in all.map(|one| one.record.to_string()) {
                for part in [
                    "ResponseURL",
                    "X-Amz-Signature",
                    "cloudformation-custom-resource",
                ] {
                    assert!(!record.contains(part), "{part} in {record}");
                }
            }
        }
        Ok(())
    })
}

/// The watch beside a run ends soon after it, so that nothing waits for an hour.
#[test]
fn a_run_ends_soon_after_its_answer() -> Result<()> {
    on_organization(&[("", 1)], async |organization, _| {
        let stack = organization.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        until("the end of the run", Duration::from_secs(30), async || {
            let run = organization.last_request().await?;
            Ok((run.status == "SUCCEEDED").then_some(()))
        })
        .await
    })
}
