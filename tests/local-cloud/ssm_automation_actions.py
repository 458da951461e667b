"""Systems Manager: the actions of runbooks that are played, really carried out, with the automation's rights.

aws:createTags for ResourceType EC2, aws:executeAwsApi for every service that the emulator has, aws:branch and aws:sleep
(``ssm_automation_branch``). The sleep is capped by the switch ``automationSleepSeconds``. Messages of failures are
those that users quote; calls are not repeated beyond ``maxAttempts``, AWS says nothing of it.
"""

import datetime
import json
import re
import time
from dataclasses import dataclass, field

import service_session
import ssm_automation_branch
import switches
from service_session import Credentials, ServiceError
from ssm_automation import MORE_DETAILS, Step
from ssm_document_steps import PLAYED
from ssm_values import Context, Unresolved, as_text, resolved, selected

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_WHERE = "Step fails when it is Execute/Cancelling action."


class StepFailed(Exception):
    """An attempt at a step that failed, with the status that the step gets by it."""

    def __init__(self, message: str, status: str = "Failed"):
        super().__init__(message if message.endswith(MORE_DETAILS) else f"{message} {MORE_DETAILS}")
        self.status = status


@dataclass
class Done:
    """A step's outcome."""

    outputs: dict = field(default_factory=dict)
    next_step: str | None = None


@dataclass
class Wait:
    """A step that only takes its time."""

    seconds: float


def _create_tags(inputs: dict, context: Context, credentials: Credentials, _step: Step) -> Done:
    if inputs.get("ResourceType", "EC2") != "EC2":
        raise StepFailed(f"The local cloud does not play ResourceType {inputs['ResourceType']}.")
    if not isinstance(inputs["ResourceIds"], list) or not isinstance(inputs["Tags"], list):
        raise StepFailed(f"{_WHERE} ResourceIds and Tags are lists.")
    tags = [{"Key": as_text(tag["Key"]), "Value": as_text(tag.get("Value", ""))} for tag in inputs["Tags"]]
    try:
        service_session.call(credentials, context.region, "ec2", "CreateTags",
                             {"Resources": inputs["ResourceIds"], "Tags": tags})
    except ServiceError as error:
        raise StepFailed(
            f"{_WHERE} {error.message} (Service: AmazonEC2; Status Code: {error.status}; Error Code: {error.code}; "
            f"Request ID: {error.request_id}; Proxy: null).") from None
    return Done()


def _plain(value):
    """An answer as JSON has it."""
    return json.loads(json.dumps(value, default=lambda item: item.isoformat()
                                 if isinstance(item, datetime.datetime) else as_text(str(item))))


def _execute_aws_api(inputs: dict, context: Context, credentials: Credentials, step: Step) -> Done:
    service, api = str(inputs.pop("Service")), str(inputs.pop("Api"))
    api = "".join(part[:1].upper() + part[1:] for part in api.split("_"))
    try:
        answer = _plain(service_session.call(credentials, context.region, service, api, inputs))
    except ServiceError as error:
        raise StepFailed(f"{_WHERE} An error occurred ({error.code}) when calling the {error.operation} operation: "
                         f"{error.message}.") from None
    except ValueError as problem:
        raise StepFailed(f"{_WHERE} {problem}.") from None
    outputs = {"OutputPayload": answer}
    for output in step.definition.get("outputs") or ():
        found = selected(str(output["Selector"]), answer)
        if found is not None:
            outputs[output["Name"]] = found
    return Done(outputs)


def _sleep(inputs: dict, _context: Context, _credentials: Credentials, _step: Step) -> Wait:
    if "Timestamp" in inputs:
        moment = datetime.datetime.fromisoformat(str(inputs["Timestamp"]).replace("Z", "+00:00"))
        seconds = max(0.0, moment.timestamp() - time.time())
    else:
        found = _DURATION.fullmatch(str(inputs["Duration"]))
        if found is None or not any(found.groups()):
            raise StepFailed(f"{_WHERE} Duration {inputs['Duration']} is not in ISO 8601 format.")
        days, hours, minutes, rest = (float(part or 0) for part in found.groups())
        seconds = days * 86400 + hours * 3600 + minutes * 60 + rest
    return Wait(switches.capped("automationSleepSeconds", seconds))


def _branch(inputs: dict, context: Context, _credentials: Credentials, _step: Step) -> Done:
    return Done(next_step=ssm_automation_branch.chosen(inputs, context))


_ACTIONS = {"aws:createTags": _create_tags, "aws:executeAwsApi": _execute_aws_api, "aws:sleep": _sleep,
            "aws:branch": _branch}


def perform(step: Step, context: Context, credentials: Credentials) -> Done | Wait:
    """Carry a step's action out."""
    if step.action not in PLAYED:
        raise StepFailed(f"The local cloud does not play action {step.action}.")
    inputs = step.definition.get("inputs") or {}
    try:
        # A branch looks at its variables one by one: those behind its choice need no value.
        inputs = inputs if step.action == "aws:branch" else resolved(inputs, context)
        step.inputs = {name: json.dumps(value) for name, value in inputs.items()}
        return _ACTIONS[step.action](dict(inputs), context, credentials, step)
    except Unresolved as problem:
        raise StepFailed(f"{_WHERE} {problem}.") from None
