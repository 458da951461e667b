//! How long an organization takes, and that no account is lost or written twice whatever happens.

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use super::resource_manager::TAGGING;
use super::*;
use crate::world::wanted::wanted;

const LARGE: usize = 10_000;
const SECOND: Duration = Duration::from_secs(1);
const SLOW: Duration = Duration::from_secs(35);

/// No run can be faster that knows its accounts before it works on them: so many pages of a list,
/// then so many writes, the last of which has to end.
fn lower_bound(members: usize, latency: Duration) -> (f64, f64) {
    let quotas = Quotas::published().unwrap();
    let (lists, writes) = (
        quotas.organizations.account_lists,
        quotas.resource_manager.writes,
    );
    // The stack's own account is one of them.
    let accounts = members + 1;
    let pages = accounts.div_ceil(quotas.organizations.accounts_per_page);
    let beyond = |count: usize, burst: u32| {
        let beyond = count.saturating_sub(usize::try_from(burst).unwrap());
        f64::from(u32::try_from(beyond).unwrap())
    };
    let listing = beyond(pages, lists.burst) / lists.per_second;
    let writing = beyond(accounts, writes.burst) / writes.per_second;
    (listing, writing + latency.as_secs_f64())
}

fn never() -> bool {
    false
}

fn assert_each_written_once(simulation: &Simulation, accounts: usize) {
    let writes = simulation.world.azure.state().writes.clone();
    assert_eq!(writes.len(), accounts, "none is lost");
    let twice: Vec<_> = writes.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "written twice: {twice:?}");
}

/// Another run writes nothing, and walks each list once.
async fn assert_converged(simulation: &Simulation, accounts: usize) {
    let lists = simulation.world.azure.state().lists;
    let writes = simulation.azure.writes.asked();
    let ran = simulation.run("again", never).await;
    assert_eq!(ran.outcome["AccountsConnected"], accounts);
    assert_eq!(ran.outcome["AccountsFailed"], 0);
    assert_eq!(
        simulation.azure.writes.asked(),
        writes,
        "no write is even tried"
    );
    assert_eq!(
        simulation.azure.gets.load(Ordering::Relaxed),
        0,
        "and no connector read"
    );
    assert_eq!(simulation.world.azure.state().lists, lists + 1);
    let pages = accounts.div_ceil(simulation.quotas.organizations.accounts_per_page);
    assert_eq!(ran.calls["ListAccounts"], pages);
    assert_eq!(ran.calls.get("DescribeAccount"), None);
}

async fn ten_thousand(latency: Duration) {
    let simulation = Simulation::of(LARGE, latency);
    let ran = simulation.run("first", never).await;
    let (listing, writing) = lower_bound(LARGE, latency);
    let bound = listing + writing;
    assert!(
        ran.seconds <= 1.05 * bound,
        "{} s, at least {bound} s ({} s of {listing} s for the list)",
        ran.seconds,
        ran.listing
    );
    assert!(
        ran.listing <= 1.05 * listing + 2.0,
        "{} s for the list",
        ran.listing
    );
    let (asked, refused) = simulation.azure.writes.asked();
    assert!(
        refused * 100 < asked,
        "{refused} of {asked} writes were throttled"
    );
    let (lists, refused) = simulation.world.aws.state().organization.lists.asked();
    assert_eq!(
        (lists, refused),
        (LARGE / 20 + 1, 0),
        "pages, and how many were throttled"
    );
    assert_eq!(ran.outcome["AccountsConnected"], LARGE + 1);
    assert_each_written_once(&simulation, LARGE + 1);
    assert_converged(&simulation, LARGE + 1).await;
    memory::tell();
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_accounts_take_hardly_longer_than_they_must() {
    ten_thousand(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn so_they_do_where_a_write_takes_35_seconds() {
    ten_thousand(SLOW).await;
}

/// A child holds its place while Systems Manager works, and others are to write meanwhile, in the
/// first run and in those that know how long it takes.
#[tokio::test(start_paused = true)]
async fn accounts_whose_instances_are_tagged_do_not_hold_up_the_others() {
    let simulation = Simulation::wanting(&wanted(UNIT), LARGE, SECOND);
    let (listing, writing) = lower_bound(LARGE, SECOND);
    let bound = listing + writing + TAGGING.as_secs_f64();
    for run in ["first", "second"] {
        let ran = simulation.run(run, never).await;
        assert!(
            ran.seconds <= 1.05 * bound,
            "{run}: {} s of {bound} s",
            ran.seconds
        );
        let (asked, refused) = simulation.azure.writes.asked();
        assert!(refused * 100 < asked, "{run}: {refused} of {asked}");
        let mut azure = simulation.world.azure.state();
        assert!(azure.writes.values().all(|count| *count == 1), "{run}");
        assert_eq!(azure.writes.len(), LARGE + 1, "{run}");
        azure.writes.clear();
        azure.connectors.clear();
    }
}

#[tokio::test(start_paused = true)]
async fn children_that_are_killed_at_random_lose_none() {
    let chance = RefCell::new(fastrand::Rng::with_seed(7));
    let simulation = Simulation::of(1_000, SECOND);
    let first = simulation
        .run("first", || chance.borrow_mut().u8(..100) < 5)
        .await;
    let failed = first.outcome["AccountsFailed"].as_u64().unwrap();
    assert!((20..=90).contains(&failed), "{failed}");
    let (report, accounts) = (simulation.world.object("runs/first/report.json"), 1_001);
    assert_eq!(report["Accounts"].as_array().unwrap().len(), accounts);
    assert_each_written_once(&simulation, accounts);
    assert_converged(&simulation, accounts).await;
    assert!(simulation.began.elapsed() < Duration::from_mins(10));
}

#[tokio::test(start_paused = true)]
async fn a_delete_of_ten_thousand_is_done_before_it_has_to_be_answered() {
    let simulation = Simulation::of(LARGE, SECOND);
    for number in 1..=LARGE {
        simulation.world.azure.write(&account_id(number));
    }
    let ran = simulation.take_out("delete").await;
    assert_eq!(ran.outcome["AccountsOffboarded"], LARGE);
    assert_eq!(ran.outcome["AccountsFailed"], 0);
    assert!(simulation.world.azure.connected().is_empty());
    // The state machine answers after 2,200 seconds with what is done by then.
    assert!(ran.seconds < 1_100.0, "{} s", ran.seconds);
    let (asked, refused) = simulation.azure.deletes.asked();
    assert_eq!((asked, refused), (LARGE, 0));
}
