"""EventBridge: rules and targets that are refused, and AWS::Events::Rule by the same operations.

* PutRule wants a name, a pattern of at most 2048 characters ("Amazon EventBridge quotas") or a schedule, and a State.
* PutTargets takes five targets a rule, one of Input, InputPath and InputTransformer, retry policies within their range,
  and as dead-letter queue a standard queue of the rule's region.
* DeleteRule refuses a rule with targets, EnableRule and DisableRule one that is not there.
* CloudFormation makes a rule by these, so that what they refuse fails the resource.

Not played: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, which is refused.
"""

import json
import re

from ministack.core.responses import error_response_json, get_region
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

import emulator
from cloudformation_resources import handler_error

_TYPE = "AWS::Events::Rule"
_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_STATES = ("ENABLED", "DISABLED")
_LONGEST_PATTERN, _MOST_TARGETS = 2048, 5
_INPUTS = ("Input", "InputPath", "InputTransformer")
_RANGES = {"MaximumRetryAttempts": (0, 185), "MaximumEventAgeInSeconds": (60, 86400)}

emulator.require(eventbridge, "_put_rule", "_put_targets", "_delete_rule", "_enable_rule", "_disable_rule", "_rules",
                 "_targets", "_rule_key", "_ensure_default_bus", "_event_pattern_error")
emulator.require(provisioners, "_eb_rule_bus_name", "_eb_rule_apply_tags", "_eb_rule_create", "_physical_name")
emulator.require(provisioners._RESOURCE_HANDLERS, _TYPE)


def _rule_problem(data: dict) -> str | None:
    if not _NAME.fullmatch(str(data.get("Name", ""))):
        return ("1 validation error detected: Value at 'name' failed to satisfy constraint: Member must satisfy "
                "regular expression pattern: [\\.\\-_A-Za-z0-9]+ and have length less than or equal to 64")
    if not data.get("EventPattern") and not data.get("ScheduleExpression"):
        return "Parameter(s) EventPattern or ScheduleExpression must be specified."
    if data.get("State", "ENABLED") not in _STATES:
        return f"The local cloud plays rules that are {' or '.join(_STATES)}"
    if len(data.get("EventPattern") or "") > _LONGEST_PATTERN:
        return f"Event pattern must have length less than or equal to {_LONGEST_PATTERN}"
    return None


def _dead_letter_problem(arn: str) -> str | None:
    _, _, service, region, _, name = (arn.split(":") + [""] * 6)[:6]
    if service != "sqs" or region != get_region() or name.endswith(".fifo"):
        return f"Parameter {arn} is not valid. Reason: The dead-letter queue must be a standard queue of this Region."
    return None


def _target_problem(target: dict) -> str | None:
    if sum(name in target for name in _INPUTS) > 1:
        return f"Only one of Input, InputPath, or InputTransformer must be provided for target {target.get('Id')}."
    for name, (least, most) in _RANGES.items():
        value = (target.get("RetryPolicy") or {}).get(name, least)
        if not str(value).isdecimal() or not least <= int(value) <= most:
            return (f"1 validation error detected: Value '{value}' at 'targets.retryPolicy' failed to satisfy "
                    f"constraint: {name} must be between {least} and {most}")
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    return _dead_letter_problem(arn) if arn else None


def _invalid(problem: str):
    return error_response_json("ValidationException", problem, 400)


def _put_rule(inner):
    def put_rule(data):
        problem = _rule_problem(data)
        return _invalid(problem) if problem else inner(data)
    return put_rule


def _put_targets(inner):
    def put_targets(data):
        for target in data.get("Targets", ()):
            if problem := _target_problem(target):
                return _invalid(problem)
        key = eventbridge._rule_key(data.get("Rule"), data.get("EventBusName", "default"))
        ids = {target["Id"] for target in [*eventbridge._targets.get(key, []), *data.get("Targets", ())]}
        if len(ids) > _MOST_TARGETS:
            return error_response_json("LimitExceededException",
                                       "The requested resource exceeds the maximum number allowed.", 400)
        return inner(data)
    return put_targets


def _delete_rule(inner):
    def delete_rule(data):
        if eventbridge._targets.get(eventbridge._rule_key(data.get("Name"), data.get("EventBusName", "default"))):
            return _invalid("Rule can't be deleted since it has targets.")
        return inner(data)
    return delete_rule


def _existing(inner):
    def change(data):
        if eventbridge._rule_key(data.get("Name"), data.get("EventBusName", "default")) not in eventbridge._rules:
            return error_response_json("ResourceNotFoundException", f"Rule {data.get('Name')} does not exist.", 400)
        return inner(data)
    return change


def _done(answer) -> None:
    status, _, body = answer
    if status >= 400:
        refusal = json.loads(body)
        code = refusal.get("__type", "").rsplit("#", 1)[-1]
        raise handler_error(f"{refusal.get('message', '')} ({code})", "EventBridge", status, "InvalidRequest")


def _create(logical_id, props, stack_name):
    name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=64)
    bus, pattern = provisioners._eb_rule_bus_name(props), props.get("EventPattern", "")
    place = {"EventBusName": bus}
    eventbridge._ensure_default_bus()
    settings = {key: props[key] for key in ("State", "Description", "ScheduleExpression", "RoleArn") if key in props}
    _done(eventbridge._put_rule({"Name": name, **place, **settings,
                                 "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern}))
    try:
        _done(eventbridge._put_targets({"Rule": name, **place, "Targets": props.get("Targets") or []}))
    except ValueError:
        eventbridge._delete_rule({"Name": name, **place})
        raise
    arn = eventbridge._rules[eventbridge._rule_key(name, bus)]["Arn"]
    provisioners._eb_rule_apply_tags(arn, [], props.get("Tags") or [])
    return name, {"Arn": arn, "RuleName": name}


def install() -> None:
    """Stand before the emulator's own operations, and make the resource by them."""
    for name, wrap in (("_put_rule", _put_rule), ("_put_targets", _put_targets), ("_delete_rule", _delete_rule),
                       ("_enable_rule", _existing), ("_disable_rule", _existing)):
        emulator.replace(eventbridge, name, wrap(getattr(eventbridge, name)))
    # An update that is a replacement calls the function by its name.
    emulator.replace(provisioners, "_eb_rule_create", _create)
    provisioners._RESOURCE_HANDLERS[_TYPE]["create"] = _create
