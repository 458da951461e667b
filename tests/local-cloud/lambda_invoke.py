"""Lambda: asynchronous invocation as "Understanding retry behavior in Lambda" and "Capturing records of Lambda
asynchronous invocations" describe it.

A function error is tried again MaximumRetryAttempts times, a throttled event stays in the queue; either ends after
MaximumEventAgeInSeconds. Then the OnFailure destination gets the invocation record, itself asynchronously, if the
execution role may call it. A destination that the role may not call is refused when it is configured, as on AWS.
"""

import contextvars
import datetime
import re
import threading
import time

from ministack import app
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc

import emulator
import switches
from iam_authorization import role_allows

emulator.require(lambda_svc, "_account_region_from_function_config", "_request_account_id", "_request_region",
                 "_get_func_record_for_ref", "_execution_record_for_config", "_execute_function",
                 "_route_async_failure", "_invalid_parameter_value", "_functions")

_STEP_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 300
_request_id = contextvars.ContextVar("local_cloud_lambda_request_id", default=None)
_lock = threading.Lock()
_invocations: list[dict] = []
_generation = 0


def invocations() -> list[dict]:
    """Every asynchronous invocation and how it ended, oldest first."""
    with _lock:
        return [dict(invocation) for invocation in _invocations]


def reset() -> None:
    """Forget all events; those in flight are dropped."""
    global _generation
    with _lock:
        _generation += 1
        _invocations.clear()


