//! The Arc machine that Defender makes for an EC2 instance.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::aws_instances::{AwsInstance, AwsNode};
use super::super::clock::now_rfc3339;
use super::super::paths::machine_path;
use super::super::switches::ArcProvisioning;
use super::arc_provisioning::Due;

/// The id of the machine of an instance, in the connector's resource group and under the
/// instance's own name.
pub(super) fn id(due: &Due, instance: &AwsInstance) -> String {
    machine_path(&due.subscription, &due.group, &instance.id)
}

/// A machine whose agent has just connected.
pub(super) fn document(
    due: &Due,
    instance: &AwsInstance,
    node: &AwsNode,
    arc: &ArcProvisioning,
) -> Value {
    json!({
        "id": id(due, instance),
        "name": instance.id,
        "type": "Microsoft.HybridCompute/machines",
        "location": due.location,
        "tags": tags(due, instance, arc),
        "identity": {
            "type": "SystemAssigned",
            "principalId": Uuid::new_v4(),
            "tenantId": due.tenant_id,
        },
        "properties": {
            "provisioningState": "Succeeded",
            "status": status(Some(node)),
            "lastStatusChange": now_rfc3339(),
            "vmId": Uuid::new_v4(),
            "displayName": instance.id,
            "osType": node.platform_type.to_lowercase(),
            "osName": node.platform_name,
            "osVersion": node.platform_version,
            "cloudMetadata": { "provider": "AWS" },
        },
    })
}

/// The agent is heard of as long as Systems Manager hears of the instance.
pub(super) fn status(node: Option<&AwsNode>) -> &'static str {
    match node {
        Some(node) if node.ping == "Online" => "Connected",
        _ => "Disconnected",
    }
}

fn tags(due: &Due, instance: &AwsInstance, arc: &ArcProvisioning) -> Map<String, Value> {
    let filled = |value: &String| {
        value
            .replace("${AccountId}", &due.account)
            .replace("${InstanceId}", &instance.id)
            .replace("${ConnectorId}", &due.connector_id)
    };
    arc.tags
        .iter()
        .map(|(key, value)| (key.clone(), filled(value).into()))
        .collect()
}
