"""CloudFormation: an update, first what can be taken back, then its clean-up.

* Removed and replaced resources are deleted in the clean-up (UPDATE_COMPLETE_CLEANUP_IN_PROGRESS), once everything else
  has succeeded, dependents first. After three attempts CloudFormation lets go of a resource, and the stack's reason
  says so ("Monitor the progress of a stack update").
* A nested stack waits for the clean-up of its parent: CloudFormation "doesn't start cleaning up nested stack resources
  until all nested stacks have been updated or have been rolled back" ("Troubleshooting CloudFormation").
* A resource that an update adds has the events of a Create, one that it leaves as it is has none.
"""

from ministack.core.concurrency import run_reentrant
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, provisioners, stacks

import emulator
from cloudformation import STACK_TYPE, add_event, delete_one, failed_to, order, set_status
from custom_resource import CustomResourceFailed

CLEAN_UP_ATTEMPTS = 3
_LEFT_BEHIND = "One or more resources could not be deleted."
_OF_A_NEW_RESOURCE = {f"UPDATE_{end}": f"CREATE_{end}" for end in ("IN_PROGRESS", "COMPLETE", "FAILED")}

emulator.require(stacks, "_failed_operation")


def is_nested(stack: dict) -> bool:
    """Whether a stack is part of another one."""
    return "_parent_stack_name" in stack


def nested_stack(physical_id: str) -> dict | None:
    """The stack behind a resource of type AWS::CloudFormation::Stack."""
    return cloudformation._stacks.get(provisioners._nested_stack_lookup_name(physical_id))


def keeps_failure(stack: dict) -> bool:
    """Whether the operation, begun at the top, was asked to leave a failure as it is (DisableRollback)."""
    while is_nested(stack):
        stack = cloudformation._stacks[stack["_parent_stack_name"]]
    return stack.get("_keeps_failure", False)


def begin(stack: dict, previous: dict) -> None:
    """Collect from now on what the clean-up will delete; ``_clean_up`` is there as long as a clean-up is due."""
    stack["_clean_up"] = []
    stack["_known_before"] = list(previous.get("_resources", {}))
    stack["_order_before"] = order(previous)


def settle(stack: dict) -> None:
    """No clean-up is due any more."""
    for name in ("_clean_up", "_known_before", "_order_before", "_operation"):
        stack.pop(name, None)


def _delete(inner):
    def delete(resource_type, physical_id, props, stack_name=None, logical_id=None):
        stack = cloudformation._stacks.get(stack_name) or {}
        if stack.get("StackStatus") != "UPDATE_IN_PROGRESS" or "_clean_up" not in stack:
            inner(resource_type, physical_id, props, stack_name, logical_id)
            return
        stack["_clean_up"].append({"LogicalResourceId": logical_id, "ResourceType": resource_type,
                                   "PhysicalResourceId": physical_id, "Properties": props})
    return delete


def _deleted(stack: dict, record: dict) -> bool:
    for _ in range(CLEAN_UP_ATTEMPTS):
        try:
            delete_one(stack, record)
            return True
        except Exception:  # every attempt has its event
            continue
    return False


def clean_up(stack: dict, last_status: str) -> None:
    """Delete what an operation left over, nested stacks' too, and end it. Blocks: worker threads only."""
    after = {logical_id: place for place, logical_id in enumerate(stack["_order_before"])}
    due = [(record["LogicalResourceId"], record) for record in stack["_clean_up"]]
    for logical_id, record in stack["_resources"].items():
        if record.get("ResourceType") == STACK_TYPE:
            child = nested_stack(record["PhysicalResourceId"])
            if child and "_clean_up" in child:
                due.append((logical_id, child))
    left_behind = False
    for logical_id, subject in sorted(due, key=lambda entry: after.get(entry[0], len(after)), reverse=True):
        if "StackId" in subject:
            clean_up(subject, last_status)
            add_event(stack, stack["_resources"][logical_id], "UPDATE_COMPLETE")
        elif not _deleted(stack, subject):
            left_behind = True
    settle(stack)
    done = "Update successful. " if last_status == "UPDATE_COMPLETE" else ""
    set_status(stack, last_status, f"{done}{_LEFT_BEHIND}" if left_behind else "")


def _deploy(inner):
    async def deploy(stack_name, stack_id, template, param_values, disable_rollback, tags, is_update=False,
                     previous_stack=None, **options):
        stack = cloudformation._stacks[stack_name]
        if not is_nested(stack):
            stack["_keeps_failure"] = disable_rollback
        if is_update:
            begin(stack, previous_stack)
        await inner(stack_name, stack_id, template, param_values, disable_rollback, tags, is_update=is_update,
                    previous_stack=previous_stack, **options)
        status = stack["StackStatus"]
        if status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            if status != "UPDATE_ROLLBACK_FAILED":
                settle(stack)
        elif is_nested(stack):
            # As if it had failed after its last resource: what takes it back when the parent fails.
            stack["_operation"] = stacks._failed_operation(
                True, previous_stack, order(stack), None, None, [], False, template, param_values, False,
                stack.get("Tags"), previous_stack.get("Tags"))
        else:
            await run_reentrant(clean_up, stack, "UPDATE_COMPLETE")
    return deploy


def _forget_start(stack: dict, logical_id: str) -> None:
    """Take back the event that announced an update of a resource which turned out unchanged."""
    events = cloudformation._stack_events.get(stack["StackId"], [])
    if events and (events[-1]["LogicalResourceId"], events[-1]["ResourceStatus"]) == (
            logical_id, "UPDATE_IN_PROGRESS"):
        events.pop()
        stack.setdefault("_unchanged", {})[logical_id] = True


def _own_event(stack: dict, status: str, reason: str) -> tuple[str, str]:
    """Status and reason of a stack's own event, as AWS has them."""
    failed_id = (stack.get("_failed_operation") or {}).get("failed_logical_id")
    if status == "UPDATE_COMPLETE" and "_clean_up" in stack:
        status = stack["StackStatus"] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    elif status in ("CREATE_FAILED", "UPDATE_FAILED") and failed_id:
        is_new = failed_id not in stack.get("_known_before", [])
        reason = stack["StackStatusReason"] = failed_to("create" if is_new else "update", [failed_id])
    return status, reason


def _add_event(inner):
    def add(stack_id, stack_name, logical_id, resource_type, status, reason="", physical_id="", **more):
        stack = cloudformation._stacks.get(stack_name) or {}
        if stack.get("_unchanged", {}).pop(logical_id, False) and status == "UPDATE_COMPLETE":
            return
        if physical_id == stack_id:
            status, reason = _own_event(stack, status, reason)
        elif logical_id not in stack.get("_known_before", [logical_id]):
            status = _OF_A_NEW_RESOURCE.get(status, status)
        inner(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, **more)
    return add


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


def install() -> None:
    """Give the stack engine its two phases."""
    emulator.require(provisioners, "_nested_stack_lookup_name")
    deploy = _deploy(stacks._deploy_stack_async)
    for module in (stacks, handlers, changesets):
        emulator.replace(module, "_deploy_stack_async", deploy)
    emulator.replace(stacks, "_delete_resource", _delete(stacks._delete_resource))
    emulator.replace(stacks, "_add_event", _add_event(stacks._add_event))
    emulator.replace(stacks, "_update_resource", _update(stacks._update_resource))
