//! The wire model of a security connector, API 2024-08-01-preview and 2026-08-01-preview: the
//! newer one only adds fields.
//!
//! Only what this project reads or writes is named. Everything else, also what Microsoft adds
//! tomorrow, rides along in `other` and is written back as it came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::offerings::Offering;
use super::organizational_data::OrganizationalData;

/// Fields that the service sets, and that a write must not send back.
const READ_ONLY: [&str; 3] = ["name", "type", "systemData"];

/// The envelope that every resource has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityConnector {
    /// The ARM id; read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The location, as spelled by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// All tags: a write replaces the whole map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Sent back where the service gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// What is particular to connectors.
    pub properties: Properties,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What is particular to connectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Properties {
    /// For AWS the account id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hierarchy_identifier: Option<String>,
    /// `AWS`, `GCP`, `Github`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_name: Option<String>,
    /// How the environment is scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_data: Option<EnvironmentData>,
    /// The plans that are on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offerings: Option<Vec<Offering>>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Data by kind of environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum EnvironmentData {
    /// `AwsAccount`.
    AwsAccount(AwsAccount),
    /// Any other kind, as it came.
    Other(Value),
}

/// `environmentData` of an AWS account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwsAccount {
    /// `AwsAccount`.
    pub environment_type: String,
    /// The AWS Regions to scan; empty means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<String>>,
    /// Hours between two scans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_interval: Option<i64>,
    /// What the account has to do with an organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizational_data: Option<OrganizationalData>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl AwsAccount {
    const TYPE: &str = "AwsAccount";
}

impl Default for AwsAccount {
    fn default() -> Self {
        Self {
            environment_type: Self::TYPE.to_owned(),
            regions: None,
            scan_interval: None,
            organizational_data: None,
            other: Map::new(),
        }
    }
}

/// Whether a body's discriminator has this value. The service is not consistent in case elsewhere,
/// so nothing rests on it here.
pub(super) fn is_of_type(body: &Value, discriminator: &str, kind: &str) -> bool {
    let seen = body.get(discriminator).and_then(Value::as_str);
    seen.is_some_and(|seen| seen.eq_ignore_ascii_case(kind))
}

impl TryFrom<Value> for EnvironmentData {
    type Error = serde_json::Error;

    fn try_from(body: Value) -> Result<Self, serde_json::Error> {
        if is_of_type(&body, "environmentType", AwsAccount::TYPE) {
            serde_json::from_value(body).map(Self::AwsAccount)
        } else {
            Ok(Self::Other(body))
        }
    }
}

impl From<EnvironmentData> for Value {
    fn from(data: EnvironmentData) -> Self {
        match data {
            EnvironmentData::AwsAccount(account) => to_value(&account),
            EnvironmentData::Other(body) => body,
        }
    }
}

/// JSON of a model type. These serialize without fail: no map with keys that are not strings.
pub(super) fn to_value(model: &impl Serialize) -> Value {
    serde_json::to_value(model).unwrap_or_default()
}

impl SecurityConnector {
    /// Without the fields that the service sets.
    #[must_use]
    pub fn without_read_only(mut self) -> Self {
        self.id = None;
        for name in READ_ONLY {
            self.other.remove(name);
        }
        self.properties
            .other
            .remove("hierarchyIdentifierTrialEndDate");
        if let Some(EnvironmentData::AwsAccount(account)) = &mut self.properties.environment_data {
            account.other.remove("accountName");
        }
        for offering in self.properties.offerings.iter_mut().flatten() {
            offering.remove_description();
        }
        self
    }

    /// The body to send.
    pub fn body(&self) -> Value {
        to_value(self)
    }
}
