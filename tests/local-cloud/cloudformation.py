"""CloudFormation: what happens to the resources of an operation that failed, and in what order stacks come apart.

* A custom resource (or a nested stack) whose Create failed is deleted in the rollback, first of all, under the
  physical id that it is known by; with the rollback disabled it stays in the stack for a later DeleteStack.
* A resource that could not be deleted keeps everything it depends on, directly or not, so that a later delete can
  succeed; the stack ends in DELETE_FAILED, or ROLLBACK_FAILED after a Create ("Stack creation events").
* A resource that an update leaves as it is has no events.
* A failed Update of a custom resource that answered with another physical id is sent back under that id, which is
  deleted if the way back leaves it.
"""

import re

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, handlers, provisioners, stacks

import emulator
from custom_resource import CustomResourceFailed

STACK_TYPE = "AWS::CloudFormation::Stack"

emulator.require(cloudformation, "_stacks", "_stack_events", "_exports")
emulator.require(engine, "_topological_sort")
emulator.require(stacks, "_add_event", "_resource_policy", "_with_dependencies", "_delete_resource",
                 "_snapshot_resource", "_RETAINING_POLICIES")


class NestedStackFailed(RuntimeError):
    """A nested stack that exists, in a failed state; ``physical_id`` is its id."""

    def __init__(self, child: dict, done: str, verb: str, failed: list[str]):
        self.physical_id = child["StackId"]
        super().__init__(f"Embedded stack {self.physical_id} was not successfully {done}: "
                         f"The following resource(s) failed to {verb}: [{', '.join(failed)}]. ")


def _failed_to_delete(failed: list[str]) -> str:
    return f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]. "


def _order(stack: dict) -> list[str]:
    resources, template = stack.get("_resources", {}), stack.get("_template") or {}
    try:
        order = engine._topological_sort(template.get("Resources", {}), stack.get("_conditions", {}))
    except ValueError:
        order = []
    # What the template no longer names has no dependents left and goes first.
    return order + [logical_id for logical_id in resources if logical_id not in order]


def _policy(stack: dict, logical_id: str) -> str:
    template = stack.get("_template") or {}
    definition = template.get("Resources", {}).get(logical_id)
    return stacks._resource_policy(
        definition, "DeletionPolicy", stack["_resources"], stack.get("_resolved_params", {}),
        stack.get("_conditions", {}), template.get("Mappings", {}), stack["StackName"], stack["StackId"])


def delete_resources(stack: dict, only: set | None = None, retain=frozenset(),
                     retaining_policies=stacks._RETAINING_POLICIES) -> list[str]:
    """Delete a stack's resources, dependents first; the logical ids that failed. Blocks: worker threads only."""
    stack_id, stack_name, resources = stack["StackId"], stack["StackName"], stack["_resources"]
    definitions = (stack.get("_template") or {}).get("Resources", {})
    failed, needed = [], set()
    for logical_id in reversed(_order(stack)):
        record = resources.get(logical_id)
        if record is None or logical_id in needed or (only is not None and logical_id not in only):
            continue
        kind, physical_id = record.get("ResourceType", ""), record.get("PhysicalResourceId", "")

        def event(status, reason="", logical_id=logical_id, kind=kind, physical_id=physical_id):
            stacks._add_event(stack_id, stack_name, logical_id, kind, status, reason, physical_id)

        try:
            policy = _policy(stack, logical_id)
            if logical_id in retain or policy in retaining_policies:
                event("DELETE_SKIPPED")
            else:
                if policy == "Snapshot" and only is None:
                    stacks._snapshot_resource(kind, physical_id, record.get("Properties", {}))
                event("DELETE_IN_PROGRESS")
                stacks._delete_resource(kind, physical_id, record.get("Properties", {}), stack_name, logical_id)
                event("DELETE_COMPLETE")
            resources.pop(logical_id, None)
        except Exception as problem:  # any handler's failure is this resource's DELETE_FAILED
            event("DELETE_FAILED", str(problem))
            record.update(ResourceStatus="DELETE_FAILED", ResourceStatusReason=str(problem), Timestamp=now_iso())
            failed.append(logical_id)
            needed |= stacks._with_dependencies([logical_id], definitions, set(resources)) - {logical_id}
    return failed


def _set_status(stack: dict, status: str, reason: str = "") -> None:
    stack["StackStatus"], stack["StackStatusReason"] = status, reason
    stacks._add_event(stack["StackId"], stack["StackName"], stack["StackName"], STACK_TYPE, status, reason,
                      stack["StackId"])


def _drop_exports(stack: dict) -> None:
    for output in stack.get("Outputs", []):
        cloudformation._exports.pop(output.get("ExportName"), None)


def _delete_stack(inner):
    async def delete(stack_name, stack_id, retain_resources=(), force=False):
        stack = cloudformation._stacks.get(stack_name)
        if force or not stack:
            await inner(stack_name, stack_id, retain_resources, force=force)
            return
        _set_status(stack, "DELETE_IN_PROGRESS")
        failed = await run_reentrant(lambda: delete_resources(stack, retain=frozenset(retain_resources)))
        if failed:
            _set_status(stack, "DELETE_FAILED", _failed_to_delete(failed))
            return
        _drop_exports(stack)
        _set_status(stack, "DELETE_COMPLETE")
    return delete


