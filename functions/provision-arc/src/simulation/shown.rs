//! How things look on the wire.

use serde_json::{Value, json};
use testkit::aws_wire::ACCOUNT;

use super::automation::{Batch, Status};
use super::aws::id;

/// A batch in a list.
pub(super) fn listed(batch: &Batch) -> Value {
    let maps: Vec<Value> = batch
        .instances
        .iter()
        .map(|number| json!({"InstanceId": [id(*number)]}))
        .collect();
    json!({"AutomationExecutionId": batch.id, "DocumentName": "DefenderConnector-ApplyArcTags",
           "AutomationExecutionStatus": "InProgress", "TargetMaps": maps})
}

/// A status in Systems Manager's words.
pub(super) fn word(status: &Status) -> &'static str {
    match status {
        Status::UnderWay => "InProgress",
        Status::Success => "Success",
        Status::Failed => "Failed",
    }
}

/// The four tags of an instance, as EC2 shows them.
pub(super) fn four_tags(id: &str) -> String {
    [
        ("AccountId", ACCOUNT),
        ("Cloud", "AWS"),
        ("InstanceId", id),
        ("MDFCSecurityConnector", "true"),
    ]
    .map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>"))
    .concat()
}
