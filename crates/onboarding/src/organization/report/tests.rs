use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::organization::{SkipReason, StackSetNamePrefix};

fn facts() -> LeftBehindFacts {
    LeftBehindFacts {
        partition: "aws".parse().unwrap(),
        prefix: StackSetNamePrefix::default_prefix(),
        ciem: None,
        regions: BTreeSet::new(),
        tags: None,
        host_management: false,
        passes_to_defender: false,
    }
}

fn id(account: u64) -> AccountId {
    format!("{account:012}").parse().unwrap()
}

fn item(account: u64, action: Action) -> Item {
    Item {
        account_id: id(account),
        action,
        connectors: Vec::new(),
        as_wanted: false,
        name: Shown::name("<one>"),
    }
}

fn result(account: u64, outcome: AccountOutcome, put_milliseconds: Option<u32>) -> AccountResult {
    AccountResult {
        outcome,
        reason: None,
        put_milliseconds,
        ..AccountResult::failed(id(account), "")
    }
}

fn builder(intent: Intent) -> ReportBuilder {
    ReportBuilder::new("run".parse().unwrap(), intent, facts())
}

fn body(report: &Report) -> Value {
    serde_json::from_slice(&report.body).unwrap()
}

#[test]
fn the_report_names_every_account_under_stable_names() {
    let mut report = builder(Intent::Onboard);
    for (account, action) in [
        (1, Action::Onboard),
        (2, Action::Onboard),
        (3, Action::Offboard),
        (4, Action::RemoveConnector),
    ] {
        report.expect(item(account, action));
    }
    report.skip(&Skipped {
        account_id: id(9),
        name: Shown::name("nine"),
        reason: SkipReason::Suspended,
        state: None,
    });
    report.add(&result(1, AccountOutcome::Connected, Some(900)));
    report.add(&result(3, AccountOutcome::Offboarded, None));
    report.add(&result(4, AccountOutcome::Removed, None));
    report.add(&AccountResult::failed(id(2), "why"));
    let report = report.finish();
    let shown = body(&report);
    assert_eq!(shown["RunId"], "run");
    assert_eq!(shown["Intent"], "Onboard");
    assert_eq!(shown["AccountsInScope"], 2);
    assert_eq!(shown["AccountsConnected"], 1);
    assert_eq!(shown["AccountsFailed"], 1);
    assert_eq!(shown["AccountsSkipped"], 1);
    assert_eq!(shown["AccountsOffboarded"], 2);
    assert_eq!(
        shown["Accounts"][0],
        json!({"AccountId": "000000000001", "Name": "\\u{3c}one\\u{3e}", "Action": "Onboard", "Outcome": "Connected", "PutMilliseconds": 900})
    );
    assert_eq!(shown["Accounts"][3]["Reason"], "why");
    assert_eq!(shown["Skipped"][0]["Reason"], "Suspended");
    assert_eq!(shown["LeftBehind"][0]["AccountId"], "000000000004");
    assert_eq!(report.last_run.unwrap().put_milliseconds, 900);
    assert_eq!(
        failed_accounts(&report.body).unwrap(),
        BTreeSet::from([id(2)])
    );
}

#[test]
fn an_account_without_a_result_has_failed() {
    let mut report = builder(Intent::Onboard);
    report.expect(item(1, Action::Onboard));
    report.expect(item(2, Action::Onboard));
    report.add(&result(1, AccountOutcome::AlreadyConnected, None));
    let report = report.finish();
    assert_eq!(report.counts.accounts_failed, 1);
    assert_eq!(report.last_run, None);
    assert_eq!(
        failed_accounts(&report.body).unwrap(),
        BTreeSet::from([id(2)])
    );
}

#[test]
fn an_account_counts_once_and_a_strange_one_not_at_all() {
    let mut report = builder(Intent::Onboard);
    report.expect(item(1, Action::Onboard));
    report.add(&result(1, AccountOutcome::Connected, None));
    report.add(&AccountResult::failed(id(1), "twice"));
    report.add(&AccountResult::failed(id(7), "strange"));
    let report = report.finish();
    assert_eq!(body(&report)["Accounts"].as_array().unwrap().len(), 1);
    assert_eq!(report.counts.accounts_failed, 0);
}

#[test]
fn on_the_way_out_the_run_is_for_those_who_go() {
    let mut report = builder(Intent::Offboard);
    report.expect(item(1, Action::Offboard));
    report.expect(item(2, Action::RemoveConnector));
    assert_eq!(report.finish().counts.accounts_in_scope, 2);
}

#[test]
fn the_outcome_is_what_the_state_machine_hands_on() {
    let outcome = RunOutcome {
        counts: RunCounts {
            accounts_in_scope: 1,
            ..RunCounts::default()
        },
        report_uri: "s3://bucket/runs/run/report.json".to_owned(),
        done: true,
    };
    let shown = serde_json::to_value(&outcome).unwrap();
    let expected = json!({
        "AccountsInScope": 1, "AccountsConnected": 0, "AccountsFailed": 0, "AccountsSkipped": 0,
        "AccountsOffboarded": 0, "ReportUri": "s3://bucket/runs/run/report.json", "Done": true,
    });
    assert_eq!(shown, expected);
    assert_eq!(
        serde_json::from_value::<RunOutcome>(shown).unwrap(),
        outcome
    );
}

proptest! {
    #[test]
    fn every_account_is_in_the_report_once(
        expected in prop::collection::btree_set(0_u64..30, 0..20),
        told in prop::collection::vec(0_u64..30, 0..40),
    ) {
        let mut report = builder(Intent::Onboard);
        for account in &expected {
            report.expect(item(*account, Action::Onboard));
        }
        for account in &told {
            report.add(&result(*account, AccountOutcome::Connected, None));
        }
        let report = report.finish();
        let shown = body(&report);
        let named: Vec<&str> = shown["Accounts"].as_array().unwrap().iter().map(|one| one["AccountId"].as_str().unwrap()).collect();
        let distinct: BTreeSet<u64> = named.iter().map(|id| id.parse().unwrap()).collect();
        prop_assert_eq!(named.len(), distinct.len());
        prop_assert_eq!(&distinct, &expected);
        let told: BTreeSet<u64> = told.into_iter().collect();
        let failed: BTreeSet<AccountId> = expected.difference(&told).map(|account| id(*account)).collect();
        prop_assert_eq!(failed_accounts(&report.body).unwrap(), failed);
    }
}

#[test]
fn a_migration_is_told_with_who_still_waits() {
    let mut report = builder(Intent::Onboard);
    report.migrating(MemberRegistration::Discovery, Duration::from_secs(90));
    for account in 1..=3 {
        report.expect(item(account, Action::Onboard));
    }
    report.add(&result(1, AccountOutcome::AlreadyConnected, None));
    report.add(&result(2, AccountOutcome::Skipped, None));
    let report = report.finish();
    assert_eq!(
        body(&report)["Migration"],
        json!({"To": "Discovery", "GapSeconds": 90, "AccountsWaiting": 2})
    );
    assert_eq!(report.migration.unwrap().accounts_waiting, 2);
    assert!(body(&builder(Intent::Onboard).finish())["Migration"].is_null());
}
