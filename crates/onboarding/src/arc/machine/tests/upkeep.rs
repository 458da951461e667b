use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::FailureKind;

const FOUR: [(&str, &str); 4] = [
    ("AccountId", ACCOUNT),
    ("Cloud", "AWS"),
    ("InstanceId", ID),
    ("MDFCSecurityConnector", "true"),
];

/// Azure with its machines, in which Defender may write between the list and the second look.
#[derive(Default)]
struct Azure {
    listed: Vec<ArcMachine>,
    now: Mutex<Vec<ArcMachine>>,
    writes: Mutex<Vec<String>>,
    denied_groups: Vec<&'static str>,
    drops_what_is_written: bool,
}

impl Azure {
    fn with(machines: Vec<ArcMachine>) -> Self {
        Self {
            now: Mutex::new(machines.clone()),
            listed: machines,
            ..Self::default()
        }
    }

    fn tags(&self, name: &str) -> BTreeMap<String, String> {
        let now = self.now.lock().unwrap();
        let found = now.iter().find(|machine| machine.id.name() == name);
        found.unwrap().tags.clone()
    }

    fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }
}

impl ArcMachines for Azure {
    async fn of_account(&self, account: &AccountId) -> Result<Vec<ArcMachine>, PortError> {
        if self.denied_groups.contains(&"*") {
            return Err(PortError::new(FailureKind::Denied, "no right to read"));
        }
        let of_account = |machine: &&ArcMachine| machine.may_be_of(account);
        Ok(self.listed.iter().filter(of_account).cloned().collect())
    }

    async fn machine(&self, id: &MachineId) -> Result<Option<ArcMachine>, PortError> {
        let now = self.now.lock().unwrap();
        Ok(now.iter().find(|machine| machine.id == *id).cloned())
    }

    async fn replace_tags(
        &self,
        id: &MachineId,
        tags: &BTreeMap<String, String>,
    ) -> Result<ArcMachine, PortError> {
        self.writes.lock().unwrap().push(id.name().to_owned());
        if self.denied_groups.contains(&id.resource_group()) {
            return Err(PortError::new(FailureKind::Denied, "no right to write"));
        }
        let mut now = self.now.lock().unwrap();
        let found = now.iter_mut().find(|machine| machine.id == *id).unwrap();
        if !self.drops_what_is_written {
            found.tags.clone_from(tags);
        }
        Ok(found.clone())
    }
}

/// None of these futures has to wait.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the double never waits"),
    }
}

type Reports = BTreeMap<InstanceId, Vec<MachineReport>>;

fn looked_after(azure: &Azure, instances: &[&str], repair: Repair) -> Reports {
    let instances = instances.iter().map(|id| id.parse().unwrap()).collect();
    done(look_after(azure, &wanted(), &instances, repair)).unwrap()
}

fn outcome(reports: &Reports, instance: &str) -> MachineOutcome {
    let instance: InstanceId = instance.parse().unwrap();
    reports[&instance][0].outcome
}

#[test]
fn without_repair_everything_is_compared_and_nothing_written() {
    let azure = Azure::with(vec![
        machine(ID, &FOUR),
        machine("i-0000000a", &[("Cloud", "AWS")]),
        machine("i-0000000b", &[]),
        machine("web", &[("AccountId", ACCOUNT)]),
    ]);
    let instances = [ID, "i-0000000a", "i-0000000c"];
    let reports = looked_after(&azure, &instances, Repair::Off);
    assert_eq!(reports.len(), 2, "neither without a machine nor of others");
    assert_eq!(outcome(&reports, ID), MachineOutcome::AsWanted);
    let incomplete = &reports[&"i-0000000a".parse().unwrap()][0];
    assert_eq!(incomplete.outcome, MachineOutcome::Incomplete);
    let missing = ["AccountId", "InstanceId", "MDFCSecurityConnector"];
    assert_eq!(incomplete.missing, missing.map(str::to_owned).into());
    assert_eq!(azure.writes(), Vec::<String>::new());
    let text = serde_json::to_value(incomplete).unwrap();
    let expected = serde_json::json!({ "MachineId": path_of("i-0000000a"),
        "Outcome": "Incomplete", "Missing": missing });
    assert_eq!(text, expected);
}

#[test]
fn what_is_missing_is_added_once_and_what_differs_stays() {
    let theirs = [("cloud", "Aws"), ("Team", "Web")];
    let azure = Azure::with(vec![machine(ID, &theirs)]);
    let reports = looked_after(&azure, &[ID], Repair::On);
    let report = &reports[&instance()][0];
    assert_eq!(report.outcome, MachineOutcome::Repaired);
    let added = ["AccountId", "InstanceId", "MDFCSecurityConnector"];
    assert_eq!(report.added, added.map(str::to_owned).into());
    assert_eq!(report.missing, BTreeSet::new());
    assert_eq!(report.differing["Cloud"], "Aws");
    let mut tags = machine(ID, &FOUR).tags;
    tags.remove("Cloud");
    tags.extend(machine(ID, &theirs).tags);
    assert_eq!(azure.tags(ID), tags);

    let again = Azure::with(azure.now.lock().unwrap().clone());
    let reports = looked_after(&again, &[ID], Repair::On);
    assert_eq!(outcome(&reports, ID), MachineOutcome::Differing);
    assert_eq!(again.writes(), Vec::<String>::new());
}

