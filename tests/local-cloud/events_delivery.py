"""EventBridge: one event on its way to one target of a rule (EventBridge guide, "Debugging event delivery").

* What is missing, forbidden or wrong goes to the dead-letter queue at once. Throttling, a full queue and faults of the
  service are tried again, MaximumRetryAttempts (185) times within MaximumEventAgeInSeconds (a day), twice as long apart
  each time from the switch ``eventRetrySeconds`` on.
* The dead-letter queue is in the rule's own region, and has to let events.amazonaws.com send, for the rule's ARN. Its
  message is the event; the attributes are those of the guide. Which error has which ERROR_CODE is assumed.
* Deliveries happen on the timer's thread: PutEvents does not wait for targets.
"""

import json
import time
from dataclasses import dataclass, field

from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge, sqs

import emulator
import faults
import service_session
import switches
import timer
from sqs_queues import send_as_service

_ATTEMPTS, _AGE_SECONDS, _LONGEST_PAUSE_SECONDS = 185, 86400, 600
_RETRIED = ("RESOURCE_LIMIT_EXCEEDED", "THROTTLING", "INTERNAL_ERROR")
_SERVICE = "events.amazonaws.com"

emulator.require(eventbridge, "_apply_input_transformer", "_pattern_event_view")
emulator.require(sqs, "_queue_by_arn", "queue_policy_allows", "_Err")


class DeliveryFailed(Exception):
    """An attempt that failed, and the ERROR_CODE for it."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def _input(target: dict, rule: dict, view) -> str:
    if target.get("InputTransformer"):
        return eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
    if target.get("Input"):
        return target["Input"]
    event = view.event_with_detail()
    for part in (target.get("InputPath") or "").strip("$.").split("."):
        event = event.get(part, event) if part and isinstance(event, dict) else event
    return json.dumps(event)


def send_to_queue(arn: str, rule_arn: str, account_id: str, body: str, **more) -> None:
    """Send a message to a queue whose policy lets the rule do so."""
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        raise DeliveryFailed("NO_RESOURCE", f"The queue {arn} does not exist.")
    if not sqs.queue_policy_allows(arn, _SERVICE, rule_arn, account_id):
        raise DeliveryFailed("NO_PERMISSIONS", f"{_SERVICE} is not authorized to perform: sqs:SendMessage on resource: "
                             f"{arn} because no resource-based policy allows the sqs:SendMessage action")
    _, _, _, region, owner, _ = arn.split(":")
    with request_scope(owner, region):
        try:
            send_as_service(queue, body, **more)
        except sqs._Err as refused:
            raise DeliveryFailed("INVALID_PARAMETER", refused.message) from None


def take_fault(service: str, action: str, account_id: str) -> None:
    """Fail as a fault on request says; such a call does not come through the emulator's door."""
    if fault := faults.take(service, action, account_id):
        status, code, message = fault
        kind = "THROTTLING" if "Thrott" in code or status == 429 else "INTERNAL_ERROR" if status >= 500 else code
        raise DeliveryFailed(kind, message)


@dataclass
class Delivery:
    """One event for one target, its retries included; ``send`` makes an attempt."""

    target: dict
    rule: dict
    event: dict
    view: object
    account_id: str = field(default_factory=get_account_id)
    region: str = field(default_factory=get_region)
    arrived: float = field(default_factory=time.monotonic)
    attempts: int = 0

    def __post_init__(self):
        self.target, self.rule_arn = dict(self.target), self.rule.get("Arn", "")
        self.view = self.view or eventbridge._pattern_event_view(self.event)
        self.whole = json.dumps(self.view.event_with_detail())
        self.given = _input(self.target, self.rule, self.view)

    def send(self) -> None:
        """Deliver, or raise DeliveryFailed."""
        raise NotImplementedError

    def credentials(self, region: str) -> service_session.Credentials:
        """Those of the target's role, which the rule assumes."""
        try:
            return service_session.assume(str(self.target.get("RoleArn")), _SERVICE, new_uuid().replace("-", ""),
                                          self.account_id, self.rule_arn, region)
        except service_session.AssumeRefused as refused:
            raise DeliveryFailed("FAILED_TO_ASSUME_ROLE", str(refused)) from None

    def attempt(self) -> None:
        """One attempt, and what follows from it."""
        policy = self.target.get("RetryPolicy") or {}
        try:
            self.send()
        except DeliveryFailed as failure:
            if failure.code not in _RETRIED:
                self._give_up(failure, None)
                return
            pause = min(switches.get("eventRetrySeconds") * 2 ** self.attempts, _LONGEST_PAUSE_SECONDS)
            age = time.monotonic() + pause - self.arrived
            if self.attempts >= int(policy.get("MaximumRetryAttempts", _ATTEMPTS)):
                self._give_up(failure, "MaximumRetryAttempts")
            elif age > int(policy.get("MaximumEventAgeInSeconds", _AGE_SECONDS)):
                self._give_up(failure, "MaximumEventAgeInSeconds")
            else:
                self.attempts += 1
                timer.after(pause, self.attempt)

    def _give_up(self, failure: DeliveryFailed, condition: str | None) -> None:
        """Leave the event to the dead-letter queue, if there is one that takes it."""
        arn = (self.target.get("DeadLetterConfig") or {}).get("Arn", "")
        if arn.split(":")[3:4] != [self.region]:
            return
        attributes = {"RULE_ARN": self.rule_arn, "TARGET_ARN": self.target["Arn"], "ERROR_CODE": failure.code,
                      "ERROR_MESSAGE": str(failure), "RETRY_ATTEMPTS": str(self.attempts)}
        if condition:
            attributes["EXHAUSTED_RETRY_CONDITION"] = condition
        try:
            send_to_queue(arn, self.rule_arn, self.account_id, self.whole, MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()})
        except DeliveryFailed:
            pass  # EventBridge drops it, but for a metric


def start(delivery: Delivery) -> None:
    """Deliver soon."""
    timer.soon(delivery.attempt)
