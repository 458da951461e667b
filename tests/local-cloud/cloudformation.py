"""CloudFormation: what happens to the resources of an operation that failed, and in what order stacks come apart.

* A custom resource (or a nested stack) whose Create failed is deleted in the rollback, first of all, under the
  physical id that it is known by; with the rollback disabled it stays in the stack for a later DeleteStack.
* A resource that could not be deleted keeps everything it depends on, directly or not, so that a later delete can
  succeed (switch ``failedDeleteKeepsDependencies``); the stack ends in DELETE_FAILED, or ROLLBACK_FAILED after a
  Create ("Stack creation events").

``cloudformation_update`` plays updates, ``cloudformation_nested`` nested stacks.
"""

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, handlers, provisioners, stacks

import emulator
import switches
from custom_resource import CustomResourceFailed

STACK_TYPE = "AWS::CloudFormation::Stack"

emulator.require(cloudformation, "_stacks", "_stack_events", "_exports")
emulator.require(engine, "_topological_sort")
emulator.require(provisioners, "_delete_resource")
emulator.require(stacks, "_add_event", "_resource_policy", "_with_dependencies", "_snapshot_resource",
                 "_RETAINING_POLICIES")


class NestedStackFailed(RuntimeError):
    """A nested stack that exists, in a failed state; ``physical_id`` is its id."""

    def __init__(self, child: dict, done: str, why: str):
        self.physical_id = child["StackId"]
        super().__init__(f"Embedded stack {self.physical_id} was not successfully {done}{why}")


def failed_to(verb: str, failed: list[str]) -> str:
    """CloudFormation's words for resources that failed."""
    return f"The following resource(s) failed to {verb}: [{', '.join(sorted(failed))}]. "


def order(stack: dict) -> list[str]:
    """The logical ids of a stack's resources, each after those that it depends on."""
    resources, template = stack.get("_resources", {}), stack.get("_template") or {}
    try:
        known = engine._topological_sort(template.get("Resources", {}), stack.get("_conditions", {}))
    except ValueError:
        known = []
    # What the template no longer names has no dependents left and goes first.
    return known + [logical_id for logical_id in resources if logical_id not in known]


def _policy(stack: dict, logical_id: str) -> str:
    template = stack.get("_template") or {}
    definition = template.get("Resources", {}).get(logical_id)
    return stacks._resource_policy(
        definition, "DeletionPolicy", stack["_resources"], stack.get("_resolved_params", {}),
        stack.get("_conditions", {}), template.get("Mappings", {}), stack["StackName"], stack["StackId"])


def add_event(stack: dict, record: dict, status: str, reason: str = "") -> None:
    """An event of one resource, of which ``record`` says what it is."""
    stacks._add_event(stack["StackId"], stack["StackName"], record["LogicalResourceId"], record.get("ResourceType", ""),
                      status, reason, record.get("PhysicalResourceId", ""))


def delete_one(stack: dict, record: dict) -> None:
    """Delete one physical resource, with its events; what goes wrong is an event, and raised."""
    add_event(stack, record, "DELETE_IN_PROGRESS")
    try:
        provisioners._delete_resource(record.get("ResourceType", ""), record.get("PhysicalResourceId", ""),
                                      record.get("Properties", {}), stack["StackName"], record["LogicalResourceId"])
    except Exception as problem:  # any handler's failure is this resource's DELETE_FAILED
        add_event(stack, record, "DELETE_FAILED", str(problem))
        raise
    add_event(stack, record, "DELETE_COMPLETE")


def delete_resources(stack: dict, only: set | None = None, retain=frozenset(),
                     retaining_policies=stacks._RETAINING_POLICIES) -> list[str]:
    """Delete a stack's resources, dependents first; the logical ids that failed. Blocks: worker threads only."""
    resources = stack["_resources"]
    definitions = (stack.get("_template") or {}).get("Resources", {})
    failed, needed = [], set()
    for logical_id in reversed(order(stack)):
        record = resources.get(logical_id)
        if record is None or logical_id in needed or (only is not None and logical_id not in only):
            continue
        try:
            policy = _policy(stack, logical_id)
            if logical_id in retain or policy in retaining_policies:
                add_event(stack, record, "DELETE_SKIPPED")
            else:
                if policy == "Snapshot" and only is None:
                    stacks._snapshot_resource(record.get("ResourceType", ""), record.get("PhysicalResourceId", ""),
                                              record.get("Properties", {}))
                delete_one(stack, record)
            resources.pop(logical_id, None)
        except Exception as problem:
            record.update(ResourceStatus="DELETE_FAILED", ResourceStatusReason=str(problem), Timestamp=now_iso())
            failed.append(logical_id)
            if switches.get("failedDeleteKeepsDependencies"):
                needed |= stacks._with_dependencies([logical_id], definitions, set(resources)) - {logical_id}
    return failed


