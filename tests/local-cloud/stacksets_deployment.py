"""StackSets: one instance deployed, as a stack of the target account and region.

The stack goes through the emulator's own CreateStack, UpdateStack and DeleteStack, so that it is what a stack there
always is. A Create that fails is rolled back and deleted ("Retrying failed stack creation or update operations").
"""

import asyncio
import contextvars

from ministack.core.responses import new_uuid, request_scope
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, helpers

import emulator
import service_session
import stacksets
import stacksets_permissions
import stacksets_roles
import stacksets_wire as wire

_LONGEST_STACK_NAME = 128
_NOTHING_TO_DO = b"No updates are to be performed."
#: A stack set hands on its template as it is kept, without the limit of a request's TemplateBody.
_handed_on = contextvars.ContextVar("local_cloud_stack_set_template", default=False)

emulator.require(handlers, "_create_stack", "_update_stack", "_delete_stack", "_resolve_stack")
emulator.require(helpers, "_template_body_problem")
emulator.require(cloudformation, "_stack_events")


class DeploymentFailed(RuntimeError):
    """An instance that could not be brought to what is wanted."""


def _parameters(stack_set: stacksets.StackSet, instance: stacksets.Instance) -> dict:
    values = {name: value.get("SsmName", value["Value"]) for name, value in stack_set.parameters.items()}
    values |= {override["ParameterKey"]: override.get("ParameterValue", "") for override in instance.overrides}
    sent = {}
    for number, (name, value) in enumerate(values.items(), 1):
        sent[f"Parameters.member.{number}.ParameterKey"] = [name]
        sent[f"Parameters.member.{number}.ParameterValue"] = [value]
    for number, tag in enumerate(stack_set.tags, 1):
        sent[f"Tags.member.{number}.Key"], sent[f"Tags.member.{number}.Value"] = [tag["Key"]], [tag["Value"]]
    for number, capability in enumerate(stack_set.capabilities, 1):
        sent[f"Capabilities.member.{number}"] = [capability]
    return {**sent, "TemplateBody": [stack_set.template_body]}


def _to_the_end(handler, params: dict, stack_name: str, role: str | None) -> bytes:
    """Call a handler of the API and carry out what it starts, here and now; its answer, or DeploymentFailed."""
    async def run():
        status, _, answer = handler(params)
        stack = handlers._resolve_stack(stack_name)
        if stack is not None:
            stacksets_permissions.act_as(stack, role)
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        return status, answer
    token = _handed_on.set(True)
    try:
        status, answer = asyncio.run(run())
    finally:
        _handed_on.reset(token)
    if status >= 400 and _NOTHING_TO_DO not in answer:
        raise DeploymentFailed(wire.Refused((status, {}, answer)).message)
    return answer


def _failure(stack: dict, since: int) -> str:
    """Why a stack's last operation failed: its first failed resource, in the words of StackSets."""
    for event in cloudformation._stack_events.get(stack["StackId"], [])[since:]:
        if event["ResourceStatus"].endswith("_FAILED") and event["PhysicalResourceId"] != stack["StackId"]:
            return (f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}, "
                    f"ResourceStatusReason:{event['ResourceStatusReason']}.")
    return stack.get("StackStatusReason") or f"Stack is in {stack['StackStatus']} state"


def _live_stack(instance: stacksets.Instance) -> dict | None:
    stack = handlers._resolve_stack(instance.stack_id) if instance.stack_id else None
    return stack if stack and stack["StackStatus"] != "DELETE_COMPLETE" else None


def _create(stack_set: stacksets.StackSet, instance: stacksets.Instance, role: str | None) -> None:
    unique = new_uuid()
    name = f"StackSet-{stack_set.name}"[:_LONGEST_STACK_NAME - len(unique) - 1] + f"-{unique}"
    params = {**_parameters(stack_set, instance), "StackName": [name], "OnFailure": ["DELETE"]}
    _to_the_end(handlers._create_stack, params, name, role)
    stack = handlers._resolve_stack(name)
    instance.stack_id = stack["StackId"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentFailed(_failure(stack, 0))


def _update(stack_set: stacksets.StackSet, instance: stacksets.Instance, stack: dict, role: str | None) -> None:
    seen = len(cloudformation._stack_events.get(stack["StackId"], []))
    params = {**_parameters(stack_set, instance), "StackName": [stack["StackId"]]}
    answer = _to_the_end(handlers._update_stack, params, stack["StackId"], role)
    if _NOTHING_TO_DO not in answer and stack["StackStatus"] != "UPDATE_COMPLETE":
        raise DeploymentFailed(_failure(stack, seen))


def _delete(stack: dict, role: str | None) -> None:
    seen = len(cloudformation._stack_events.get(stack["StackId"], []))
    _to_the_end(handlers._delete_stack, {"StackName": [stack["StackId"]]}, stack["StackId"], role)
    if stack["StackStatus"] != "DELETE_COMPLETE":
        raise DeploymentFailed(_failure(stack, seen))


def _reach(stack_set: stacksets.StackSet, instance: stacksets.Instance, action: str) -> str | None:
    """The role to act with, once CloudFormation answers it in the target's region and it may do ``action``."""
    execution = stacksets_roles.assume_execution(stack_set, instance.account)
    name = instance.stack_id or f"StackSet-{stack_set.name}-new"
    try:
        service_session.call(execution.credentials, instance.region, "cloudformation", "DescribeStacks",
                             {"StackName": name})
    except service_session.ServiceError as refused:
        if refused.code != "ValidationError":  # it only says that there is no such stack
            raise DeploymentFailed(refused.message) from None
    stacksets_permissions.check_stack_action(execution.role_arn, action, stack_set.name)
    return execution.role_arn


def deploy(stack_set: stacksets.StackSet, instance: stacksets.Instance) -> None:
    """Create or update an instance's stack. Blocks: worker threads only."""
    with request_scope(instance.account, instance.region):
        if stack := _live_stack(instance):
            _update(stack_set, instance, stack, _reach(stack_set, instance, "UpdateStack"))
        else:
            _create(stack_set, instance, _reach(stack_set, instance, "CreateStack"))


def remove(stack_set: stacksets.StackSet, instance: stacksets.Instance) -> None:
    """Delete an instance's stack; without one no role is asked for either. Blocks: worker threads only."""
    with request_scope(instance.account, instance.region):
        if stack := _live_stack(instance):
            _delete(stack, _reach(stack_set, instance, "DeleteStack"))


def install() -> None:
    """Let a stack set's own template pass the limit of a request."""
    inner = helpers._template_body_problem
    emulator.replace(helpers, "_template_body_problem", lambda body: None if _handed_on.get() else inner(body))
