//! How long a fleet takes, and that nothing is lost or written twice whatever happens.

use std::cell::RefCell;

use super::*;

const LARGE: usize = 10_000;
const AT_ONCE: f64 = 25.0;

/// No plan can be faster: the bucket of `CreateTags`, and the executions that may run at once.
fn lower_bound(instances: usize) -> f64 {
    let quotas = Quotas::published().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a count of instances")]
    let count = instances as f64;
    let tags = (count - quotas.tag_requests.burst) / quotas.tag_requests.per_second;
    let each = Duration::from_secs(quotas.automation.execution_seconds).as_secs_f64();
    tags.max(count * each / AT_ONCE)
}

fn never() -> Duration {
    INVOCATION
}

/// Stops an invocation some time after it began.
fn at_random(seed: u64, longest: u64) -> impl Fn() -> Duration {
    let chance = RefCell::new(fastrand::Rng::with_seed(seed));
    move || Duration::from_millis(chance.borrow_mut().u64(50..longest * 1000))
}

fn assert_each_written_once(simulation: &Simulation, instances: usize) {
    let writes = simulation.aws.writes();
    assert_eq!(writes.len(), instances, "none is lost");
    let twice: Vec<_> = writes.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "written twice: {twice:?}");
    let most = simulation.aws.automation().most_at_once;
    assert!(most <= 25, "{most} at once");
}

/// Another run finds all as it should be.
async fn assert_converged(simulation: &Simulation, instances: usize) {
    simulation.aws.take_actions();
    let (outcome, _) = simulation.until_done("again", never).await;
    assert_eq!(outcome["InstancesAlreadyRight"], instances);
    let actions = simulation.aws.take_actions();
    assert_eq!(actions.get("StartAutomationExecution"), None, "{actions:?}");
    assert_each_written_once(simulation, instances);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_instances_take_hardly_longer_than_they_must() {
    let simulation = Simulation::of(LARGE, Options::default());
    let (outcome, invocations) = simulation.until_done("r", never).await;
    let (took, bound) = (simulation.seconds(), lower_bound(LARGE));
    assert!(took <= 1.05 * bound, "{took} s, at least {bound} s");
    assert!(invocations > 1, "it is more than one invocation can do");
    assert_each_written_once(&simulation, LARGE);
    assert_eq!(outcome["InstancesTagged"], LARGE);
    assert_eq!(outcome["InstancesFailed"], 0);
    let actions = simulation.aws.take_actions();
    assert!(actions["StartAutomationExecution"] <= 40, "{actions:?}");
    assert_eq!(actions["GetWebIdentityToken"], 1, "Azure, at the end");
    assert!(
        actions["DescribeAutomationExecutions"] <= 600,
        "{actions:?}"
    );
    assert_converged(&simulation, LARGE).await;
}

#[tokio::test(start_paused = true)]
async fn executions_that_fail_at_random_lose_none() {
    let options = Options {
        fail_percent: 3,
        ..Options::default()
    };
    let simulation = Simulation::of(LARGE, options);
    let (outcome, _) = simulation.until_done("r", never).await;
    assert_eq!(outcome["InstancesTagged"], LARGE);
    assert_eq!(outcome["InstancesFailed"], 0);
    assert!(simulation.seconds() <= 1.15 * lower_bound(LARGE));
    assert_each_written_once(&simulation, LARGE);
    assert_converged(&simulation, LARGE).await;
}

#[tokio::test(start_paused = true)]
async fn what_others_take_of_the_quota_is_waited_for() {
    let options = Options {
        // All of it for a minute in five, and most of it in the next.
        others: |now| match now / 60_000 % 5 {
            0 => 100,
            1 => 90,
            _ => 20,
        },
        ..Options::default()
    };
    let simulation = Simulation::of(LARGE, options);
    let (outcome, _) = simulation.until_done("r", never).await;
    assert_eq!(outcome["InstancesTagged"], LARGE);
    assert_each_written_once(&simulation, LARGE);
    assert_converged(&simulation, LARGE).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_stopped_again_and_again_loses_none() {
    let simulation = Simulation::of(LARGE, Options::default());
    let (outcome, invocations) = simulation.until_done("r", at_random(3, 400)).await;
    assert!(invocations > 5, "{invocations}");
    assert_eq!(outcome["InstancesTagged"], LARGE);
    assert_each_written_once(&simulation, LARGE);
    assert_converged(&simulation, LARGE).await;
}

#[tokio::test(start_paused = true)]
async fn all_of_it_at_once_loses_none_whenever_it_is_stopped() {
    for seed in 0..15 {
        let options = Options {
            fail_percent: 5,
            others: |now| if now / 30_000 % 3 == 0 { 100 } else { 80 },
            ..Options::default()
        };
        let simulation = Simulation::of(400, options);
        let (outcome, _) = simulation.until_done("r", at_random(seed, 90)).await;
        assert_eq!(outcome["InstancesTagged"], 400, "seed {seed}");
        assert_each_written_once(&simulation, 400);
        assert_converged(&simulation, 400).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wider_share_is_bounded_by_the_bucket_of_tag_requests() {
    let simulation = Simulation::of(
        3000,
        Options {
            at_once: 90,
            ..Options::default()
        },
    );
    let (outcome, _) = simulation.until_done("r", never).await;
    assert_eq!(
        (&outcome["InstancesTagged"], &outcome["InstancesFailed"]),
        (&json!(3000), &json!(0))
    );
    let writes = simulation.aws.writes();
    assert!(writes.len() == 3000 && writes.values().all(|count| *count == 1));
}
