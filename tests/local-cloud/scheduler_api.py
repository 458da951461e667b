"""EventBridge Scheduler: schedules that are refused, and when a schedule is due for the first time.

* Expressions, the flexible window, the retry policy, the input and the role are checked, through the API and
  CloudFormation alike. The role has to trust Scheduler, acting for the schedule's group.
* A rate invokes its target for the first time at StartDate, or at once without one ("Schedule types in EventBridge
  Scheduler").

Not played: time zones but UTC, where in a flexible window an invocation falls (here at its start), universal targets.
"""

import json
import re
import time
from zoneinfo import available_timezones

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, scheduler

import emulator
import service_session

SERVICE = "scheduler.amazonaws.com"
_TICK_SECONDS = 1
_UNTRUSTED = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
_WITH_JSON = ("lambda", "states", "events")

emulator.require(scheduler, "_create_schedule", "_update_schedule", "_error", "_schedule_last_fired", "_at_time_epoch",
                 "_to_epoch", "_group_arn", "_SCHEDULE_TICK_INTERVAL")
emulator.require(eventbridge, "_parse_rate_seconds", "_parse_cron_fields")


def _known_expression(expression: str) -> bool:
    if (rate := eventbridge._parse_rate_seconds(expression)) is not None:
        return rate > 0
    if re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", expression):
        return scheduler._at_time_epoch(expression) is not None
    fields = eventbridge._parse_cron_fields(expression) if expression.startswith("cron(") else None
    # The emulator's parser lets a minute of 71 pass.
    return fields is not None and max(fields[0]) < 60 and max(fields[1]) < 24 and max(fields[3]) < 13


def _in_range(owner: dict, name: str, least: int, most: int) -> str | None:
    value = owner.get(name)
    if value is None or str(value).isdecimal() and least <= int(value) <= most:
        return None
    return f"Value at '{name}' failed to satisfy constraint: Member must be between {least} and {most}"


def _window_problem(window: dict) -> str | None:
    if window.get("Mode") not in ("OFF", "FLEXIBLE"):
        return "Value at 'flexibleTimeWindow.mode' failed to satisfy constraint: Member must satisfy enum value set: " \
               "[OFF, FLEXIBLE]"
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        return "MaximumWindowInMinutes must be set when Mode is FLEXIBLE, and only then"
    return _in_range(window, "MaximumWindowInMinutes", 1, 1440)


def _target_problem(target: dict) -> str | None:
    service = (target.get("Arn", "").split(":") + [""] * 3)[2]
    if target.get("Arn", "").startswith("arn:aws:scheduler:::"):
        return "The local cloud plays no universal targets"
    if "Input" in target and service in _WITH_JSON:
        try:
            json.loads(target["Input"])
        except ValueError:
            return "The input of this target must be well-formed JSON"
    retries = target.get("RetryPolicy") or {}
    return (_in_range(retries, "MaximumRetryAttempts", 0, 185)
            or _in_range(retries, "MaximumEventAgeInSeconds", 60, 86_400))


def assume(role_arn: str, group: str) -> service_session.Credentials:
    """The execution role of a schedule, as Scheduler assumes it."""
    return service_session.assume(role_arn, SERVICE, "scheduler", get_account_id(), scheduler._group_arn(group),
                                  get_region())


def _role_problem(role_arn: str, group: str) -> str | None:
    if not app.AUTH:
        return None
    try:
        assume(role_arn, group).release()
    except service_session.AssumeRefused:
        return _UNTRUSTED
    return None


def problem(body: dict) -> str | None:
    """What is wrong with a schedule, or None."""
    expression, zone = str(body.get("ScheduleExpression", "")), body.get("ScheduleExpressionTimezone", "UTC")
    if not _known_expression(expression):
        return f"Invalid Schedule Expression {expression}."
    if zone not in available_timezones():
        return f"Invalid ScheduleExpressionTimezone {zone}."
    for name, values in (("State", ("ENABLED", "DISABLED")), ("ActionAfterCompletion", ("NONE", "DELETE"))):
        if body.get(name, values[0]) not in values:
            return f"Value at '{name}' failed to satisfy constraint: Member must satisfy enum value set: " \
                   f"[{', '.join(values)}]"
    target = body.get("Target") or {}
    return (_window_problem(body.get("FlexibleTimeWindow") or {}) or _target_problem(target)
            or _role_problem(target.get("RoleArn", ""), body.get("GroupName", "default")))


def _plan_first(name: str, body: dict) -> None:
    """A rate is counted from where its first invocation is due."""
    interval = eventbridge._parse_rate_seconds(str(body["ScheduleExpression"]))
    if interval is not None:
        start = scheduler._to_epoch(body.get("StartDate")) or time.time()
        key = (get_account_id(), get_region(), f"{body.get('GroupName', 'default')}/{name}")
        scheduler._schedule_last_fired[key] = start - interval


def _checked(inner, is_new: bool):
    def change(name, body):
        if not re.fullmatch(r"[0-9a-zA-Z_.-]{1,64}", name):
            found = f"Value '{name}' at 'name' failed to satisfy constraint"
        else:
            found = problem(body)
        if found:
            return scheduler._error(400, "ValidationException", found)
        answer = inner(name, body)
        if is_new and answer[0] < 300:
            _plan_first(name, body)
        return answer
    return change


def install() -> None:
    """Stand before the emulator's own operations, and look for due schedules often."""
    emulator.replace(scheduler, "_create_schedule", _checked(scheduler._create_schedule, is_new=True))
    emulator.replace(scheduler, "_update_schedule", _checked(scheduler._update_schedule, is_new=False))
    emulator.replace(scheduler, "_SCHEDULE_TICK_INTERVAL", _TICK_SECONDS)
