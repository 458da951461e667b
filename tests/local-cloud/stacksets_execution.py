"""StackSets: what an operation does with one instance, and what becomes of the instance.

Suspended accounts are skipped, closed ones and those on their way there with them (SKIPPED_SUSPENDED_ACCOUNT). Whether
a delete that skips leaves the instance is not documented: switch ``suspendedInstancesAreDeleted``. Of an account that
leaves the organization AWS documents that its stacks are deleted, and that its service-linked role may be deleted from
then on; whether the stacks always can be is the switch ``departedStacksCanBeDeleted``.
"""

import time

import organizations_view
import stacksets
import stacksets_deployment
import stacksets_events
import switches

_SUSPENDED = ("SUSPENDED", "PENDING_CLOSURE", "CLOSED")
_NO_GATE = "Function not found: arn:aws:lambda:{}:{}:function:AWSCloudFormationStackSetAccountGate"


def cancel(operation: stacksets.Operation, result: stacksets.Result, reason: str) -> None:
    """An instance that the operation does not come to."""
    with stacksets.lock:
        result.status = result.instance.detailed_status = "CANCELLED"
        result.reason = result.instance.reason = reason
    stacksets_events.instance_changed(operation, result.instance)


def _skipped(stack_set: stacksets.StackSet, account: str) -> bool:
    found = organizations_view.account(account) if stack_set.service_managed else None
    return found is not None and found.state in _SUSPENDED


def _departed(stack_set: stacksets.StackSet, account: str) -> bool:
    return stack_set.service_managed and organizations_view.management_account(account) != stack_set.account


def _work(operation: stacksets.Operation, instance: stacksets.Instance) -> None:
    stack_set, departed = operation.stack_set, _departed(operation.stack_set, instance.account)
    if operation.action == "DELETE":
        if operation.retain_stacks:
            return
        if departed and not switches.get("departedStacksCanBeDeleted"):
            raise stacksets_deployment.DeploymentFailed(f"Account {instance.account} is not in the organization")
        stacksets_deployment.remove(stack_set, instance)
    elif departed:
        raise stacksets_deployment.DeploymentFailed(f"Account {instance.account} is not in the organization")
    elif instance in stack_set.instances:
        stacksets_deployment.deploy(stack_set, instance)


def _take_in(operation: stacksets.Operation, instance: stacksets.Instance) -> None:
    """A delete before this operation in the queue may have taken the instance away."""
    if operation.action == "CREATE" and instance not in operation.stack_set.instances:
        operation.stack_set.instances.append(instance)


def carry_out(operation: stacksets.Operation, result: stacksets.Result) -> None:
    """Bring one instance to what the operation wants. Blocks: worker threads only."""
    instance = result.instance
    with stacksets.lock:
        _take_in(operation, instance)
        result.status = instance.detailed_status = "RUNNING"
        result.gate_reason = _NO_GATE.format(instance.region, instance.account)
    stacksets_events.instance_changed(operation, instance)
    time.sleep(switches.get("stackInstanceSeconds"))
    detailed, reason = "SUCCEEDED", ""
    if _skipped(operation.stack_set, instance.account):
        detailed = "SKIPPED_SUSPENDED_ACCOUNT"
    else:
        try:
            _work(operation, instance)
        except Exception as problem:  # any failure is this instance's, whatever caused it
            detailed, reason = "FAILED", str(problem)
    _settle(operation, result, detailed, reason)


def _settle(operation: stacksets.Operation, result: stacksets.Result, detailed: str, reason: str) -> None:
    instance = result.instance
    with stacksets.lock:
        result.status = "FAILED" if detailed == "FAILED" else "SUCCEEDED"
        result.reason = instance.reason = reason
        if result.status == "FAILED" and not instance.stack_id:
            result.gate_reason = reason
        if operation.action == "DELETE":
            _settle_delete(operation, instance, detailed)
        else:
            instance.status = "CURRENT" if detailed == "SUCCEEDED" else "OUTDATED"
            instance.detailed_status = detailed
    stacksets_events.instance_changed(operation, instance)


def _settle_delete(operation: stacksets.Operation, instance: stacksets.Instance, detailed: str) -> None:
    if detailed == "FAILED":
        instance.status = instance.detailed_status = "INOPERABLE"
        return
    instance.detailed_status = detailed
    stays = (detailed != "SUCCEEDED" and not operation.retain_stacks
             and not switches.get("suspendedInstancesAreDeleted"))
    if not stays and instance in operation.stack_set.instances:
        operation.stack_set.instances.remove(instance)
