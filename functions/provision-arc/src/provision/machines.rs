//! The Arc machines of the instances, once these have had their turn.

use std::time::Duration;

use onboarding::FailureKind;
use onboarding::arc::machine::{ArcMachines, Repair, look_after};
use onboarding::arc::ports::{Profiles, Records, Regions};
use onboarding::arc::{AccountReport, Goal, RegionOutcome};
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Provision, Reach};

/// The longest that Azure may hold up the end of a pass: the tags in EC2 do not depend on it.
const BUDGET: Duration = Duration::from_mins(2);

/// The subscription's machines come as one list. A run over thousands of accounts would read it
/// thousands of times to change nothing.
const NOT_COMPARED: &str = "a run over the organization compares them only where \
    RepairArcMachineTags is on";

/// Arc machines, for as long as there is time for them.
pub trait MachinesUntil: Send + Sync {
    /// The machines; every call ends by this moment.
    fn until(&self, moment: Instant) -> impl ArcMachines;
}

impl<A: Regions, P: Profiles, R: Records, M: MachinesUntil> Provision<A, P, R, M> {
    /// Adds what became of the machines. In the last invocation of a run only, and not on the way
    /// out: nobody can tell any more whose a tag on a machine is.
    ///
    /// Where they cannot be listed the report says so, and nothing more comes of it: most
    /// customers let us write connectors and nothing else.
    pub(super) async fn with_machines(&self, mut report: AccountReport) -> AccountReport {
        let Goal::Apply(wanted, _) = &self.task.goal else {
            return report;
        };
        let instances = report.instances_with_machines();
        if self.task.reach == Reach::Organization && self.task.repair == Repair::Off {
            report.machines_not_compared = Some(NOT_COMPARED.to_owned());
            return report;
        }
        let is_unfinished = report.regions_that(RegionOutcome::Unfinished).count() > 0;
        if is_unfinished || instances.is_empty() {
            return report;
        }
        let repair = self.repair().await;
        let machines = self.machines.until(Instant::now() + BUDGET);
        let error = match look_after(&machines, wanted, &instances, repair).await {
            Ok(machines) => return report.with_machines(machines),
            Err(error) => error,
        };
        let account = &self.task.account;
        if error.kind == FailureKind::Denied {
            info!(account.id = %account, "the tags of Arc machines were not compared: {error}");
        } else {
            warn!(account.id = %account, failure = error.kind.name(), "the tags of Arc machines were not compared: {error}");
        }
        report.machines_not_compared = Some(error.reason);
        report
    }

    /// A delete may have begun meanwhile, and it leaves machines as they are.
    async fn repair(&self) -> Repair {
        if self.task.repair == Repair::Off {
            return Repair::Off;
        }
        match self.task.refusal(&self.records).await {
            Ok(None) => Repair::On,
            Ok(Some(_)) | Err(_) => Repair::Off,
        }
    }
}