def set_status(stack: dict, status: str, reason: str = "") -> None:
    """A stack's new status, and its event."""
    stack["StackStatus"], stack["StackStatusReason"] = status, reason
    stacks._add_event(stack["StackId"], stack["StackName"], stack["StackName"], STACK_TYPE, status, reason,
                      stack["StackId"])


def _delete_leftover(stack: dict) -> list[str]:
    """Delete what a way back that failed has not come to; the logical ids that failed."""
    failed = []
    for record in stack.pop("_clean_up", []):
        try:
            delete_one(stack, record)
        except Exception:  # has its event; the next DeleteStack tries again
            failed.append(record)
    if failed:
        stack["_clean_up"] = failed
    return [record["LogicalResourceId"] for record in failed]


def delete_whole(stack: dict, retain=frozenset()) -> list[str]:
    """Delete what a stack has, its exports too; the logical ids that failed. Blocks: worker threads only."""
    if failed := _delete_leftover(stack) + delete_resources(stack, retain=retain):
        set_status(stack, "DELETE_FAILED", failed_to("delete", failed))
        return failed
    for output in stack.get("Outputs", []):
        cloudformation._exports.pop(output.get("ExportName"), None)
    set_status(stack, "DELETE_COMPLETE")
    return []


def _delete_stack(inner):
    async def delete(stack_name, stack_id, retain_resources=(), force=False):
        stack = cloudformation._stacks.get(stack_name)
        if force or not stack:
            await inner(stack_name, stack_id, retain_resources, force=force)
        else:
            set_status(stack, "DELETE_IN_PROGRESS")
            await run_reentrant(lambda: delete_whole(stack, frozenset(retain_resources)))
    return delete


def created_by(stack: dict, operation: dict) -> list[str]:
    """The logical ids that an operation has dealt with, the one whose Create failed halfway included."""
    failed_id, created = operation.get("failed_logical_id"), list(operation.get("created", []))
    failed_record = stack.get("_resources", {}).get(failed_id) or {}
    if failed_record.get("ResourceStatus") == "CREATE_FAILED" and failed_id not in created:
        created.append(failed_id)
    return created


def _roll_back(inner):
    async def roll_back(stack_name, stack_id, stack, operation, reason_override=""):
        if operation.get("is_update") or operation.get("imports"):
            await inner(stack_name, stack_id, stack, operation, reason_override)
            return
        created, failed_id = created_by(stack, operation), operation.get("failed_logical_id")
        stack.pop("_failed_operation", None)
        reason = failed_to("create", [failed_id]) if failed_id else ""
        set_status(stack, "ROLLBACK_IN_PROGRESS", reason_override or f"{reason}Rollback requested by user.")
        # RetainExceptOnCreate, as policy or as parameter, does not hold for the rollback of a Create.
        retaining = () if operation.get("retain_except_on_create") else ("Retain",)
        failed = await run_reentrant(
            lambda: delete_resources(stack, only=set(created), retaining_policies=retaining))
        if failed:
            set_status(stack, "ROLLBACK_FAILED", failed_to("delete", failed))
        else:
            set_status(stack, "ROLLBACK_COMPLETE")
    return roll_back


def _provision(inner):
    def provision(resource_type, logical_id, props, stack_name):
        try:
            return inner(resource_type, logical_id, props, stack_name)
        except (CustomResourceFailed, NestedStackFailed) as failure:
            stack = cloudformation._stacks.get(stack_name)
            if stack is not None:
                stack.setdefault("_resources", {}).setdefault(logical_id, {
                    "PhysicalResourceId": failure.physical_id, "ResourceType": resource_type,
                    "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": str(failure),
                    "LogicalResourceId": logical_id, "Properties": props, "Attributes": {}, "Timestamp": now_iso()})
            raise
    return provision


def install() -> None:
    """Replace the parts of the stack engine that differ."""
    delete = _delete_stack(stacks._delete_stack_async)
    roll_back = _roll_back(stacks._roll_back_operation)
    for module in (stacks, handlers):
        emulator.replace(module, "_delete_stack_async", delete)
        emulator.replace(module, "_roll_back_operation", roll_back)
    provision = _provision(provisioners._provision_resource)
    for module in (stacks, provisioners):
        emulator.replace(module, "_provision_resource", provision)
