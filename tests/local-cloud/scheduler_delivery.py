"""EventBridge Scheduler: what a schedule does at its target, in its execution role.

A templated target is one call of its service's API: Invoke as an event, StartExecution, SendMessage, Publish or
PutEvents. Throttling and errors of the service are tried again, RetryPolicy's times at most and after seconds that
double (switch ``scheduleRetrySeconds``); other refusals are not. What fails ends in the dead-letter queue, with the
attributes that "Configuring a dead-letter queue" lists, if the role may send there.
"""

import json
import threading

from ministack import app
from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso, request_scope
from ministack.services import eventbridge, scheduler

import emulator
import scheduler_api
import service_session
import switches
import timer

_MOST_ATTEMPTS = 185
_RETRIED = ("Throttling", "ThrottlingException", "TooManyRequestsException")
_lock = threading.Lock()
_deliveries: list[dict] = []

emulator.require(eventbridge, "_invoke_target")
emulator.require(scheduler, "_schedules", "_schedule_last_fired", "_at_time_epoch")


def deliveries() -> list[dict]:
    """What schedules did, oldest first."""
    with _lock:
        return [dict(delivery) for delivery in _deliveries]


def reset() -> None:
    """Forget all deliveries."""
    with _lock:
        _deliveries.clear()


def _default_input(schedule: dict) -> str:
    return json.dumps({"version": "0", "id": new_uuid(), "detail-type": "Scheduled Event", "source": "aws.scheduler",
                       "account": get_account_id(), "time": now_iso(), "region": get_region(),
                       "resources": [schedule["Arn"]], "detail": "{}"})


def _call(target: dict, text: str) -> tuple[str, str, dict]:
    """Service, API and parameters of a target."""
    arn = target["Arn"]
    service = arn.split(":")[2]
    if service == "lambda":
        return "lambda", "Invoke", {"FunctionName": arn.partition(":function:")[2], "InvocationType": "Event",
                                    "Payload": text.encode()}
    if service == "states":
        return "stepfunctions", "StartExecution", {"stateMachineArn": arn, "input": text}
    if service == "sqs":
        return "sqs", "SendMessage", {"QueueUrl": _queue_url(arn), "MessageBody": text, **(
            {"MessageGroupId": target["SqsParameters"]["MessageGroupId"]} if target.get("SqsParameters") else {})}
    if service == "sns":
        return "sns", "Publish", {"TopicArn": arn, "Message": text}
    if service == "events":
        entry = target.get("EventBridgeParameters") or {}
        return "events", "PutEvents", {"Entries": [{"EventBusName": arn, "Detail": text, **entry}]}
    raise ValueError(f"The local cloud plays no target of {service}")


def _queue_url(arn: str) -> str:
    account, name = arn.split(":")[4:6]
    return f"{emulator.base_url()}/{account}/{name}"


class _Delivery:
    """One invocation of a schedule's target, its retries included."""

    def __init__(self, schedule: dict):
        self.schedule, self.target = schedule, schedule["Target"]
        self.account, self.region = get_account_id(), get_region()
        self.execution_id, self.due = new_uuid(), now_iso()
        self.record = {"schedule": schedule["Arn"], "target": self.target["Arn"], "account": self.account,
                       "region": self.region, "attempts": 0, "outcome": "running", "problem": None}
        with _lock:
            _deliveries.append(self.record)

    def _text(self) -> str:
        attributes = {"schedule-arn": self.schedule["Arn"], "scheduled-time": self.due,
                      "execution-id": self.execution_id, "attempt-number": str(self.record["attempts"])}
        text = self.target.get("Input") or _default_input(self.schedule)
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def _with_role(self, service: str, api: str, parameters: dict) -> None:
        if app.AUTH:
            credentials = scheduler_api.assume(self.target["RoleArn"], self.schedule["GroupName"])
        else:
            credentials = service_session.Credentials(self.account, self.account)
        try:
            service_session.call(credentials, self.region, service, api, parameters)
        finally:
            credentials.release()

    def attempt(self) -> None:
        """Try once; a failure worth it is tried again later."""
        self.record["attempts"] += 1
        with request_scope(self.account, self.region):
            try:
                self._with_role(*_call(self.target, self._text()))
                self.record["outcome"] = "delivered"
                return
            except service_session.ServiceError as refused:
                code, message = refused.code, refused.message
                again = refused.status >= 500 or refused.status == 429 or code in _RETRIED
            except (service_session.AssumeRefused, ValueError) as problem:
                code, message, again = "ValidationException", str(problem), False
            self.record["problem"] = f"{code}: {message}"
            most = int((self.target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", _MOST_ATTEMPTS))
            retries = self.record["attempts"] - 1
            if again and retries < most:
                timer.after(switches.get("scheduleRetrySeconds") * 2 ** min(retries, 10), self.attempt)
            else:
                self._give_up(code, message, again)

    def _give_up(self, code: str, message: str, exhausted: bool) -> None:
        self.record["outcome"] = "failed"
        queue = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = {"SCHEDULE_ARN": self.schedule["Arn"], "SCHEDULED_TIME": self.due,
                      "TARGET_ARN": self.target["Arn"], "ERROR_CODE": code, "ERROR_MESSAGE": message,
                      "EXECUTION_ID": self.execution_id, "RETRY_ATTEMPTS": str(self.record["attempts"] - 1),
                      "IS_PAYLOAD_TRUNCATED": "false"}
        if exhausted:
            attributes["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
        try:
            self._with_role("sqs", "SendMessage", {
                "QueueUrl": _queue_url(queue), "MessageBody": self._text(), "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}})
            self.record["outcome"] = "dead-lettered"
        except (service_session.ServiceError, service_session.AssumeRefused) as problem:
            self.record["outcome"] = f"failed, dead-letter queue: {problem}"


def _invoke_target(inner):
    def invoke(target, event, rule, view=None):
        if event.get("Source") == "aws.scheduler" and "ScheduleExpression" in (rule or {}):
            _Delivery(rule).attempt()
        else:
            inner(target, event, rule, view)
    return invoke


def fire(account: str, region: str, group: str, name: str) -> dict | None:
    """Invoke a schedule's target now, as if its time had come; None without such an enabled schedule. Blocks."""
    key = (account, region, f"{group}/{name}")
    schedule = scheduler._schedules._data.get(key)
    if schedule is None or schedule["State"] != "ENABLED":
        return None
    with request_scope(account, region):
        delivery = _Delivery(schedule)
        delivery.attempt()
    once = scheduler._at_time_epoch(schedule["ScheduleExpression"]) is not None
    if once and schedule["ActionAfterCompletion"] == "DELETE":
        scheduler._schedules._data.pop(key, None)
    elif once:
        scheduler._schedule_last_fired[key] = 0
    return dict(delivery.record)


def install() -> None:
    """Take what schedules do at their targets."""
    emulator.replace(eventbridge, "_invoke_target", _invoke_target(eventbridge._invoke_target))
