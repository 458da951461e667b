"""CloudFormation: the resource type AWS::CloudFormation::StackSet.

It does what the source of AWS's own handlers does: on an update instances that are gone from StackInstancesGroup are
deleted, then the stack set is updated with all that stay, then new instances are created, then the ones whose overrides
changed. A delete takes the instances that the groups mean, and fails when the stack set has others. A failed operation
is the resource's failure and names the instances' reasons. OperationPreferences, StackInstancesGroup, CallAs and
TemplateURL are write-only: what is compared is the templates, not the stack set.
"""

import time

from ministack.services.cloudformation import handlers, provisioners, stacks

import emulator
import stacksets
import stacksets_wire as wire
from custom_resource import CustomResourceFailed
from stacksets_resource_instances import Changes, changes
from stacksets_resource_schema import check
from stacksets_resource_targeting import Invalid

TYPE = "AWS::CloudFormation::StackSet"
_LONGEST_REASON = 850
_SET_MEMBERS = ("AdministrationRoleARN", "AutoDeployment", "Capabilities", "Description", "ExecutionRoleName",
                "Parameters", "TemplateBody", "TemplateURL")

emulator.require(handlers, "_ACTION_HANDLERS")
emulator.require(provisioners, "_RESOURCE_HANDLERS", "_REPLACING_PROPERTIES", "_CUSTOM_NAME_REPLACEMENT",
                 "_STACK_TAG_PROPERTY")
emulator.require(stacks, "_runs_on_worker_thread", "_sends_back_failed_update")


class StackSetFailed(CustomResourceFailed):
    """A stack set that exists without being what was asked; a failed Create is deleted, as a custom resource's is."""

    def __init__(self, reason: str, stack_set_id: str):
        super().__init__(f'Resource handler returned message: "{reason}" (HandlerErrorCode: NotStabilized)',
                         stack_set_id)


def _flat(value, prefix: str, into: dict) -> dict:
    """A structure as a Query request carries it."""
    if isinstance(value, dict):
        for name, member in value.items():
            _flat(member, f"{prefix}.{name}" if prefix else name, into)
    elif isinstance(value, list):
        into |= {} if value else {prefix: [""]}
        for number, item in enumerate(value, 1):
            _flat(item, f"{prefix}.member.{number}", into)
    elif value is not None:
        into[prefix] = [str(value).lower() if isinstance(value, bool) else str(value)]
    return into


def _call(action: str, **members) -> tuple[int, str]:
    status, _, answer = handlers._ACTION_HANDLERS[action](_flat(members, "", {}))
    return status, answer.decode()


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]


def _invalid(message: str) -> ValueError:
    return ValueError(f'Resource handler returned message: "Invalid request provided: {message}" '
                      "(HandlerErrorCode: InvalidRequest)")


def _refused(answer: str, stack_set_id: str | None) -> Exception:
    message = wire.Refused((400, {}, answer.encode())).message
    return StackSetFailed(message, stack_set_id) if stack_set_id else _invalid(message)


def _reasons(operation: stacksets.Operation) -> str:
    reasons = dict.fromkeys(result.reason for result in operation.failures)
    text = (f"Stack set operation [{operation.id}] was unexpectedly stopped or failed. status reason(s):"
            + "".join(f" [{reason}]" for reason in reasons))
    if len(text) > _LONGEST_REASON:
        text = f"{text[:_LONGEST_REASON]}... Use list-stack-set-operation-results for more information."
    return text


def _operate(action: str, stack_set_id: str, **members) -> None:
    """One operation to its end; waits while another one is under way."""
    while True:
        status, answer = _call(action, StackSetName=stack_set_id, **members)
        if status < 400:
            break
        if "<Code>OperationInProgressException</Code>" not in answer:
            raise _refused(answer, stack_set_id)
        time.sleep(0.1)
    operation = stacksets.find_operation(stacksets.find(stack_set_id), _between(answer, "OperationId"))
    operation.done.wait()
    if operation.status != "SUCCEEDED":
        raise StackSetFailed(_reasons(operation), stack_set_id)


def _tags(props: dict) -> list[dict]:
    return [tag for tag in props.get("Tags") or [] if not tag["Key"].startswith("aws:")]


