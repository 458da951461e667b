//! Behaviours that Microsoft leaves open, or that tests play both ways.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod discovery;

pub use discovery::{DirectWrites, Discovery, MeetsStandalone, ParentHierarchyId};

/// How the double behaves where the service is undocumented.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Switches {
    /// A second connector for an AWS account that has one.
    pub duplicate_connectors: DuplicateConnectors,
    /// What deleting an existing connector answers: 200 or 204. An absent one is always 204.
    pub delete_answers: u16,
    /// Entries on a page of a list.
    pub page_size: usize,
    /// Lists begin with a page that holds nothing but a link to the next.
    pub empty_first_page: bool,
    /// Whether Defender looks into the AWS account before it accepts a connector.
    pub look_into_aws: bool,
    /// How long a PUT or PATCH takes that Resource Manager has let through: Defender looks into AWS
    /// within the call.
    pub put_seconds: f64,
    /// PUT and DELETE answer 202 and go on in the background.
    pub asynchronous_writes: Option<AsynchronousWrites>,
    /// Readers are shown defaults for what an offering lacks: features that are off, switches,
    /// empty configurations, descriptions. What comes back like that is not kept.
    pub fills_defaults: bool,
    /// The form in which `subPlan` is kept and shown.
    pub sub_plan_form: SubPlanForm,
    /// How Arc auto-provisioning goes.
    pub arc: ArcProvisioning,
    /// How the members of an organization come to their connectors.
    pub discovery: Discovery,
}

/// What Microsoft leaves open of Arc auto-provisioning.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArcProvisioning {
    /// Whether Defender looks at the account as soon as a connector is written, beside every time
    /// that it is told to.
    pub on_write: bool,
    /// The tags that it writes on a machine: the keys are documented, their values are not, nor is
    /// whether it always writes them. `${AccountId}`, `${InstanceId}` and `${ConnectorId}` stand
    /// for themselves.
    pub tags: BTreeMap<String, String>,
    /// Whether it leaves out instances without the four tags in EC2. Nothing proves that it looks
    /// at them.
    pub needs_ec2_tags: bool,
    /// Whether an instance without an instance profile will do, managed by Default Host Management.
    pub takes_host_management: bool,
}

/// How the service writes the sub-plan of Defender for Servers.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SubPlanForm {
    /// `{"type": "P2"}`; nothing else is taken.
    Object,
    /// `"P2"`; the object is taken too, and turned into the string.
    String,
}

/// Whether the service takes a second connector for one AWS account.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DuplicateConnectors {
    /// Both are kept.
    Accept,
    /// The second is a 400.
    Refuse,
}

/// How a write that answers 202 goes on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AsynchronousWrites {
    /// So many polls find the operation unfinished.
    pub polls: u32,
    /// How it ends; the write shows its effect only then.
    pub outcome: Outcome,
    /// Which header names the place to poll.
    pub announced_by: Announcement,
    /// Sent with every unfinished answer.
    pub retry_after_seconds: u64,
}

/// How an operation in the background ends.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// The write took effect.
    Succeeded,
    /// It did not, and the status says why.
    Failed,
    /// It was called off.
    Canceled,
}

/// The header by which a 202 names the place to poll.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Announcement {
    /// `Azure-AsyncOperation`: a document with a status.
    AzureAsyncOperation,
    /// `Location`: 202 until done.
    Location,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            duplicate_connectors: DuplicateConnectors::Refuse,
            delete_answers: 204,
            page_size: 100,
            empty_first_page: false,
            look_into_aws: true,
            put_seconds: 0.0,
            asynchronous_writes: None,
            fills_defaults: true,
            sub_plan_form: SubPlanForm::Object,
            arc: ArcProvisioning::default(),
            discovery: Discovery::default(),
        }
    }
}

impl Default for ArcProvisioning {
    fn default() -> Self {
        let tags = [
            ("AccountId", "${AccountId}"),
            ("Cloud", "AWS"),
            ("InstanceId", "${InstanceId}"),
            ("MDFCSecurityConnector", "true"),
        ];
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Self {
            on_write: true,
            tags: tags.map(owned).into(),
            needs_ec2_tags: false,
            takes_host_management: true,
        }
    }
}

impl Default for AsynchronousWrites {
    fn default() -> Self {
        Self {
            polls: 1,
            outcome: Outcome::Succeeded,
            announced_by: Announcement::AzureAsyncOperation,
            retry_after_seconds: 1,
        }
    }
}

impl Switches {
    /// These switches with some of them set anew; the rest stay as they are.
    pub(crate) fn changed_by(&self, change: Value) -> Result<Self, String> {
        let Value::Object(change) = change else {
            return Err("switches are a JSON object".to_owned());
        };
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Value::Object(all) = &mut all {
            all.extend(change);
        }
        let switches: Self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        if !matches!(switches.delete_answers, 200 | 204) {
            return Err("deleteAnswers is 200 or 204".to_owned());
        }
        if switches.page_size == 0 {
            return Err("pageSize is at least 1".to_owned());
        }
        discovery::seconds("putSeconds", switches.put_seconds)?;
        switches.discovery.check()?;
        Ok(switches)
    }

    pub(crate) fn put_pause(&self) -> Duration {
        discovery::seconds("", self.put_seconds).unwrap_or_default()
    }
}
