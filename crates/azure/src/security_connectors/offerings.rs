//! A connector's offerings: one module for each that a plan of ours writes.

use onboarding::connector::Offering as Domain;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{is_of_type, to_value};

mod cspm_monitor_aws;

pub use cspm_monitor_aws::CspmMonitorAws;

const DISCRIMINATOR: &str = "offeringType";

/// An offering by its `offeringType`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Offering {
    /// Foundational CSPM.
    CspmMonitorAws(CspmMonitorAws),
    /// One that no plan of ours writes, as it came.
    Other(Value),
}

impl Offering {
    /// The `offeringType`.
    pub fn offering_type(&self) -> &str {
        match self {
            Self::CspmMonitorAws(offering) => &offering.offering_type,
            Self::Other(body) => body
                .get(DISCRIMINATOR)
                .and_then(Value::as_str)
                .unwrap_or_default(),
        }
    }

    pub(super) fn is_of(&self, wanted: &Domain) -> bool {
        self.offering_type()
            .eq_ignore_ascii_case(wanted.offering_type())
    }

    /// As the domain compares it.
    pub(super) fn seen(&self) -> Domain {
        match self {
            Self::CspmMonitorAws(offering) => offering.seen(),
            Self::Other(_) => Domain::Unmanaged {
                offering_type: self.offering_type().to_owned(),
            },
        }
    }

    /// What is wanted, over what is there: fields that the domain does not know stay. `None` for
    /// what is wanted to stay as it is.
    pub(super) fn written(wanted: &Domain, seen: Option<Self>) -> Option<Self> {
        match wanted {
            Domain::CspmMonitorAws { cloud_role_arn } => {
                let seen = match seen {
                    Some(Self::CspmMonitorAws(seen)) => seen,
                    _ => CspmMonitorAws::default(),
                };
                Some(Self::CspmMonitorAws(
                    seen.with_role(cloud_role_arn.as_ref()),
                ))
            }
            Domain::Unmanaged { .. } => seen,
        }
    }

    pub(super) fn remove_description(&mut self) {
        const DESCRIPTION: &str = "description";
        match self {
            Self::CspmMonitorAws(offering) => {
                offering.other.remove(DESCRIPTION);
            }
            Self::Other(body) => {
                if let Some(fields) = body.as_object_mut() {
                    fields.remove(DESCRIPTION);
                }
            }
        }
    }
}

impl TryFrom<Value> for Offering {
    type Error = serde_json::Error;

    fn try_from(body: Value) -> Result<Self, serde_json::Error> {
        if is_of_type(&body, DISCRIMINATOR, CspmMonitorAws::TYPE) {
            serde_json::from_value(body).map(Self::CspmMonitorAws)
        } else {
            Ok(Self::Other(body))
        }
    }
}

impl From<Offering> for Value {
    fn from(offering: Offering) -> Self {
        match offering {
            Offering::CspmMonitorAws(offering) => to_value(&offering),
            Offering::Other(body) => body,
        }
    }
}
