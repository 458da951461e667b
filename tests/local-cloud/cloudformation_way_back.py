"""CloudFormation: the way back from an update that failed.

* First every resource that was updated gets an Update with its old properties, a nested stack the same within. AWS does
  not document the order; published events of nested stacks show that of any update: what others depend on comes
  first, and the clean-up runs the other way round.
* Then what the update had made is deleted in a clean-up of its own (UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS),
  which for a nested stack is part of its parent's. What the update would have removed was never touched.
* A nested stack that fails goes back at once; its parent's reason names the status that it then has.
* A resource that does not go back leaves its stack, and all above it, in UPDATE_ROLLBACK_FAILED with nothing deleted,
  for ContinueUpdateRollback.
* A custom resource whose failed Update answered with another physical id is sent back under that id, which is
  deleted if the way back leaves it. One that was replaced gets no Update, only the Delete of the new id, as any
  replaced resource; AWS does not say.
"""

import copy

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, handlers, provisioners, stacks

import emulator
from cloudformation import STACK_TYPE, add_event, created_by, failed_to, order, set_status
from cloudformation_update import begin, clean_up, is_nested, nested_stack

_RESTORED = ("_resources", "_template", "_template_body", "_resolved_params", "_conditions", "Parameters", "Tags",
             "Outputs")

emulator.require(stacks, "_with_stack_tags", "_sends_back_failed_update", "_NAME_SEED")
emulator.require(provisioners, "_update_resource")
emulator.require(engine, "_evaluate_conditions")


def snapshot(stack: dict) -> dict:
    """What a stack goes back to."""
    return {name: copy.deepcopy(stack[name]) for name in _RESTORED if name in stack}


def _send_custom_or_plain(stack: dict, step: dict, record: dict) -> str:
    """One Update with the old properties; the physical id afterwards."""
    claimed = stack.get("_claimed_ids", {}).pop(step["LogicalResourceId"], None)
    known_id = claimed or step["PhysicalResourceId"]
    token = stacks._NAME_SEED.set(record.get("_name_seed", ""))
    try:
        new_id, attributes = provisioners._update_resource(
            step["ResourceType"], known_id, step["RevertFrom"], step["RevertTo"], stack["StackName"],
            step["LogicalResourceId"], step["Attributes"])
    finally:
        stacks._NAME_SEED.reset(token)
    if claimed and new_id != claimed:
        stack["_clean_up"].append({**step, "PhysicalResourceId": claimed, "Properties": step["RevertFrom"]})
    record["PhysicalResourceId"] = new_id
    record["Attributes"] = {**record.get("Attributes", {}), **(attributes or {})}
    return new_id


def _send_back(stack: dict, step: dict, record: dict) -> None:
    """Bring one resource back, with its events; ``record`` is what the stack goes back to."""
    child = nested_stack(step["PhysicalResourceId"]) if step["ResourceType"] == STACK_TYPE else None
    if step["RevertFrom"] is not None and step["RevertFrom"] != step["RevertTo"]:
        add_event(stack, step, "UPDATE_IN_PROGRESS")
        try:
            if child is None:
                step = {**step, "PhysicalResourceId": _send_custom_or_plain(stack, step, record)}
            elif not _nested_back(child):
                raise RuntimeError(f"Embedded stack {child['StackId']} was not successfully updated. "
                                   f"Currently in {child['StackStatus']} with reason: {child['StackStatusReason']}")
        except Exception as problem:  # any handler's failure is this resource's UPDATE_FAILED
            add_event(stack, step, "UPDATE_FAILED", str(problem))
            raise
    record.update(ResourceStatus="UPDATE_COMPLETE", Timestamp=now_iso())
    add_event(stack, step, "UPDATE_COMPLETE")


def _nested_back(child: dict) -> bool:
    operation = child.pop("_operation", None) or child.pop("_failed_operation", None)
    if operation:
        return go_back(child, operation, "")
    if "_rollback_failed" not in child:
        return True
    set_status(child, "UPDATE_ROLLBACK_IN_PROGRESS")
    return continue_back(child)


def _step(logical_id, kind, physical_id, applied, previous, attributes) -> dict:
    return {"LogicalResourceId": logical_id, "ResourceType": kind, "PhysicalResourceId": physical_id,
            "RevertFrom": applied, "RevertTo": previous, "Attributes": attributes}


