//! The Arc machines that stand for the instances.

use onboarding::arc::machine::{ArcMachine, MachineId, MachineOutcome, MachineReport};
use onboarding::{FailureKind, PortError};
use tokio::time::sleep;

use super::*;

/// A machine of this name with these tags.
fn machine(name: &str, tags: &[(&str, &str)]) -> ArcMachine {
    let provider = "providers/Microsoft.HybridCompute/machines";
    let id = format!("/subscriptions/s/resourceGroups/rg/{provider}/{name}");
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    ArcMachine {
        id: MachineId::seen(&id).unwrap(),
        tags: tags.iter().map(owned).collect(),
    }
}

/// The world with machines of three instances, one of them excluded, and of one that is gone.
fn with_machines() -> World {
    let world = world();
    let complete = machine(id(8).as_str(), &tags("true").of(&id(8)));
    let lacking = [("Cloud", "Defender's")];
    let lacking = [1, 9, 77].map(|number| machine(id(number).as_str(), &lacking));
    world.change(|state| state.machines = [vec![complete], lacking.to_vec()].concat());
    world
}

async fn pass(world: &World, run: &str, repair: Repair) -> Outcome {
    let mut provision = provision(world, run, apply("true"));
    provision.task.repair = repair;
    provision.pass().await.unwrap()
}

/// What the last report tells of machines.
fn told(world: &World) -> Vec<(InstanceId, MachineReport)> {
    let state = world.state();
    let regions = state.reports.last().unwrap().regions.iter();
    let instances = regions.flat_map(|region| &region.instances);
    let told = instances.flat_map(|one| {
        let with_id = |machine: &MachineReport| (one.instance_id.clone(), machine.clone());
        one.machines.iter().map(with_id).collect::<Vec<_>>()
    });
    told.collect()
}

fn outcomes(world: &World) -> Vec<(InstanceId, MachineOutcome)> {
    let told = told(world).into_iter();
    told.map(|(id, machine)| (id, machine.outcome)).collect()
}

#[tokio::test(start_paused = true)]
async fn machines_of_instances_are_compared_and_nothing_is_written_unasked() {
    let world = with_machines();
    let outcome = pass(&world, "r", Repair::Off).await;
    assert_eq!(
        outcomes(&world),
        [
            (id(1), MachineOutcome::Incomplete),
            (id(8), MachineOutcome::AsWanted)
        ],
        "neither what is excluded nor what is not there"
    );
    let counts = outcome.machines.unwrap();
    assert_eq!((counts.machines_seen, counts.machines_incomplete), (2, 1));
    let state = world.state();
    assert_eq!(state.reports[0].machines, Some(counts));
    assert_eq!(state.reports[0].machines_not_compared, None);
    assert_eq!(state.machine_lists, 1);
    assert!(state.machine_writes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_added_where_that_is_asked_for() {
    let world = with_machines();
    let outcome = pass(&world, "r", Repair::On).await;
    assert_eq!(outcome.machines.unwrap().machines_repaired, 1);
    assert_eq!(world.state().machine_writes, [id(1).as_str()]);
    let (_, repaired) = &told(&world)[0];
    assert_eq!(repaired.differing["Cloud"], "Defender's", "it stays");
    pass(&world, "s", Repair::On).await;
    assert_eq!(world.state().machine_writes.len(), 1, "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn machines_that_cannot_be_listed_are_a_note_and_change_nothing_else() {
    let right = "Microsoft.HybridCompute/machines/read";
    let mut plain = pass(&world(), "r", Repair::On).await;
    for kind in [FailureKind::Denied, FailureKind::Transient] {
        let world = with_machines();
        let refusal = PortError::new(kind, format!("no {right}: assign it"));
        world.change(|state| state.machines_refusal = Some(refusal));
        let outcome = pass(&world, "r", Repair::On).await;
        plain.machines = None;
        assert_eq!(outcome, plain);
        assert_eq!(writes(&world), each_once(&WRONG));
        let state = world.state();
        let note = state.reports[0].machines_not_compared.as_deref();
        assert_eq!(
            note,
            Some("no Microsoft.HybridCompute/machines/read: assign it")
        );
        assert_eq!(state.machine_lists, 1, "asked once");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_last_invocation_of_a_run_looks_at_machines() {
    let world = with_machines();
    let mut invocations = 0;
    loop {
        let mut provision = provision(&world, "r", apply("true"));
        provision.task.at_once = 1;
        provision.task.until = Instant::now() + Duration::from_secs(12);
        invocations += 1;
        let outcome = provision.pass().await.unwrap();
        assert_eq!(world.state().machine_lists, usize::from(outcome.done));
        assert_eq!(outcome.machines.is_some(), outcome.done);
        if outcome.done {
            break;
        }
    }
    assert!(invocations > 2);
}

#[tokio::test(start_paused = true)]
async fn on_the_way_out_machines_are_left_alone() {
    let world = with_machines();
    world.state().is_leaving = true;
    let mut provision = provision(&world, "d", remove());
    provision.task.repair = Repair::On;
    let outcome = provision.pass().await.unwrap();
    assert!(outcome.done && outcome.machines.is_none());
    assert_eq!(world.state().machine_lists, 0);
    assert_eq!(world.state().reports[0].machines_not_compared, None);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_has_begun_meanwhile_keeps_machines_from_being_written() {
    let world = with_machines();
    let leaving = async {
        sleep(Duration::from_secs(2)).await;
        world.state().is_leaving = true;
    };
    let (outcome, ()) = tokio::join!(pass(&world, "r", Repair::On), leaving);
    assert_eq!(outcome.machines.unwrap().machines_incomplete, 1);
    assert!(world.state().machine_writes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_over_the_organization_lists_machines_only_where_it_may_repair_them() {
    for (repair, lists) in [(Repair::Off, 0), (Repair::On, 1)] {
        let world = with_machines();
        let mut provision = provision(&world, "r", apply("true"));
        provision.task.reach = Reach::Organization;
        provision.task.repair = repair;
        assert!(provision.pass().await.unwrap().done);
        let state = world.state();
        assert_eq!(state.machine_lists, lists);
        let note = &state.reports[0].machines_not_compared;
        assert_eq!(note.is_some(), repair == Repair::Off);
    }
}

#[tokio::test(start_paused = true)]
async fn without_instances_azure_is_not_asked() {
    let world = with_machines();
    for region in world.state().regions.values_mut() {
        region.instances.clear();
    }
    pass(&world, "r", Repair::On).await;
    assert_eq!(world.state().machine_lists, 0);
}

#[tokio::test(start_paused = true)]
async fn azure_has_its_own_time_from_when_the_instances_are_done() {
    let world = with_machines();
    pass(&world, "r", Repair::Off).await;
    let until = world.state().machines_until.unwrap();
    assert_eq!(until - Instant::now(), Duration::from_mins(2));
}