def _error_payload(result: dict, request_id: str) -> dict:
    """The error as AWS words it: what the emulator says of a dead process differs."""
    body = result.get("body")
    if not isinstance(body, dict):
        return {"errorMessage": str(body)}
    message, kind = str(body.get("errorMessage", "")), body.get("errorType", "")
    if kind == "Sandbox.Timedout":
        return {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    exit_code = re.search(r"exited during init with code (-?\d+)", message)
    if kind == "Runtime.ExitError" or exit_code:
        how = f"exit status {exit_code[1]}" if exit_code and int(exit_code[1]) > 0 else "signal: killed"
        return {"errorType": "Runtime.ExitError",
                "errorMessage": f"RequestId: {request_id} Error: Runtime exited with error: {how}"}
    return body


class _Event:
    """One event in a function's asynchronous queue."""

    def __init__(self, func: dict, payload):
        self.payload = payload
        self.config = func.get("config") or func
        self.account_id, self.region = lambda_svc._account_region_from_function_config(self.config)
        self.arn = self.config["FunctionArn"]
        self.request_id = new_uuid()
        self.started = time.monotonic()
        self.generation = _generation
        self.attempts = 0
        custom_resource = payload if isinstance(payload, dict) else {}
        self.record = {
            "requestId": custom_resource.get("RequestId"),
            "requestType": custom_resource.get("RequestType"),
            "logicalResourceId": custom_resource.get("LogicalResourceId"),
            "lambdaRequestId": self.request_id,
            "function": self.config.get("FunctionName"),
            "account": self.account_id,
            "attempts": 0,
            "outcome": "running",
        }
        with _lock:
            _invocations.append(self.record)

    def settings(self, func: dict) -> dict:
        qualifier = self.config.get("Version") or "$LATEST"
        configs = func.get("event_invoke_configs") or {}
        return configs.get(qualifier) or configs.get("") or func.get("event_invoke_config") or {}

    def current(self) -> dict | None:
        """The function as it is now; None once it was deleted."""
        func, config, _ = lambda_svc._get_func_record_for_ref(self.arn)
        if func is None or config is None or self.generation != _generation:
            return None
        return lambda_svc._execution_record_for_config(func, config)

    def wait(self, seconds: float, settings: dict) -> bool:
        """Wait within the event's age; False once it is too old."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            age = switches.capped("maximumEventAgeSeconds", settings.get("MaximumEventAgeInSeconds", 21600))
            if now - self.started >= age:
                return False
            time.sleep(_STEP_SECONDS)
        return True

    def run(self) -> None:
        lambda_svc._request_account_id.set(self.account_id)
        lambda_svc._request_region.set(self.region)
        _request_id.set(self.request_id)
        backoff, last = 1, None
        while func := self.current():
            settings = self.settings(func)
            result = lambda_svc._execute_function(func, self.payload)
            if result.get("throttle"):
                in_time = self.wait(backoff, settings)
                backoff = min(backoff * 2, _LONGEST_BACKOFF_SECONDS)
            else:
                last = result
                self.attempts += 1
                self.record["attempts"] = self.attempts
                if not result.get("error"):
                    self.record["outcome"] = "succeeded"
                    return
                if self.attempts > settings.get("MaximumRetryAttempts", 2):
                    self.give_up(func, settings, "RetriesExhausted", last)
                    return
                in_time = self.wait(switches.get("asyncRetrySeconds"), settings)
            if not in_time:
                self.give_up(func, settings, "EventAgeExceeded", last)
                return
        self.record["outcome"] = "dropped"

    def give_up(self, func: dict, settings: dict, condition: str, result: dict | None) -> None:
        self.record["outcome"] = condition
        destination = ((settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        queue = (self.config.get("DeadLetterConfig") or {}).get("TargetArn")
        if queue:
            lambda_svc._route_async_failure(queue, self.config["FunctionName"], self.payload, result or {})
        if not destination:
            return
        self.record["destination"] = destination
        if not _may_deliver(func.get("config") or func, destination):
            self.record["outcome"] += ", destination denied"
        elif ":lambda:" in destination:
            target, config, _ = lambda_svc._get_func_record_for_ref(destination)
            if target is None or config is None:
                self.record["outcome"] += ", destination not found"
                return
            invoke_async(lambda_svc._execution_record_for_config(target, config),
                         self.invocation_record(condition, result))
        else:
            lambda_svc._route_async_failure(destination, self.config["FunctionName"], self.payload, result or {})

    def invocation_record(self, condition: str, result: dict | None) -> dict:
        record = {
            "version": "1.0",
            "timestamp": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace(
                "+00:00", "Z"),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": f"{self.arn}:$LATEST" if self.arn.count(":") == 6 else self.arn,
                "condition": condition,
                "approximateInvokeCount": self.attempts,
            },
            "requestPayload": self.payload,
        }
        # An event that never reached the function has no response to report.
        if result is not None:
            record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST",
                                         "functionError": result.get("function_error") or "Unhandled"}
            record["responsePayload"] = _error_payload(result, self.request_id)
        return record


def invoke_async(func: dict, payload) -> None:
    """Queue an event for a function and return at once."""
    event = _Event(func, payload)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(event.run,), daemon=True,
                     name=f"async-{event.record['function']}").start()


_DELIVERY_ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish",
                     "events": "events:PutEvents", "s3": "s3:PutObject"}


def _may_deliver(config: dict, destination: str) -> bool:
    if not app.AUTH:
        return True
    action = _DELIVERY_ACTIONS.get(destination.split(":")[2], "")
    region = config["FunctionArn"].split(":")[3]
    return role_allows(config.get("Role", ""), action, destination, region)


def _checked_put(inner):
    def put(func_name: str, qualifier: str | None, data: dict):
        func = lambda_svc._functions.get(func_name)
        for outcome in (data.get("DestinationConfig") or {}).values() if func else ():
            destination = (outcome or {}).get("Destination")
            if destination and not _may_deliver(func["config"], destination):
                action = _DELIVERY_ACTIONS.get(destination.split(":")[2], "").partition(":")[2]
                return lambda_svc._invalid_parameter_value(
                    f"The function's execution role does not have permissions to call {action} on {destination}")
        return inner(func_name, qualifier, data)
    return put


def _with_own_request_id(inner):
    """All attempts at one event carry one request id, which the destination's record repeats."""
    def dispatch(func, config, event, request_id, started):
        return inner(func, config, event, _request_id.get() or request_id, started)
    return dispatch


def install() -> None:
    """Take every asynchronous invocation of the emulator."""
    emulator.replace(lambda_svc, "invoke_async_with_retry", invoke_async)
    emulator.replace(lambda_svc, "_put_event_invoke_config", _checked_put(lambda_svc._put_event_invoke_config))
    emulator.replace(lambda_svc, "_execute_function_dispatch",
                     _with_own_request_id(lambda_svc._execute_function_dispatch))
    # A new function is Active sooner; nothing but the wait is shorter.
    emulator.replace(lambda_svc, "_LAMBDA_STATE_TRANSITION_DELAY", 0.05)
