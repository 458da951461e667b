"""CloudFormation: nested stacks, deployed by the same engine as any other stack.

* A template or parameters that CloudFormation would refuse fail the resource in the parent, and no stack is made.
* A Create that failed leaves the nested stack in CREATE_FAILED until the parent's rollback deletes it; a failed Update
  is taken back at once (``cloudformation_way_back``). Either reason reaches the parent ("Embedded stack ...").
* A nested stack without changes is left alone.
"""

import asyncio

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, helpers, provisioners, stacks

import emulator
from cloudformation import STACK_TYPE, NestedStackFailed, delete_whole, failed_to, set_status
from cloudformation_update import keeps_failure, nested_stack
from cloudformation_way_back import go_back, snapshot

emulator.require(engine, "_evaluate_conditions", "_parse_template", "_resolve_parameters",
                 "validate_template_support")
emulator.require(helpers, "_resolve_template")
emulator.require(provisioners, "_check_nested_stack_capabilities", "_inherited_capabilities", "_tag_map")
emulator.require(provisioners._RESOURCE_HANDLERS, STACK_TYPE)


def _wanted(props: dict, parent_name: str) -> dict:
    """What the properties ask for, as members of a stack's record."""
    url = props.get("TemplateURL")
    body, problem = helpers._resolve_template({"TemplateURL": [url]}) if url else ("", None)
    if problem is not None or not body:
        raise ValueError(f"No template at TemplateURL {url}")
    template = engine._parse_template(body)
    provisioners._check_nested_stack_capabilities(parent_name, template)
    given = props.get("Parameters") or {}
    if any(isinstance(value, (list, dict)) for value in given.values()):
        raise ValueError("Value of property Parameters must be an object with String (or simple type) properties")
    values = engine._resolve_parameters(
        template, [{"Key": name, "Value": "" if value is None else str(value)} for name, value in given.items()])
    conditions = engine._evaluate_conditions(template, values)
    engine.validate_template_support(template, conditions, params=values)
    return {
        "Description": template.get("Description", ""),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value["Value"], "NoEcho": value["NoEcho"]}
                       for name, value in values.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in provisioners._tag_map(props.get("Tags")).items()
                 if not key.startswith("aws:")],
        "Capabilities": provisioners._inherited_capabilities(parent_name),
        "_template": template, "_template_body": body, "_resolved_params": values, "_conditions": conditions,
    }


def _deploy(child: dict, **options) -> list[str]:
    """Run one operation of a nested stack to its end; the logical id that failed, if any."""
    asyncio.run(stacks._deploy_stack_async(
        child["StackName"], child["StackId"], child["_template"], child["_resolved_params"], True, child["Tags"],
        **options))
    failed_id = (child.get("_failed_operation") or {}).get("failed_logical_id")
    return [failed_id] if failed_id else []


def _result(child: dict) -> tuple[str, dict]:
    return child["StackId"], {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in child["Outputs"]}


def _create(logical_id, props, parent_name):
    wanted = _wanted(props, parent_name)
    parent_id = cloudformation._stacks[parent_name]["StackId"]
    name = f"{parent_name}-{logical_id}-{new_uuid().replace('-', '')[:13].upper()}"
    child = {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{name}/{new_uuid()}",
        "CreationTime": now_iso(), "LastUpdatedTime": now_iso(), "DisableRollback": True, "Outputs": [],
        "_resources": {}, "_region": get_region(), "_parent_stack_name": parent_name,
        "ParentId": parent_id, "RootId": cloudformation._stacks[parent_name].get("RootId", parent_id), **wanted,
    }
    cloudformation._stacks[name] = child
    set_status(child, "CREATE_IN_PROGRESS")
    failed = _deploy(child)
    if child["StackStatus"] != "CREATE_COMPLETE":
        why = failed_to("create", failed) if failed else child["StackStatusReason"]
        raise NestedStackFailed(child, "created", f": {why}")
    return _result(child)


def _update(physical_id, _old_props, props, parent_name):
    child, wanted = nested_stack(physical_id), _wanted(props, parent_name)
    if child is None or child["StackStatus"] == "DELETE_COMPLETE":
        raise ValueError(f"Stack [{physical_id}] does not exist")
    previous = snapshot(child)
    if all(child.get(name) == wanted[name] for name in ("_template", "_resolved_params", "Tags")):
        return _result(child)
    child.update(wanted, LastUpdatedTime=now_iso())
    set_status(child, "UPDATE_IN_PROGRESS")
    _deploy(child, is_update=True, previous_stack=previous)
    if child["StackStatus"] == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
        return _result(child)
    reason, operation = child["StackStatusReason"], child.get("_failed_operation")
    status = child["StackStatus"]
    if not keeps_failure(child):
        status = "UPDATE_ROLLBACK_IN_PROGRESS"
        if operation:
            go_back(child, operation, reason)
    raise NestedStackFailed(child, "updated", f". Currently in {status} with reason: {reason}")


def _delete(physical_id, _props):
    child = nested_stack(physical_id)
    if not child or child["StackStatus"] == "DELETE_COMPLETE":
        return
    set_status(child, "DELETE_IN_PROGRESS")
    if failed := delete_whole(child):
        raise NestedStackFailed(child, "deleted", f": {failed_to('delete', failed)}")


def install() -> None:
    """Take the resource type."""
    provisioners._RESOURCE_HANDLERS[STACK_TYPE].update(create=_create, update=_update, delete=_delete)
