"""CloudFormation: AWS::Scheduler::Schedule with all of its properties, through the operations of Scheduler's API."""

import json

from ministack.services import scheduler
from ministack.services.cloudformation import provisioners

import emulator

_TYPE = "AWS::Scheduler::Schedule"
_PROPERTIES = ("ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn",
               "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target")

emulator.require(scheduler, "_create_schedule", "_update_schedule", "_delete_schedule", "_schedule_arn")
emulator.require(provisioners, "_physical_name", "_REPLACING_PROPERTIES", "_CUSTOM_NAME_REPLACEMENT")
emulator.require(provisioners._RESOURCE_HANDLERS, _TYPE)


def _done(answer: tuple, name: str, props: dict) -> tuple[str, dict]:
    status, headers, body = answer
    if status >= 300:
        handler_codes = {"ConflictException": "AlreadyExists", "ResourceNotFoundException": "NotFound"}
        code = handler_codes.get(headers.get("x-amzn-errortype"), "InvalidRequest")
        message = f'{json.loads(body)["Message"]} (Service: Scheduler, Status Code: {status})'
        raise ValueError(f'Resource handler returned message: "{message}" (HandlerErrorCode: {code})')
    return name, {"Arn": scheduler._schedule_arn(props.get("GroupName", "default"), name)}


def _body(props: dict) -> dict:
    return {name: props[name] for name in _PROPERTIES if name in props}


def _create(logical_id, props, stack_name):
    name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=64)
    return _done(scheduler._create_schedule(name, _body(props)), name, props)


def _update(name, old_props, props, _stack_name):
    if old_props.get("GroupName", "default") != props.get("GroupName", "default"):
        made = _done(scheduler._create_schedule(name, _body(props)), name, props)
        _delete(name, old_props)
        return made
    return _done(scheduler._update_schedule(name, _body(props)), name, props)


def _delete(name, props):
    scheduler._delete_schedule(name, {"groupName": props.get("GroupName", "default")})


def install() -> None:
    """Take the resource type."""
    provisioners._RESOURCE_HANDLERS[_TYPE].update(create=_create, update=_update, delete=_delete)
    provisioners._REPLACING_PROPERTIES[_TYPE] = ("Name",)
    provisioners._CUSTOM_NAME_REPLACEMENT[_TYPE] = {"name": "Name"}
