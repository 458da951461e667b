"""EventBridge: a rule's target that is an automation definition (EventBridge guide, "Targets" and "Event retry policy
and using dead-letter queues").

* The rule assumes the target's RoleArn as events.amazonaws.com and starts the automation with it, so the role needs
  ``ssm:StartAutomationExecution``, and ``iam:PassRole`` for the role that the automation is given.
* The target's input is the parameters: an object of lists. The whole event, which a target without input gets, is none.
* What is missing, forbidden or wrong goes to the dead-letter queue at once. A full queue, throttling and faults of the
  service are tried again, MaximumRetryAttempts (185) times within MaximumEventAgeInSeconds (a day), twice as long apart
  each time from the switch ``eventRetrySeconds`` on.
* The dead-letter queue has to let events.amazonaws.com send, for the rule's ARN. Its message is the event; the
  attributes are those of the guide. Which error has which ERROR_CODE is assumed.
"""

import json
import re
import time
from dataclasses import dataclass

from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge, sqs

import emulator
import service_session
import switches
import timer
from service_session import AssumeRefused, ServiceError

_DEFINITION = re.compile(r"arn:[^:]+:ssm:([^:]*):[^:]*:automation-definition/([^:]+)(?::(.+))?")
_ATTEMPTS, _AGE_SECONDS, _LONGEST_PAUSE_SECONDS = 185, 86400, 600
_CODES = {"AccessDeniedException": "NO_PERMISSIONS", "AutomationDefinitionNotFoundException": "NO_RESOURCE",
          "AutomationDefinitionVersionNotFoundException": "NO_RESOURCE",
          "AutomationExecutionLimitExceededException": "RESOURCE_LIMIT_EXCEEDED", "ThrottlingException": "THROTTLING",
          "Throttling": "THROTTLING", "TooManyRequestsException": "THROTTLING"}
_RETRIED = ("RESOURCE_LIMIT_EXCEEDED", "THROTTLING", "INTERNAL_ERROR")

emulator.require(eventbridge, "_invoke_target", "_apply_input_transformer", "_pattern_event_view")
emulator.require(sqs, "_queue_by_arn", "queue_policy_allows", "_act_send_message")


class _StartFailed(Exception):
    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass
class _Delivery:
    """One event on its way to one target."""

    account_id: str
    region: str
    rule_arn: str
    target: dict
    event: str
    given: str
    arrived: float
    attempts: int = 0

    def start(self) -> None:
        """Start the automation, or raise _StartFailed."""
        region, name, version = _DEFINITION.fullmatch(self.target["Arn"]).groups()
        request = {"DocumentName": name, "Parameters": self.parameters()}
        if version:
            request["DocumentVersion"] = version
        try:
            credentials = service_session.assume(str(self.target.get("RoleArn")), "events.amazonaws.com",
                                                 new_uuid().replace("-", ""), self.account_id, self.rule_arn, region)
        except AssumeRefused as refused:
            raise _StartFailed("FAILED_TO_ASSUME_ROLE", str(refused)) from None
        try:
            service_session.call(credentials, region, "ssm", "StartAutomationExecution", request)
        except ServiceError as error:
            fallback = "INTERNAL_ERROR" if error.status >= 500 else "INVALID_PARAMETER"
            raise _StartFailed(_CODES.get(error.code, fallback), error.message) from None
        except ValueError as problem:
            raise _StartFailed("INVALID_PARAMETER", str(problem)) from None
        finally:
            credentials.release()

    def parameters(self) -> dict:
        """The input as parameters."""
        try:
            given = json.loads(self.given)
        except ValueError as problem:
            raise _StartFailed("INVALID_JSON", str(problem)) from None
        if not isinstance(given, dict) or not all(isinstance(value, list) for value in given.values()):
            raise _StartFailed("INVALID_PARAMETER", "Parameters of an automation are an object of lists.")
        return given

    def deliver(self) -> None:
        """One attempt, and what follows from it."""
        policy = self.target.get("RetryPolicy") or {}
        try:
            self.start()
        except _StartFailed as failure:
            if failure.code not in _RETRIED:
                self.give_up(failure, None)
                return
            pause = min(switches.get("eventRetrySeconds") * 2 ** self.attempts, _LONGEST_PAUSE_SECONDS)
            age = time.monotonic() + pause - self.arrived
            if self.attempts >= int(policy.get("MaximumRetryAttempts", _ATTEMPTS)):
                self.give_up(failure, "MaximumRetryAttempts")
            elif age > int(policy.get("MaximumEventAgeInSeconds", _AGE_SECONDS)):
                self.give_up(failure, "MaximumEventAgeInSeconds")
            else:
                self.attempts += 1
                timer.after(pause, self.deliver)

    def give_up(self, failure: _StartFailed, condition: str | None) -> None:
        """Leave the event to the dead-letter queue, if there is one that takes it."""
        arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        queue = sqs._queue_by_arn(arn) if arn else None
        if queue is None or not sqs.queue_policy_allows(arn, "events.amazonaws.com", self.rule_arn, self.account_id):
            return
        attributes = {"RULE_ARN": self.rule_arn, "TARGET_ARN": self.target["Arn"], "ERROR_CODE": failure.code,
                      "ERROR_MESSAGE": str(failure), "RETRY_ATTEMPTS": str(self.attempts)}
        if condition:
            attributes["EXHAUSTED_RETRY_CONDITION"] = condition
        with request_scope(self.account_id, self.region):
            sqs._act_send_message({
                "QueueUrl": queue["url"], "MessageBody": self.event, "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}},
                queue["url"])


def _input(target: dict, rule: dict, view) -> str:
    if target.get("InputTransformer"):
        return eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
    if target.get("Input"):
        return target["Input"]
    event = view.event_with_detail()
    for part in (target.get("InputPath") or "").strip("$.").split("."):
        event = event.get(part, event) if part and isinstance(event, dict) else event
    return json.dumps(event)


def _invoke(inner):
    def invoke_target(target, event, rule, view=None):
        if not _DEFINITION.fullmatch(target.get("Arn", "")):
            inner(target, event, rule, view)
            return
        view = view or eventbridge._pattern_event_view(event)
        delivery = _Delivery(get_account_id(), get_region(), rule.get("Arn", ""), dict(target),
                             json.dumps(view.event_with_detail()), _input(target, rule, view), time.monotonic())
        timer.soon(delivery.deliver)
    return invoke_target


def install() -> None:
    """Take the targets that are automations."""
    emulator.replace(eventbridge, "_invoke_target", _invoke(eventbridge._invoke_target))
