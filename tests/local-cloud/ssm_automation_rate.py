"""Systems Manager: rate-control automations, one child execution for each target ("Run automated operations at scale").

* Targets are ``TargetMaps``, up to 300, or ``Targets``: one entry with the key ParameterValues (up to 50), tag:<key>,
  InstanceIds or ``AWS::EC2::Instance``, whose values go to the parameter that ``TargetParameterName`` names.
* MaxConcurrency, 10 unless given, is a number or a share of the targets. The first child runs alone; each one that
  ends lets one more run than before, until the concurrency is reached ("Control automations at scale"). Switch
  ``rateControlRampUp``.
* MaxErrors, none unless given, is a number or a share too; one failed child more stops the others from being sent, and
  the parent is Failed. The API reference and the guide differ by one for shares; this is the reference's. With fewer
  failures the parent is taken to be Success: only its children say what came of each target.
* A child waits in the account's queue like any execution; where that is full, the parent waits.

The steps of a parent are its targets. Their names and the children's ``Target`` are not documented for target maps:
here the values, with commas.
"""

import json
import math
import re
import time

from ministack.core.responses import request_scope
from ministack.services import ec2

import emulator
import ssm_automation
import ssm_automation_parameters
import ssm_automation_queue
import ssm_automation_run
import switches
import timer
from ssm_api import SsmError
from ssm_automation import Execution, Step
from ssm_automation_parameters import invalid

_MAPS, _VALUES, _DEFAULT_CONCURRENCY, _DEFAULT_ERRORS = 300, 50, "10", "0"
_CONCURRENCY = re.compile(r"[1-9]\d*|[1-9]\d%|[1-9]%|100%")
_ERRORS = re.compile(r"[1-9]\d*|0|[1-9]\d%|\d%|100%")
_INSTANCE_KEYS = ("InstanceIds", "AWS::EC2::Instance")
_LOOK_AGAIN_SECONDS = 0.2

emulator.require(ec2, "_instances", "_resource_matches_tag_filters")


def _amount(text: str, total: int) -> int:
    return math.floor(total * int(text[:-1]) / 100) if text.endswith("%") else int(text)


class Rate:
    """What a request asks for, and how far its children are."""

    def __init__(self, request: dict, maps: list[dict]):
        self.maps = maps
        self.targets = request.get("Targets") or []
        self.parameter_name = request.get("TargetParameterName")
        self.max_concurrency = str(request.get("MaxConcurrency") or _DEFAULT_CONCURRENCY)
        self.max_errors = str(request.get("MaxErrors") or _DEFAULT_ERRORS)
        self.pending: list[tuple[Step, dict]] = []
        self.active = self.done = self.failures = self.total = 0
        self.waits = False

    def parameter_names(self) -> set[str]:
        """The parameters that children get from their targets."""
        names = {name for entry in self.maps for name in entry}
        return names | {self.parameter_name} if self.targets else names

    def values(self) -> list[dict[str, list[str]]]:
        """Each child's own parameters, as the targets are now."""
        if self.maps:
            return self.maps
        return [{self.parameter_name: [value]} for value in self._resolved(self.targets[0])]

    def _resolved(self, target: dict) -> list[str]:
        key, values = target["Key"], target.get("Values") or []
        if key == "ParameterValues" or (key == "InstanceIds" and values != ["*"]):
            return values
        if key in _INSTANCE_KEYS:
            return [name for name in ec2._instances if ec2._instances[name]["State"]["Name"] != "terminated"]
        filters = {"tag-key": [key[4:]]} if not values else {key: values}
        return [name for name in ec2._instances if ec2._resource_matches_tag_filters(name, filters)]

    def window(self) -> int:
        """How many children may run now."""
        most = max(1, _amount(self.max_concurrency, self.total))
        return min(most, self.done + 1) if switches.get("rateControlRampUp") else most

    def stopped(self, parent: Execution) -> bool:
        """Whether no more children are sent."""
        return parent.stop is not None or self.failures > _amount(self.max_errors, self.total)

    def dispatch(self, parent: Execution) -> None:
        """Send children as far as allowed; end the parent after the last one."""
        while self.pending and not self.stopped(parent) and self.active < self.window():
            if not self._send(parent):
                break
        if self.active or (self.pending and not self.stopped(parent)) or parent.is_over():
            return
        if parent.stop is not None:
            ssm_automation.set_status(parent, "Success" if parent.stop == "Complete" else "Cancelled")
        elif self.failures > _amount(self.max_errors, self.total):
            ssm_automation.set_status(parent, "Failed", f"{self.failures} executions failed, with MaxErrors "
                                      f"{self.max_errors}.")
        else:
            ssm_automation.set_status(parent, "Success")

    def _send(self, parent: Execution) -> bool:
        step, own = self.pending[0]
        child = Execution(parent.account_id, parent.region, parent.document, parent.version, parent.content,
                          {**parent.parameters, **own}, parent.executed_by, parent.source, parent.role_arn, parent,
                          step.name)
        child.steps = [Step(entry["name"], entry["action"], entry) for entry in parent.content["mainSteps"]]
        try:
            ssm_automation_queue.submit(child, ssm_automation_run.begin)
        except SsmError:
            self._wait(parent)
            return False
        self.pending.pop(0)
        self.active += 1
        step.status, step.started = "InProgress", time.time()
        child.parent_step = step
        return True

    def _wait(self, parent: Execution) -> None:
        if not self.waits:
            self.waits = True
            timer.after(_LOOK_AGAIN_SECONDS, self._look_again, parent)

    def _look_again(self, parent: Execution) -> None:
        self.waits = False
        self.dispatch(parent)

    def child_ended(self, parent: Execution, child: Execution) -> None:
        """A child is over."""
        self.active -= 1
        self.done += 1
        self.failures += child.status in ("Failed", "TimedOut")
        ssm_automation.end_step(parent, child.parent_step, child.status, child.failure)
        self.dispatch(parent)


