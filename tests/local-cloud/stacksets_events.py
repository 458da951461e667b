"""StackSets: the EventBridge events of a stack set, on the default bus of the administrator account.

"StackSets events" in the CloudFormation guide: every change of an instance's status or detailed status, and of an
operation's status.
"""

import service_events
import stacksets

_INSTANCE, _OPERATION = (f"CloudFormation StackSet {subject} Status Change" for subject in
                         ("StackInstance", "Operation"))


def _put(stack_set: stacksets.StackSet, kind: str, detail: dict) -> None:
    service_events.put(stack_set.account, stack_set.region, "aws.cloudformation", kind,
                       {"stack-set-arn": stack_set.arn, **detail}, [stack_set.arn])


def instance_changed(operation: stacksets.Operation, instance: stacksets.Instance) -> None:
    """Tell of an instance's new status."""
    _put(operation.stack_set, _INSTANCE, {
        "stack-id": instance.stack_id or "", "action": operation.action,
        "status-details": {"status": instance.status, "status-reason": instance.reason,
                           "detailed-status": instance.detailed_status}})


def operation_changed(operation: stacksets.Operation) -> None:
    """Tell of an operation's new status."""
    _put(operation.stack_set, _OPERATION, {
        "stack-set-operation-id": operation.id, "status-details": {"status": operation.status}})
