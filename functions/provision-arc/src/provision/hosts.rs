//! Helps instances into reach of Systems Manager, as far as the customer lets us.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::arc::host_management::{HostManagement, SettingStep, is_ours, setting_step};
use onboarding::arc::plan::{Situation, Step, next_step};
use onboarding::arc::ports::{Records, RegionError, RegionPorts};
use onboarding::arc::{Goal, InstanceId, InstanceState, Observed, Runbook, Verdict};
use onboarding::inert::inert;
use tracing::info;

use super::batches::Work;
use super::region::{Fleet, Place};

/// The most characters of a role's name that is repeated.
const SHOWN: usize = 120;

/// What was done or found, as a sentence, and whether time was up before it was done.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    pub(super) told: Option<String>,
    pub(super) is_unfinished: bool,
}

impl<X: RegionPorts, R: Records> Place<'_, X, R> {
    /// Does what may be done about it. Whatever goes wrong with it is told and fails nothing: the
    /// tags do not depend on it.
    pub(super) async fn manage_hosts(&self, fleet: &Fleet) -> Hosts {
        let onboards = matches!(self.task.goal, Goal::Apply(..));
        let wanted = self.task.host_management;
        let by_default = onboards && wanted == HostManagement::DefaultHostManagement;
        let setting = self.settle_setting(by_default).await;
        let attached = if onboards && wanted == HostManagement::InstanceProfile {
            self.attach_profiles(fleet).await
        } else {
            Ok(Hosts::default())
        };
        let (attached, is_unfinished) = match attached {
            Ok(hosts) => (hosts.told, hosts.is_unfinished),
            Err(error) => (Some(format!("instance profiles: {error}")), false),
        };
        let setting =
            setting.unwrap_or_else(|error| Some(format!("Default Host Management: {error}")));
        let told: Vec<String> = setting.into_iter().chain(attached).collect();
        Hosts {
            told: (!told.is_empty()).then(|| told.join("; ")),
            is_unfinished,
        }
    }

    async fn settle_setting(&self, is_wanted: bool) -> Result<Option<String>, RegionError> {
        let registered = self.ports.registered().await?;
        match setting_step(is_wanted, registered.as_deref()) {
            SettingStep::Register => {
                info!(aws.region = %self.region, "switching Default Host Management on in {}", self.region);
                self.ports.register().await?;
                Ok(Some(
                    "Default Host Management was off and is on now".to_owned(),
                ))
            }
            SettingStep::Deregister => {
                info!(aws.region = %self.region, "switching Default Host Management off in {}", self.region);
                self.ports.deregister().await?;
                Ok(Some(
                    "Default Host Management was on by us and is off now".to_owned(),
                ))
            }
            SettingStep::Nothing => Ok(registered.filter(|_| is_wanted).map(|role| {
                if is_ours(&role) {
                    "Default Host Management is on by us".to_owned()
                } else {
                    format!(
                        "Default Host Management is on with somebody else's role {} and stays so",
                        inert(&role, SHOWN)
                    )
                }
            })),
        }
    }

    async fn attach_profiles(&self, fleet: &Fleet) -> Result<Hosts, RegionError> {
        let bare: BTreeSet<InstanceId> = fleet
            .seen
            .values()
            .filter(|instance| could_get_profile(instance))
            .map(|instance| instance.id.clone())
            .collect();
        let told = |told: String| Hosts {
            told: Some(told),
            is_unfinished: false,
        };
        if bare.is_empty() {
            return Ok(told("every instance has an instance profile".to_owned()));
        }
        let under_way = self.under_way(Runbook::AttachProfile).await?;
        let step = next_step(Situation {
            runbook: Runbook::AttachProfile,
            wrong: &bare,
            under_way: &under_way,
            own: &BTreeSet::new(),
            tries: &BTreeMap::new(),
            waits: 0,
        });
        match step {
            Step::Nothing => Ok(Hosts::default()),
            Step::Wait(executions) => {
                let count = bare.len();
                let ended = self.await_end(Runbook::AttachProfile, &executions).await?;
                Ok(Hosts {
                    told: Some(format!(
                        "{count} instances were getting an instance profile already"
                    )),
                    is_unfinished: !ended,
                })
            }
            Step::Start { instances, .. } => {
                let instances: BTreeSet<InstanceId> = instances.into_values().flatten().collect();
                let order = self.order(Runbook::AttachProfile, self.task.profile_parameters());
                let work = Work {
                    instances,
                    ..Work::default()
                };
                let ran = order.carry_out(self.ports, self, work).await?;
                let attached = ran.succeeded.len();
                let mut sentence = format!("{attached} instances got our instance profile");
                if let Some(failed) = ran.failed.values().next() {
                    let count = ran.failed.len();
                    sentence = format!("{sentence}, {count} did not: {}", failed.message);
                }
                if let Some(stopped) = ran.stopped {
                    sentence = format!("{sentence}; no more were tried: {stopped}");
                }
                Ok(Hosts {
                    told: Some(sentence),
                    is_unfinished: ran.is_out_of_time,
                })
            }
        }
    }
}

/// Others' profiles stay as they are, and EC2 takes none for an instance that starts or stops.
fn could_get_profile(instance: &Observed) -> bool {
    let is_steady = matches!(
        instance.state,
        InstanceState::Running | InstanceState::Stopped
    );
    instance.profile.is_none() && is_steady && instance.verdict != Verdict::Excluded
}
