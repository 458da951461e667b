"""CloudFormation: AWS::Lambda::EventSourceMapping of a queue, by Lambda's own operations.

A property that a template no longer has goes back to its default. Another queue is another mapping. A mapping that was
deleted reads nothing more before what it depends on, the queue too, is deleted.
"""

import json

from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

import emulator
from cloudformation_resources import handler_error

_TYPE = "AWS::Lambda::EventSourceMapping"
_DEFAULTS = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": [], "ScalingConfig": {},
             "FilterCriteria": {}, "Enabled": True}
_CODES = {400: "InvalidRequest", 404: "NotFound", 409: "AlreadyExists"}

emulator.require(lambda_svc, "_create_esm", "_update_esm", "_delete_esm")
emulator.require(provisioners, "_lambda_esm_attrs", "_cfn_bool", "_delete_predecessor")
emulator.require(provisioners._RESOURCE_HANDLERS, _TYPE)


def _of_queue(props: dict) -> bool:
    return ":sqs:" in str(props.get("EventSourceArn", ""))


def _settings(props: dict) -> dict:
    """The properties as the API takes them; CloudFormation may have strings for all of them."""
    scaling = dict(props.get("ScalingConfig") or {})
    if "MaximumConcurrency" in scaling:
        scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
    settings = {**_DEFAULTS, **{name: props[name] for name in _DEFAULTS if name in props}, "ScalingConfig": scaling}
    for name in ("BatchSize", "MaximumBatchingWindowInSeconds"):
        settings[name] = int(settings[name])
    return {**settings, "Enabled": provisioners._cfn_bool(settings["Enabled"]),
            "FunctionName": props.get("FunctionName", "")}


def _done(answer) -> dict:
    status, _, body = answer
    value = json.loads(body)
    if status >= 300:
        message = value.get("message") or value.get("Message", "")
        prefix = "Invalid request provided: " if status == 400 else ""
        raise handler_error(f"{prefix}{message}", "Lambda", status, _CODES.get(status, "GeneralServiceException"))
    return value


def _create(inner):
    def create(logical_id, props, stack_name):
        if not _of_queue(props):
            return inner(logical_id, props, stack_name)
        made = _done(lambda_svc._create_esm({"EventSourceArn": props["EventSourceArn"], **_settings(props)}))
        return made["UUID"], provisioners._lambda_esm_attrs(made["UUID"])
    return create


def _update(inner, create, delete):
    def update(physical_id, old_props, new_props, stack_name):
        if not _of_queue(new_props) or not _of_queue(old_props):
            return inner(physical_id, old_props, new_props, stack_name)
        if old_props["EventSourceArn"] != new_props["EventSourceArn"]:
            made = create(physical_id, new_props, stack_name)
            provisioners._delete_predecessor(delete, physical_id, old_props)
            return made
        _done(lambda_svc._update_esm(physical_id, _settings(new_props)))
        return physical_id, provisioners._lambda_esm_attrs(physical_id)
    return update


def _delete(inner):
    def delete(physical_id, props):
        if _of_queue(props):
            lambda_svc._delete_esm(physical_id)
        else:
            inner(physical_id, props)
    return delete


def install() -> None:
    """Put the handlers in place."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, delete = _create(handlers["create"]), _delete(handlers["delete"])
    handlers.update(create=create, update=_update(handlers["update"], create, delete), delete=delete)