def _changes(before: dict | None, wanted: dict | None) -> Changes:
    try:
        return changes(before, wanted)
    except Invalid as problem:
        raise _invalid(str(problem)) from None


def _each(action: str, stack_set_id: str, requests: list, props: dict, **more) -> None:
    """Requests about instances, one after the other."""
    common = {"OperationPreferences": props.get("OperationPreferences"), "CallAs": props.get("CallAs"), **more}
    for request, overrides in requests:
        values = {"CreateStackInstances": overrides or None, "UpdateStackInstances": overrides}
        _operate(action, stack_set_id, ParameterOverrides=values.get(action), **request, **common)


def _create(logical_id, props, _stack_name):
    check(logical_id, props)
    wanted = _changes(None, props)
    status, answer = _call("CreateStackSet", Tags=_tags(props), **{
        name: props.get(name) for name in (*_SET_MEMBERS, "CallAs", "ManagedExecution", "PermissionModel",
                                           "StackSetName")})
    if status >= 400:
        raise _refused(answer, None)
    stack_set_id = _between(answer, "StackSetId")
    _each("CreateStackInstances", stack_set_id, wanted.create, props)
    return stack_set_id, {"StackSetId": stack_set_id}


def _was_refused(logical_id: str, props: dict) -> bool:
    """Whether these properties never came to anything: on the way back from them there is nothing to undo."""
    try:
        check(logical_id, props)
        changes(None, props)
    except ValueError:
        return True
    return False


def _update(stack_set_id, old_props, props, _stack_name, logical_id):
    check(logical_id, props)
    if _was_refused(logical_id, old_props):
        return stack_set_id, {"StackSetId": stack_set_id}
    wanted = _changes(old_props, props)
    managed = [bool((one.get("ManagedExecution") or {}).get("Active")) for one in (old_props, props)]
    common = {"CallAs": props.get("CallAs"), "AdministrationRoleARN": props.get("AdministrationRoleARN")}
    if managed[0] != managed[1]:
        _operate("UpdateStackSet", stack_set_id, UsePreviousTemplate=True, Capabilities=props.get("Capabilities"),
                 ManagedExecution={"Active": managed[1]}, **common, Parameters=[
                     {"ParameterKey": name, "UsePreviousValue": True}
                     for name in stacksets.find(stack_set_id).parameters])
    _each("DeleteStackInstances", stack_set_id, wanted.delete, props, RetainStacks=False)
    compared = [{**{name: one.get(name) for name in _SET_MEMBERS}, "Tags": _tags(one)} for one in (old_props, props)]
    if compared[0] != compared[1] or props.get("TemplateURL"):
        _operate("UpdateStackSet", stack_set_id, **compared[1], CallAs=props.get("CallAs"),
                 OperationPreferences=props.get("OperationPreferences"))
    _each("CreateStackInstances", stack_set_id, wanted.create, props)
    _each("UpdateStackInstances", stack_set_id, wanted.update, props)
    return stack_set_id, {"StackSetId": stack_set_id}


def _delete(stack_set_id, props):
    try:
        stack_set = stacksets.active(stack_set_id)
    except wire.Refused:
        return
    if stack_set.instances:
        _each("DeleteStackInstances", stack_set_id, _changes(props, None).delete, props, RetainStacks=False)
    status, answer = _call("DeleteStackSet", StackSetName=stack_set_id, CallAs=props.get("CallAs"))
    if status >= 400:
        raise _refused(answer, stack_set_id)


def install() -> None:
    """Add the resource type."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete,
                                             "update_with_logical_id": True}
    provisioners._REPLACING_PROPERTIES[TYPE] = ("StackSetName", "PermissionModel")
    provisioners._CUSTOM_NAME_REPLACEMENT[TYPE] = {"name": "StackSetName"}
    provisioners._STACK_TAG_PROPERTY[TYPE] = ("Tags", "list")
    blocks, sends_back = stacks._runs_on_worker_thread, stacks._sends_back_failed_update
    emulator.replace(stacks, "_runs_on_worker_thread", lambda kind: kind == TYPE or blocks(kind))
    emulator.replace(stacks, "_sends_back_failed_update", lambda kind: kind == TYPE or sends_back(kind))
