//! Runs one test in an account of its own.

#![expect(clippy::print_stderr, reason = "libtest shows it where a test fails")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use anyhow::{Result, ensure};
use tokio::runtime;

use crate::account::Account;
use crate::local_cloud::LocalCloud;
use crate::organization::Organization;
use crate::report::{printed, report};
use crate::{automations, replies, secret_scan};

/// Runs a test in a new account. When it fails, shows what both clouds saw; when it does not, looks
/// at what must hold of every test: one proper answer to each request, no tag written past Systems
/// Manager, and no secret printed.
pub fn on_local_cloud(test: impl AsyncFnOnce(&Account) -> Result<()>) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let account = runtime.block_on(Account::open(LocalCloud::open()?))?;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            test(&account).await?;
            replies::check(&account).await?;
            automations::check(&account).await?;
            check_logs(&account)
        })
    }));
    if !matches!(outcome, Ok(Ok(()))) {
        eprintln!("{}", runtime.block_on(report(&account)));
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs a test in a new organization, with this many accounts in each unit; looks at the accounts as
/// well.
pub fn on_organization(
    units: &[(&str, usize)],
    test: impl AsyncFnOnce(&Organization<'_>, &[Account]) -> Result<()>,
) -> Result<()> {
    on_local_cloud(async |account| {
        let (organization, members) = Organization::open(account, units).await?;
        test(&organization, &members).await?;
        for member in &members {
            automations::check(member).await?;
        }
        Ok(())
    })
}

/// Nothing secret in what this account's functions printed. The test `secrets` reads all logs.
fn check_logs(account: &Account) -> Result<()> {
    let printed = printed(&account.cloud, &account.id).join("\n");
    let leaks = secret_scan::leaks(&printed, &account.secrets_of_test());
    ensure!(leaks.is_empty(), "secrets were printed: {leaks:#?}");
    Ok(())
}
