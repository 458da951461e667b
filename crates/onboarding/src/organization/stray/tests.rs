//! Which accounts are looked at for stray stacks.

use super::*;
use crate::organization::{InstanceStatus, WantedState};

const SKIPPED: &str = "111111111111";
const OUT: &str = "222222222222";
const FAILED: &str = "333333333333";
const ELSEWHERE: &str = "444444444444";
const MANAGEMENT: &str = "999999999999";
const WANTED: &str = "555555555555";

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn found(intent: Intent, for_good: bool) -> Vec<String> {
    let excluded = [SKIPPED, OUT, FAILED, ELSEWHERE, MANAGEMENT].join(",");
    let state = serde_json::json!({"Scope": "Organization", "Connector": {}, "Organization": {
        "ExcludedAccountIds": excluded, "ManagementAccountId": MANAGEMENT}});
    let state = WantedState::of_value(state).unwrap();
    let mut strays = StrayAccounts::of(intent, state.organization());
    for busy in [OUT, FAILED, WANTED] {
        strays.expect(&id(busy));
    }
    for (account, reason) in [
        (SKIPPED, SkipReason::Excluded),
        (MANAGEMENT, SkipReason::ManagementAccount),
    ] {
        strays.skip(&Skipped {
            account_id: id(account),
            name: Shown::default(),
            reason,
            state: None,
        });
    }
    let mut result = AccountResult::failed(id(FAILED), "why");
    strays.add(&result, false);
    result.outcome = AccountOutcome::Offboarded;
    for account in [OUT, WANTED] {
        result.account_id = id(account);
        strays.add(&result, for_good);
    }
    strays.found().iter().map(ToString::to_string).collect()
}

#[test]
fn a_run_looks_at_the_excluded_accounts_that_it_saw_and_has_nothing_to_do_in() {
    assert_eq!(found(Intent::Onboard, false), [SKIPPED]);
    assert_eq!(found(Intent::Onboard, true), [SKIPPED, OUT]);
}

#[test]
fn a_delete_looks_at_every_one_in_which_nothing_failed() {
    assert_eq!(found(Intent::Offboard, false), [SKIPPED, OUT, ELSEWHERE]);
}

#[test]
fn an_update_leaves_them_to_the_run_after_it() {
    assert!(found(Intent::Narrow, true).is_empty());
}

#[test]
fn stacks_are_removed_by_the_units_that_reached_them() {
    let instance = |target: Option<&str>| StackInstance {
        region: "eu-west-1".parse().unwrap(),
        status: InstanceStatus::Current,
        reason: Shown::default(),
        target: target.map(|target| target.parse().unwrap()),
        last_operation: None,
    };
    let unit = |id: &str| BTreeSet::from([id.parse::<TargetId>().unwrap()]);
    let aims = unit("ou-a1b2-11112222");
    let former = instance(Some("ou-a1b2-33334444"));
    assert_eq!(
        reached_by(std::slice::from_ref(&former), &aims),
        unit("ou-a1b2-33334444")
    );
    assert_eq!(reached_by(&[former, instance(None)], &aims), aims);
    assert_eq!(reached_by(&[], &aims), aims);
}
