//! The organization of the demo: 27 members in nested units, some of which are in the way.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fleet::{Instance, REGIONS};
use super::shown::members::Member;
use crate::azure::Connector;
use crate::boto::Viewer;
use crate::{http, output};

mod cast;

pub use cast::{BROKEN, EXCLUDED, FOREIGN, JOINS, LEAVES, MOVES, SCOPE, SUSPENDED};

const PROGRAM: &str = include_str!("organization.py");
const MACHINE: &str = "DefenderConnector-OnboardOrganization";
/// The state machine waits for minutes where nothing is to be hurried, and events are taken in
/// batches of one. Whoever watches is spared that: a minute is two seconds.
const WAITS: f64 = 1.0 / 30.0;
const BATCH_SECONDS: f64 = 2.0;
const FOLLOWED_WITHIN: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The organization.
#[derive(Debug)]
pub struct Organization<'a> {
    viewer: Viewer<'a>,
}

/// As the local cloud shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Ids of units by path of names.
    pub units: BTreeMap<String, String>,
    /// Accounts by id.
    pub accounts: BTreeMap<String, SeenAccount>,
}

/// One account of it.
#[derive(Debug, Deserialize)]
pub struct SeenAccount {
    /// What others call it.
    pub name: String,
    /// `ACTIVE`, `SUSPENDED`, ….
    pub state: String,
    /// The path of its unit.
    pub unit: String,
}

/// An instance of a member.
#[derive(Debug, Deserialize)]
struct Owned {
    account: String,
    #[serde(flatten)]
    instance: Instance,
}

impl<'a> Organization<'a> {
    /// Makes it, with what is in the way of a deploy.
    pub fn make(viewer: Viewer<'a>) -> Result<Self> {
        let organization = Self { viewer };
        let base = viewer.cloud.emulator_url();
        http::post(
            &format!("{base}/_ministack/config"),
            &json!({"stepfunctions._SFN_WAIT_SCALE": WAITS}),
        )?;
        http::put(
            &organization.url("switches"),
            &json!({"batchingWindowSeconds": BATCH_SECONDS}),
        )?;
        let tree = format!("organization?account={}", viewer.account);
        http::post(&organization.url(&tree), &cast::tree())?;
        let with_instances = cast::WITH_INSTANCES.map(|(account, _)| account);
        let roles = [BROKEN, cast::TAKEN_ROLE, FOREIGN];
        let profile: String =
            organization.ask(&[&["prepare"], &roles[..], &with_instances].concat())?;
        for (account, region) in cast::WITH_INSTANCES {
            let url = format!("instances?account={account}&region={region}");
            let two = json!([{"count": 2, "instanceProfile": profile, "tags": {"Name": "app"}}]);
            http::post(&organization.url(&url), &two)?;
        }
        Ok(organization)
    }

    /// How it is.
    pub fn seen(&self) -> Result<Seen> {
        let url = self.url(&format!("organization?account={}", self.viewer.account));
        serde_json::from_value(http::get(&url)?).context("the organization cannot be read")
    }

    /// Ids of the units, with commas between.
    pub fn units(&self, names: &[&str]) -> Result<String> {
        let seen = self.seen()?;
        let ids = names.iter().map(|name| {
            let id = seen.units.get(*name);
            id.map(String::as_str)
                .with_context(|| format!("there is no unit {name}"))
        });
        Ok(ids.collect::<Result<Vec<_>>>()?.join(","))
    }

    /// What is known of the members, as a table's rows.
    pub fn members(&self, stack: &str, connectors: &[Connector]) -> Result<Vec<Member>> {
        let seen = self.seen()?;
        let report: Value = self.ask(&["report", stack])?;
        let left = report["Accounts"].as_object().into_iter().flatten();
        let known = seen.accounts.keys().cloned();
        let ids: BTreeSet<String> = known.chain(left.map(|(id, _)| id.clone())).collect();
        let member = |id: String| {
            let connector = connectors
                .iter()
                .find(|one| one.properties.hierarchy_identifier == id);
            Member::new(&id, seen.accounts.get(&id), connector, &report)
        };
        Ok(ids.into_iter().map(member).collect())
    }

    /// One account joins, one leaves, one moves out of scope: nothing else is done about them.
    pub fn change(&self) -> Result<()> {
        let mut joins = cast::account(JOINS, "joined later");
        joins["parent"] = json!("Workloads");
        let path = format!("organization/accounts?account={}", self.viewer.account);
        http::post(&self.url(&path), &joins)?;
        let path = format!("organization/accounts/{LEAVES}/remove");
        http::post(&self.url(&path), &json!({}))?;
        let path = format!("organization/accounts/{MOVES}/move");
        http::post(&self.url(&path), &json!({"parent": "Archive"}))?;
        Ok(())
    }

    /// Takes away what was in the way of one account, and has those tried again that failed.
    pub fn heal(&self, stack: &str) -> Result<Value> {
        let () = self.ask(&["free", BROKEN, cast::TAKEN_ROLE])?;
        let account = self.viewer.account;
        let machine = format!("arn:aws:states:eu-west-1:{account}:stateMachine:{MACHINE}");
        output::line(format!(
            "   aws stepfunctions start-execution --state-machine-arn {machine} \\\n     --input \
             '{{\"Operation\":\"Onboard\",\"Scope\":\"Organization\",\"Redrive\":\"<run>\"}}'"
        ));
        self.ask(&["redrive", &machine, stack, BROKEN])
    }

    /// Everything in members that a deployment could leave there.
    pub fn look(&self) -> Result<BTreeSet<String>> {
        let accounts = cast::all();
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        self.ask(&[&["look", &REGIONS.join(",")], &accounts[..]].concat())
    }

    /// How many of the four tags each instance of members has.
    pub fn tagged(&self) -> Result<Vec<(String, usize)>> {
        let accounts = cast::WITH_INSTANCES.map(|(account, _)| account);
        let all: Vec<Owned> = self.ask(&[&["tags", &REGIONS.join(",")], &accounts[..]].concat())?;
        let counted = all.iter().map(|one| {
            let name = format!("{} of account {}", one.instance.id, one.account);
            (name, one.instance.right_tags(&one.account))
        });
        Ok(counted.collect())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/_local_cloud/{path}", self.viewer.cloud.emulator_url())
    }

    fn ask<T: for<'de> Deserialize<'de>>(&self, arguments: &[&str]) -> Result<T> {
        let printed = self.viewer.run("organization", PROGRAM, arguments)?;
        serde_json::from_str(&printed).context("what was printed of the organization is odd")
    }
}

/// Waits until the connectors are those of these accounts; how long that took.
pub fn followed(
    mut look: impl FnMut() -> Result<BTreeSet<String>>,
    expected: &BTreeSet<String>,
) -> Result<Duration> {
    let started = Instant::now();
    loop {
        let connected = look()?;
        if connected == *expected {
            return Ok(started.elapsed());
        }
        if started.elapsed() > FOLLOWED_WITHIN {
            let differ: Vec<&String> = connected.symmetric_difference(expected).collect();
            bail!("after {FOLLOWED_WITHIN:?} these accounts are not as they should: {differ:?}");
        }
        thread::sleep(LOOK_EVERY);
    }
}