#[test]
fn what_defender_wrote_since_the_list_is_kept() {
    let written = [("MDFCSecurityConnector", "connector-7"), ("cloud", "aws")];
    let azure = Azure {
        listed: vec![machine(ID, &[])],
        now: Mutex::new(vec![machine(ID, &written)]),
        ..Azure::default()
    };
    let reports = looked_after(&azure, &[ID], Repair::On);
    assert_eq!(outcome(&reports, ID), MachineOutcome::Repaired);
    let mut tags = machine(ID, &written).tags;
    tags.insert("AccountId".to_owned(), ACCOUNT.to_owned());
    tags.insert("InstanceId".to_owned(), ID.to_owned());
    assert_eq!(azure.tags(ID), tags);

    let azure = Azure {
        listed: vec![machine(ID, &[])],
        now: Mutex::new(vec![machine(ID, &FOUR)]),
        ..Azure::default()
    };
    let reports = looked_after(&azure, &[ID], Repair::On);
    assert_eq!(outcome(&reports, ID), MachineOutcome::AsWanted);
    assert_eq!(azure.writes(), Vec::<String>::new());
}

#[test]
fn a_machine_that_vanished_is_no_failure() {
    let azure = Azure {
        listed: vec![machine(ID, &[])],
        ..Azure::default()
    };
    let reports = looked_after(&azure, &[ID], Repair::On);
    assert_eq!(outcome(&reports, ID), MachineOutcome::Gone);
    let counts = MachineCounts::of(reports.values().flatten());
    assert_eq!(counts, MachineCounts::default());
}

#[test]
fn a_group_that_may_not_be_written_to_is_tried_once_and_others_go_on() {
    let elsewhere = |name: &str| ArcMachine {
        id: MachineId::seen(&path_of(name).replace("rg-mdc", "rg-2")).unwrap(),
        tags: BTreeMap::new(),
    };
    let azure = Azure {
        denied_groups: vec!["rg-mdc"],
        ..Azure::with(vec![
            machine("i-0000000a", &[]),
            machine("i-0000000b", &[]),
            elsewhere("i-0000000b"),
        ])
    };
    let reports = looked_after(&azure, &["i-0000000a", "i-0000000b"], Repair::On);
    assert_eq!(azure.writes(), ["i-0000000a", "i-0000000b"]);
    assert_eq!(outcome(&reports, "i-0000000a"), MachineOutcome::Failed);
    let first = reports[&"i-0000000a".parse().unwrap()][0]
        .failure
        .as_ref()
        .unwrap();
    assert_eq!(first.reason, "no right to write");
    assert!(first.fix.contains("RepairArcMachineTags"), "{first:?}");
    let both = &reports[&"i-0000000b".parse().unwrap()];
    assert_eq!(both[0].outcome, MachineOutcome::Failed);
    assert_eq!(both[0].missing.len(), 4);
    assert_eq!(both[1].outcome, MachineOutcome::Repaired, "the other group");
    let counts = MachineCounts::of(reports.values().flatten());
    assert_eq!(
        (
            counts.machines_seen,
            counts.machines_repaired,
            counts.machines_incomplete
        ),
        (3, 1, 2)
    );
}

#[test]
fn what_azure_would_not_take_or_does_not_keep_is_a_failure_of_that_machine() {
    let mut full = machine(ID, &[]);
    for number in 0..50 {
        full.tags.insert(format!("k{number}"), String::new());
    }
    let azure = Azure::with(vec![full]);
    let reports = looked_after(&azure, &[ID], Repair::On);
    assert_eq!(outcome(&reports, ID), MachineOutcome::Failed);
    assert_eq!(azure.writes(), Vec::<String>::new());

    let azure = Azure {
        drops_what_is_written: true,
        ..Azure::with(vec![machine(ID, &[])])
    };
    let reports = looked_after(&azure, &[ID], Repair::On);
    assert_eq!(outcome(&reports, ID), MachineOutcome::Failed);
    let failure = reports[&instance()][0].failure.as_ref().unwrap();
    assert!(failure.fix.contains("Azure Policy"), "{failure:?}");
}

#[test]
fn machines_that_cannot_be_listed_are_an_error_of_the_whole() {
    let azure = Azure {
        denied_groups: vec!["*"],
        ..Azure::default()
    };
    let instances = BTreeSet::new();
    let error = done(look_after(&azure, &wanted(), &instances, Repair::Off)).unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
}