def _steps(stack: dict, operation: dict, before: dict) -> list[dict]:
    """What has to go back, in the order it was done; what is new goes to the clean-up."""
    steps, replaced = [], set(operation.get("replaced_ids", []))

    def tagged(record, tags):
        return stacks._with_stack_tags(record["ResourceType"], record.get("Properties", {}), tags or [],
                                       stack["StackName"], stack["StackId"], record["LogicalResourceId"])

    for logical_id in created_by(stack, operation):
        record, old = stack["_resources"].get(logical_id), before.get(logical_id)
        if record is None:
            continue
        physical_id = record["PhysicalResourceId"]
        if old is None or old["PhysicalResourceId"] != physical_id or logical_id in replaced:
            stack["_clean_up"].append(record)
            continue
        applied, previous = tagged(record, operation.get("stack_tags")), tagged(old, operation.get("previous_tags"))
        if applied != previous:
            steps.append(_step(logical_id, record["ResourceType"], physical_id, applied, previous,
                               record.get("Attributes", {})))
    if failed := operation.get("failed_update"):
        step = _step(*failed)
        # A type's handler leaves things as they were when it fails; a function may have come half of the way.
        if not stacks._sends_back_failed_update(step["ResourceType"]):
            step["RevertFrom"] = None
        steps.append(step)
    return steps


def _end(stack: dict, failed: dict) -> bool:
    """After all steps: on to the clean-up, or to UPDATE_ROLLBACK_FAILED."""
    if failed:
        stack["_rollback_failed"] = failed
        set_status(stack, "UPDATE_ROLLBACK_FAILED", failed_to("update", list(failed)))
        return False
    set_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    if not is_nested(stack):
        clean_up(stack, "UPDATE_ROLLBACK_COMPLETE")
    return True


def go_back(stack: dict, operation: dict, reason: str) -> bool:
    """Take an update back; whether that worked. Blocks: worker threads only."""
    stack.pop("_failed_operation", None)
    set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    previous = operation["previous_stack"]
    begin(stack, previous)
    stack["_order_before"] = order({
        "_resources": stack["_resources"], "_template": operation["template"],
        "_conditions": engine._evaluate_conditions(operation["template"], operation["param_values"])})
    before = previous.get("_resources", {})
    failed = {}
    for step in _steps(stack, operation, before):
        try:
            _send_back(stack, step, before[step["LogicalResourceId"]])
        except Exception:  # has its event
            failed[step["LogicalResourceId"]] = step
    stack.update({name: previous[name] for name in _RESTORED if name in previous})
    return _end(stack, failed)


def continue_back(stack: dict, skip=frozenset()) -> bool:
    """Try again what did not go back; whether it did now. Blocks: worker threads only."""
    failed = {}
    for logical_id, step in stack.pop("_rollback_failed", {}).items():
        if logical_id in skip:
            add_event(stack, step, "UPDATE_COMPLETE", "Resource rollback skipped by user")
            continue
        try:
            _send_back(stack, step, stack["_resources"][logical_id])
        except Exception:  # has its event
            failed[logical_id] = step
    return _end(stack, failed)


def _reason(operation: dict) -> str:
    if operation.get("cancelled"):
        return "User Initiated"
    failed_id, updated = operation.get("failed_logical_id"), operation.get("failed_update") is not None
    return failed_to("update" if updated else "create", [failed_id]) if failed_id else "Rollback requested"


def _roll_back(inner):
    async def roll_back(stack_name, stack_id, stack, operation, reason_override=""):
        if not operation.get("is_update") or not operation.get("previous_stack") or operation.get("imports"):
            await inner(stack_name, stack_id, stack, operation, reason_override)
        else:
            await run_reentrant(go_back, stack, operation, reason_override or _reason(operation))
    return roll_back


async def _continue(stack_name, _stack_id, resources_to_skip):
    stack = cloudformation._stacks.get(stack_name)
    if stack:
        set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        await run_reentrant(continue_back, stack, resources_to_skip)


def install() -> None:
    """Take every roll-back of an update."""
    roll_back = _roll_back(stacks._roll_back_operation)
    for module in (stacks, handlers):
        emulator.replace(module, "_roll_back_operation", roll_back)
        emulator.replace(module, "_continue_update_rollback_async", _continue)
