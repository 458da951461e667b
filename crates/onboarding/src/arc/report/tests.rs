use super::*;
use crate::arc::machine::MachineOutcome;

fn instance(number: u32, tags: TagOutcome, managed: Option<bool>) -> InstanceReport {
    InstanceReport {
        instance_id: format!("i-{number:08x}").parse().unwrap(),
        state: InstanceState::Running,
        tags,
        execution_id: None,
        failure: None,
        replaced: BTreeMap::new(),
        managed,
        not_ready: None,
        machines: Vec::new(),
    }
}

fn region(name: &str, instances: Vec<InstanceReport>) -> RegionReport {
    RegionReport {
        region: name.parse().unwrap(),
        outcome: RegionOutcome::Done,
        reason: None,
        host_management: None,
        instances,
    }
}

fn report() -> AccountReport {
    let first = region(
        "eu-west-1",
        vec![
            instance(1, TagOutcome::AlreadyRight, Some(true)),
            instance(2, TagOutcome::Tagged, Some(false)),
            instance(3, TagOutcome::Excluded, Some(false)),
            instance(4, TagOutcome::Gone, None),
        ],
    );
    let second = region(
        "us-east-1",
        vec![
            instance(5, TagOutcome::Failed, Some(true)),
            instance(6, TagOutcome::Pending, None),
            instance(7, TagOutcome::Untagged, None),
        ],
    );
    AccountReport::new(
        "111122223333".parse().unwrap(),
        "run-1".parse().unwrap(),
        "Onboard",
        vec![first, second],
    )
}

#[test]
fn every_instance_is_counted_once() {
    let counts = report().counts;
    assert_eq!(
        counts,
        Counts {
            instances_seen: 6,
            instances_tagged: 1,
            instances_already_right: 1,
            instances_failed: 1,
            instances_not_managed: 1,
            instances_excluded: 1,
            instances_untagged: 1,
            instances_pending: 1,
        }
    );
    let outcomes = counts.instances_tagged
        + counts.instances_already_right
        + counts.instances_failed
        + counts.instances_excluded
        + counts.instances_untagged
        + counts.instances_pending;
    assert_eq!(outcomes, counts.instances_seen);
}

#[test]
fn a_report_is_plain_json_that_reads_back() {
    let mut regions = report().regions;
    regions.truncate(1);
    regions[0].instances.truncate(2);
    let mut report = AccountReport {
        counts: regions[0].counts(),
        regions,
        ..report()
    };
    report.regions[0].instances[1].failure = Some(Shortfall {
        reason: "denied".to_owned(),
        fix: "allow it".to_owned(),
    });
    report.regions[0].instances[1].execution_id = Some(ExecutionId::seen("e-1"));
    report.regions[0].instances[0].not_ready = Some(vec![]);
    let text = serde_json::to_string(&report).unwrap();
    insta::assert_snapshot!(text, @r#"{"AccountId":"111122223333","RunId":"run-1","Operation":"Onboard","InstancesSeen":2,"InstancesTagged":1,"InstancesAlreadyRight":1,"InstancesFailed":0,"InstancesNotManaged":1,"InstancesExcluded":0,"InstancesUntagged":0,"InstancesPending":0,"Regions":[{"Region":"eu-west-1","Outcome":"Done","Instances":[{"InstanceId":"i-00000001","State":"running","Tags":"AlreadyRight","Managed":true,"NotReady":[]},{"InstanceId":"i-00000002","State":"running","Tags":"Tagged","ExecutionId":"e-1","Failure":{"Reason":"denied","Fix":"allow it"},"Managed":false}]}]}"#);
    assert_eq!(
        serde_json::from_str::<AccountReport>(&text).unwrap(),
        report
    );
}

/// A machine as it is reported.
fn machine(outcome: MachineOutcome) -> MachineReport {
    MachineReport {
        machine_id: "/subscriptions/s".to_owned(),
        outcome,
        missing: BTreeSet::new(),
        added: BTreeSet::new(),
        differing: BTreeMap::new(),
        failure: None,
    }
}

#[test]
fn machines_stand_with_their_instances_and_are_summed() {
    let id = |number: u32| -> InstanceId { format!("i-{number:08x}").parse().unwrap() };
    let looked_for = report().instances_with_machines();
    assert_eq!(looked_for, [1, 2, 5, 6, 7].map(id).into());
    let two = [MachineOutcome::AsWanted, MachineOutcome::Repaired].map(machine);
    let machines = BTreeMap::from([
        (id(2), two.to_vec()),
        (id(5), vec![machine(MachineOutcome::Incomplete)]),
    ]);
    let report = report().with_machines(machines);
    let counts = report.machines.unwrap();
    assert_eq!((counts.machines_seen, counts.machines_repaired), (3, 1));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["MachinesSeen"], 3);
    let instances = &json["Regions"][0]["Instances"];
    assert_eq!(instances[0].get("Machines"), None, "it has none");
    assert_eq!(instances[1]["Machines"][1]["Outcome"], "Repaired");
    assert_eq!(
        json["Regions"][1]["Instances"][0]["Machines"][0]["Outcome"],
        "Incomplete"
    );
    assert_eq!(
        serde_json::from_value::<AccountReport>(json).unwrap(),
        report
    );
}

#[test]
fn regions_are_found_by_what_became_of_them() {
    let mut report = report();
    report.regions[1].outcome = RegionOutcome::Failed;
    let failed: Vec<&str> = report
        .regions_that(RegionOutcome::Failed)
        .map(|region| region.region.as_str())
        .collect();
    assert_eq!(failed, ["us-east-1"]);
}
