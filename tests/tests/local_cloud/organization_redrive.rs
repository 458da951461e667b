//! Accounts that failed are tried again, alone, once the cause is removed.

use anyhow::Result;
use integration_tests::{entry_of, on_organization};
use serde_json::{Value, json};

use crate::organization_roles::{free_role_name, take_role_name};

const ROLE: &str = "CspmMonitorAws";

#[test]
fn a_redrive_heals_the_account_that_failed_and_touches_no_other() -> Result<()> {
    on_organization(
        &[("", 2), ("Workloads", 1)],
        async |organization, members| {
            let broken = &members[2];
            take_role_name(broken, ROLE).await?;
            let stack = organization.stack();
            let made = organization.deploy(&stack).await?;
            assert_eq!(made.output("AccountsFailed"), "1");
            assert!(!organization.connected().await?.contains(&broken.id));
            let failed = organization.last_request().await?;

            free_role_name(broken, ROLE).await?;
            let azure = &organization.management.azure;
            let asked = azure.requests().await?.len();
            let run = organization.redrive(&failed).await?;
            assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
            let report = organization.report(&stack, &run).await?;
            assert_eq!(report["Accounts"].as_array().map(Vec::len), Some(1));
            // A run that the success of its stack begins may be there first, or write it as well.
            let outcome = entry_of(&report, broken)["Outcome"].as_str();
            let connected = ["Connected", "AlreadyConnected"];
            assert!(
                outcome.is_some_and(|outcome| connected.contains(&outcome)),
                "{report:#}"
            );
            let written = azure.requests().await?.split_off(asked);
            let written = written.iter().filter(|one| one.is_write());
            let mut paths: Vec<&str> = written.map(|one| one.path.as_str()).collect();
            paths.dedup();
            assert!(
                matches!(paths[..], [path] if path.contains(&broken.id)),
                "{paths:#?}"
            );
            assert!(organization.connected().await?.contains(&broken.id));
            Ok(())
        },
    )
}

/// The cause is still there: the run itself goes well, the account fails again and says why.
#[test]
fn a_redrive_without_a_cure_says_the_same_again() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        take_role_name(&members[0], ROLE).await?;
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        let before = organization.connected().await?;
        let failed = organization.last_request().await?;
        let run = organization.redrive(&failed).await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        let report = organization.report(&stack, &run).await?;
        let entry = entry_of(&report, &members[0]);
        assert_eq!(entry["Outcome"], "Failed", "{report:#}");
        let reason = entry["Reason"].as_str().unwrap_or_default();
        assert!(reason.contains(ROLE), "{report:#}");
        assert_eq!(organization.connected().await?, before);

        let unknown = json!({"Operation": "Onboard", "Scope": "Organization", "Redrive": "no-run"});
        let run = organization.start(&unknown).await?;
        assert_eq!(run.status, "FAILED", "{:#}", run.record);
        let cause = &run.record["described"]["cause"];
        let says = |cause: &Value| cause.as_str().is_some_and(|told| told.contains("no-run"));
        assert!(says(cause), "{cause:#}");
        Ok(())
    })
}