def _target(request: dict) -> list[dict]:
    targets = request.get("Targets") or []
    if len(targets) > 1:
        raise invalid("Only one resource group or tag can be specified at a time")
    for target in targets:
        key, values = str(target.get("Key")), target.get("Values") or []
        if key not in ("ParameterValues", *_INSTANCE_KEYS) and not key.startswith("tag:"):
            raise invalid(f"the local cloud does not play target key {key}")
        if len(values) > _VALUES:
            raise SsmError("ValidationException", f"A target has at most {_VALUES} values.")
    return targets


def asked_for(request: dict, content: dict) -> Rate | None:
    """The rate control of a request; None for a single execution."""
    targets, maps = _target(request), ssm_automation_parameters.given_maps(request)
    if len(maps) > _MAPS:
        raise SsmError("ValidationException", "1 validation error detected: Value at 'targetMaps' failed to satisfy "
                       f"constraint: Member must have length less than or equal to {_MAPS}")
    if targets and maps:
        raise invalid("Targets and TargetMaps cannot be specified together.")
    name = request.get("TargetParameterName")
    if targets and not name:
        raise invalid("TargetParameterName is required with Targets.")
    if name and name not in (content.get("parameters") or {}):
        raise invalid(f'Parameter "{name}" is not defined in the automation document.')
    for label, pattern in (("MaxConcurrency", _CONCURRENCY), ("MaxErrors", _ERRORS)):
        value = request.get(label)
        if value is not None and not (pattern.fullmatch(str(value)) and len(str(value)) <= 7):
            raise SsmError("ValidationException", f"Value '{value}' at '{label[0].lower()}{label[1:]}' failed to "
                           f"satisfy constraint: Member must satisfy regular expression pattern: {pattern.pattern}")
    if not targets and not maps:
        return None
    for entry in maps:
        ssm_automation_parameters.check_targeted(content, entry)
    return Rate(request, maps)


def begin(parent: Execution) -> None:
    """Resolve the targets of a parent that has a slot, and send the first child."""
    rate = parent.rate
    with request_scope(*parent.scope):
        found = rate.values()
    rate.total = len(found)
    for own in found:
        label = ",".join(value for values in own.values() for value in values)
        step = Step(label, "aws:executeAutomation")
        step.inputs = {name: values[0] if len(values) == 1 else json.dumps(values) for name, values in own.items()}
        parent.steps.append(step)
        rate.pending.append((step, own))
    rate.dispatch(parent)


def _changed(execution: Execution) -> None:
    if execution.parent is not None and execution.is_over():
        timer.soon(execution.parent.rate.child_ended, execution.parent, execution)


def install() -> None:
    """Hear of children that end."""
    ssm_automation.on_change(_changed)
