"""Lambda: one batch of a queue's messages, from the event to what becomes of the messages.

* A function error leaves every message in the queue, where it is visible again after the visibility timeout. A
  throttled batch is tried again until then ("Handling errors for an SQS event source in Lambda").
* With ReportBatchItemFailures only the messages that the answer names stay. An answer that is not of that form, or
  names a message that is not in the batch, is the failure of all ("Implementing partial batch responses").
"""

import base64
import threading
import time

from ministack.core.responses import get_region
from ministack.services import lambda_svc

import emulator

_THROTTLED_PAUSE_SECONDS = 0.2
_BINARY, _LISTS = "BinaryValue", {"stringListValues": [], "binaryListValues": []}
_lock = threading.Lock()
_batches: list[dict] = []

emulator.require(lambda_svc, "_execute_function", "_get_func_record_for_qualifier", "_apply_filter_criteria")


class Malformed(ValueError):
    """An answer that says nothing of single messages."""


def batches() -> list[dict]:
    """Every batch that a function got, and what became of it, oldest first."""
    with _lock:
        return [dict(batch) for batch in _batches]


def reset() -> None:
    """Forget all batches."""
    with _lock:
        _batches.clear()


def _attribute(value: dict) -> dict:
    binary = {_BINARY: base64.b64encode(value[_BINARY]).decode()} if _BINARY in value else {}
    return {**{f"{name[0].lower()}{name[1:]}": item for name, item in {**value, **binary}.items()}, **_LISTS}


def record(message: dict, queue_arn: str) -> dict:
    """A message as the function's event has it."""
    return {"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
            "attributes": message.get("Attributes", {}), "messageAttributes": {
                name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
            "md5OfBody": message["MD5OfBody"], "eventSource": "aws:sqs", "eventSourceARN": queue_arn,
            "awsRegion": get_region()}


def named_failures(answer, known: set[str]) -> set[str]:
    """The messages that an answer says have failed."""
    if answer is None or answer == "":
        return set()
    if not isinstance(answer, dict):
        raise Malformed("the answer is no object")
    failures = answer.get("batchItemFailures")
    if failures is None:
        return set()
    if not isinstance(failures, list) or not all(isinstance(failure, dict) for failure in failures):
        raise Malformed("batchItemFailures is no list of objects")
    named = [failure.get("itemIdentifier") for failure in failures]
    if not all(isinstance(name, str) and name in known for name in named):
        raise Malformed("an itemIdentifier is not that of a message of the batch")
    return set(named)


class Batch:
    """Messages that one invocation gets; ``until`` is when they are visible again, by the monotonic clock."""

    def __init__(self, mapping: dict, account_id: str, messages: list[dict], until: float):
        self.mapping, self.messages, self.until = mapping, messages, until
        self.handles = {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        self.note = {"queue": mapping["EventSourceArn"], "function": mapping["FunctionName"], "account": account_id,
                     "region": get_region(), "messages": len(messages), "failed": 0, "outcome": "running"}
        with _lock:
            _batches.append(self.note)

    def _end(self, outcome: str, failed: set[str]) -> list[str]:
        self.note.update(outcome=outcome, failed=len(failed))
        return [handle for name, handle in self.handles.items() if name not in failed]

    def _invoke(self, event: dict) -> dict | None:
        """The function's result; None when it was throttled for too long, or is not there."""
        while True:
            func, _ = lambda_svc._get_func_record_for_qualifier(
                self.mapping["FunctionName"], self.mapping.get("Qualifier"))
            if func is None:
                return None
            result = lambda_svc._execute_function(func, event)
            if not result.get("throttle"):
                return result
            if time.monotonic() > self.until:
                return None
            time.sleep(_THROTTLED_PAUSE_SECONDS)

    def run(self) -> list[str]:
        """Have the function work; the receipt handles of the messages that are done with."""
        every = set(self.handles)
        records = [record(message, self.mapping["EventSourceArn"]) for message in self.messages]
        wanted = lambda_svc._apply_filter_criteria(records, self.mapping)
        if not wanted:
            return self._end("filtered", set())
        result = self._invoke({"Records": wanted})
        if result is None:
            return self._end("throttled", every)
        if result.get("error"):
            return self._end("failed", every)
        if "ReportBatchItemFailures" not in (self.mapping.get("FunctionResponseTypes") or ()):
            return self._end("succeeded", set())
        try:
            failed = named_failures(result.get("body"), {entry["messageId"] for entry in wanted})
        except Malformed:
            return self._end("malformed", every)
        return self._end("partly" if failed else "succeeded", failed)
