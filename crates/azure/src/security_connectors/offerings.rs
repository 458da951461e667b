//! A connector's offerings: one module for each that a plan of ours writes.
//!
//! Only what an API version that this project speaks describes is named. Everything else rides
//! along in `other`, on every level.

use onboarding::Offering as Domain;
use onboarding::offering::MANAGED;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::dialect::SubPlanForm;

mod arc_auto_provisioning;
mod ciem;
mod cspm_monitor_aws;
mod defender_cspm_aws;
mod defender_for_containers_aws;
mod defender_for_databases_aws;
mod defender_for_servers_aws;
mod feature;
mod sub_plan;
mod vm_scanners;

pub use arc_auto_provisioning::{ArcAutoProvisioning, ArcConfiguration};
pub use ciem::{Ciem, CiemOidc};
pub use cspm_monitor_aws::CspmMonitorAws;
pub use defender_cspm_aws::DefenderCspmAws;
pub use defender_for_containers_aws::DefenderForContainersAws;
pub use defender_for_databases_aws::DefenderForDatabasesAws;
pub use defender_for_servers_aws::{
    DefenderForServersAws, MdeAutoProvisioning, VaAutoProvisioning, VaConfiguration,
};
pub use feature::{CloudRole, Feature, Switch};
pub use sub_plan::{SubPlan, SubPlanObject};
pub use vm_scanners::{VmScanners, VmScannersConfiguration};

const DISCRIMINATOR: &str = "offeringType";

/// An offering as it came. Its model is read where it is compared or written over, so one that
/// does not fit its model hides none of the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offering(Value);

/// What a plan of ours reads and writes of one type of offering.
trait Model: Default + Serialize + DeserializeOwned {
    /// Its `offeringType`.
    const TYPE: &'static str;
    /// The same in the domain.
    type Compared;
    /// As the domain compares it.
    fn seen(&self) -> Self::Compared;
    /// What the domain compares where the body does not fit the model: unlike everything that can
    /// be wanted, which names the ARN of every role.
    fn misfit() -> Self::Compared;
    /// What is wanted, over what is there.
    fn over(self, wanted: &Self::Compared, form: SubPlanForm) -> Self;
}

impl Offering {
    /// The `offeringType`.
    pub fn offering_type(&self) -> &str {
        let kind = self.0.get(DISCRIMINATOR).and_then(Value::as_str);
        kind.unwrap_or_default()
    }

    /// The type, if a plan of ours writes offerings of it. The service is not consistent in case
    /// elsewhere, so nothing rests on it here.
    pub(super) fn managed_type(&self) -> Option<&'static str> {
        let mut managed = MANAGED.into_iter();
        managed.find(|kind| kind.eq_ignore_ascii_case(self.offering_type()))
    }

    pub(super) fn is_of(&self, wanted: &Domain) -> bool {
        self.offering_type()
            .eq_ignore_ascii_case(wanted.offering_type())
    }

    /// As the domain compares it.
    pub(super) fn seen(&self) -> Domain {
        match self.managed_type() {
            Some(CspmMonitorAws::TYPE) => Domain::CspmMonitorAws(self.read::<CspmMonitorAws>()),
            Some(DefenderCspmAws::TYPE) => Domain::DefenderCspmAws(self.read::<DefenderCspmAws>()),
            Some(DefenderForServersAws::TYPE) => {
                Domain::DefenderForServersAws(self.read::<DefenderForServersAws>())
            }
            Some(DefenderForContainersAws::TYPE) => {
                Domain::DefenderForContainersAws(self.read::<DefenderForContainersAws>())
            }
            Some(DefenderForDatabasesAws::TYPE) => {
                Domain::DefenderForDatabasesAws(self.read::<DefenderForDatabasesAws>())
            }
            _ => Domain::Unmanaged {
                offering_type: self.offering_type().to_owned(),
            },
        }
    }

    fn read<M: Model>(&self) -> M::Compared {
        match M::deserialize(&self.0) {
            Ok(model) => model.seen(),
            Err(error) => {
                warn!(azure.offering = M::TYPE, %error, "an offering is not as its API describes it");
                M::misfit()
            }
        }
    }

    /// What is wanted, over what is there: what the model does not name stays. An offering that
    /// does not fit its model is never written over: nobody knows what would be lost. `None` for
    /// what no plan of ours writes.
    pub(super) fn over(
        seen: Option<&Self>,
        wanted: &Domain,
        form: SubPlanForm,
    ) -> Result<Option<Self>, serde_json::Error> {
        match wanted {
            Domain::CspmMonitorAws(wanted) => write::<CspmMonitorAws>(seen, wanted, form),
            Domain::DefenderCspmAws(wanted) => write::<DefenderCspmAws>(seen, wanted, form),
            Domain::DefenderForServersAws(wanted) => {
                write::<DefenderForServersAws>(seen, wanted, form)
            }
            Domain::DefenderForContainersAws(wanted) => {
                write::<DefenderForContainersAws>(seen, wanted, form)
            }
            Domain::DefenderForDatabasesAws(wanted) => {
                write::<DefenderForDatabasesAws>(seen, wanted, form)
            }
            Domain::Unmanaged { .. } => Ok(None),
        }
    }

    /// The description is the service's own.
    pub(super) fn remove_description(&mut self) {
        if let Some(fields) = self.0.as_object_mut() {
            fields.remove("description");
        }
    }
}

fn write<M: Model>(
    seen: Option<&Offering>,
    wanted: &M::Compared,
    form: SubPlanForm,
) -> Result<Option<Offering>, serde_json::Error> {
    let misfit = |error| {
        let why = format!("offering {}: {error}", M::TYPE);
        <serde_json::Error as serde::de::Error>::custom(why)
    };
    let model = seen.map_or_else(|| Ok(M::default()), |seen| M::deserialize(&seen.0));
    let model = model.map_err(misfit)?.over(wanted, form);
    let mut body = serde_json::to_value(model)?;
    if let Some(fields) = body.as_object_mut() {
        fields
            .entry(DISCRIMINATOR)
            .or_insert_with(|| M::TYPE.into());
    }
    Ok(Some(Offering(body)))
}
