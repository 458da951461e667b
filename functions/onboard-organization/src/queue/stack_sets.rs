//! Events of stack sets: a member's stack has changed.

use serde_json::Value;

use super::event::{Event, Own};

/// How `EventBridge` names them.
pub(super) const DETAIL_TYPE: &str = "CloudFormation StackSet StackInstance Status Change";

/// The one status that something may follow from. A stack that failed is not looked at for that: the
/// look would have it made again, and that would fail and be an event.
const SUCCEEDED: &str = "SUCCEEDED";

pub(super) fn read(detail: &Value, own: &Own) -> Result<Event, String> {
    let text = |name: &str| detail[name].as_str().unwrap_or_default();
    let status = &detail["status-details"]["detailed-status"];
    if status != SUCCEEDED {
        return Err("the stack has not succeeded".to_owned());
    }
    let ours = [
        "arn",
        own.partition.as_str(),
        "cloudformation",
        own.region.as_str(),
        own.account.as_str(),
    ]
    .join(":");
    let name = text("stack-set-arn")
        .strip_prefix(&ours)
        .and_then(|rest| rest.strip_prefix(":stackset/"))
        .and_then(|rest| rest.split(':').next())
        .ok_or("its stack set is not this account's")?;
    // The event's own account is that of the stack set.
    let account = text("stack-id").split(':').nth(4).unwrap_or_default();
    let account = account
        .parse()
        .map_err(|_| "it names no stack".to_owned())?;
    Ok(Event {
        account,
        stack_set: Some(name.to_owned()),
    })
}