def _roll_back(inner):
    async def roll_back(stack_name, stack_id, stack, operation, reason_override=""):
        failed_id = operation.get("failed_logical_id")
        created = operation.setdefault("created", [])
        failed_record = stack.get("_resources", {}).get(failed_id) or {}
        if failed_record.get("ResourceStatus") == "CREATE_FAILED" and failed_id not in created:
            created.append(failed_id)
        if operation.get("is_update") or operation.get("imports"):
            await inner(stack_name, stack_id, stack, operation, reason_override)
            return
        stack.pop("_failed_operation", None)
        reason = f"The following resource(s) failed to create: [{failed_id}]. " if failed_id else ""
        _set_status(stack, "ROLLBACK_IN_PROGRESS", reason_override or f"{reason}Rollback requested by user.")
        # RetainExceptOnCreate, as policy or as parameter, does not hold for the rollback of a Create.
        retaining = () if operation.get("retain_except_on_create") else ("Retain",)
        failed = await run_reentrant(
            lambda: delete_resources(stack, only=set(created), retaining_policies=retaining))
        if failed:
            _set_status(stack, "ROLLBACK_FAILED", _failed_to_delete(failed))
        else:
            _set_status(stack, "ROLLBACK_COMPLETE")
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


def _forget_start(stack: dict, logical_id: str) -> None:
    """Take back the event that announced an update of a resource which turned out unchanged."""
    events = cloudformation._stack_events.get(stack["StackId"], [])
    if events and (events[-1]["LogicalResourceId"], events[-1]["ResourceStatus"]) == (
            logical_id, "UPDATE_IN_PROGRESS"):
        events.pop()
        stack.setdefault("_unchanged", {})[logical_id] = True


def _add_event(inner):
    def add_event(stack_id, stack_name, logical_id, resource_type, status, *details, **more):
        unchanged = (cloudformation._stacks.get(stack_name) or {}).get("_unchanged", {})
        if logical_id in unchanged:
            unchanged.pop(logical_id)
            if status == "UPDATE_COMPLETE":
                return
        inner(stack_id, stack_name, logical_id, resource_type, status, *details, **more)
    return add_event


def _update(inner):
    def update(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None):
        if old_props == new_props and (stack := cloudformation._stacks.get(stack_name)):
            _forget_start(stack, logical_id)
        try:
            return inner(resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)
        except CustomResourceFailed as failure:
            stack = cloudformation._stacks.get(stack_name)
            if stack is not None and failure.physical_id != physical_id:
                stack.setdefault("_claimed_ids", {})[logical_id] = failure.physical_id
            raise
    return update


def _revert(inner):
    async def revert(stack_id, stack_name, logical_id, rtype, physical_id, applied, previous, attrs, record=None):
        stack = cloudformation._stacks.get(stack_name) or {}
        claimed = stack.get("_claimed_ids", {}).pop(logical_id, None)
        await inner(stack_id, stack_name, logical_id, rtype, claimed or physical_id, applied, previous, attrs, record)
        if claimed is None or record is None or record["PhysicalResourceId"] == claimed:
            return
        stacks._add_event(stack_id, stack_name, logical_id, rtype, "DELETE_IN_PROGRESS", physical_id=claimed)
        status, reason = "DELETE_COMPLETE", ""
        try:
            await run_reentrant(stacks._delete_resource, rtype, claimed, applied, stack_name, logical_id)
        except Exception as problem:  # a failed clean-up does not fail the rollback
            status, reason = "DELETE_FAILED", str(problem)
        stacks._add_event(stack_id, stack_name, logical_id, rtype, status, reason, claimed)
    return revert


def _child_of(parent_name: str, logical_id: str, status: str) -> dict | None:
    children = [stack for stack in cloudformation._stacks.values()
                if stack.get("_parent_stack_name") == parent_name and stack["StackStatus"] == status
                and stack["StackName"].startswith(f"{parent_name}-{logical_id}-")]
    return max(children, key=lambda stack: stack["CreationTime"], default=None)


def _nested_create(inner):
    def create(logical_id, props, stack_name):
        try:
            return inner(logical_id, props, stack_name)
        except Exception as problem:
            child = _child_of(stack_name, logical_id, "CREATE_FAILED")
            if child is None:
                raise
            _set_status(child, "CREATE_FAILED", child.get("StackStatusReason", ""))
            failed = re.findall(r"^Resource (\S+) failed", child.get("StackStatusReason", ""))
            raise NestedStackFailed(child, "created", "create", failed) from problem
    return create


def _nested_delete(physical_id, _props):
    child = cloudformation._stacks.get(provisioners._nested_stack_lookup_name(physical_id))
    if not child or child["StackStatus"] == "DELETE_COMPLETE":
        return
    _set_status(child, "DELETE_IN_PROGRESS")
    if failed := delete_resources(child):
        _set_status(child, "DELETE_FAILED", _failed_to_delete(failed))
        raise NestedStackFailed(child, "deleted", "delete", failed)
    _drop_exports(child)
    _set_status(child, "DELETE_COMPLETE")


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
    emulator.replace(stacks, "_add_event", _add_event(stacks._add_event))
    emulator.replace(stacks, "_update_resource", _update(stacks._update_resource))
    emulator.replace(stacks, "_revert_update", _revert(stacks._revert_update))
    emulator.require(provisioners, "_nested_stack_lookup_name")
    nested = provisioners._RESOURCE_HANDLERS[STACK_TYPE]
    nested.update(create=_nested_create(nested["create"]), delete=_nested_delete)
