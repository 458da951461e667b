"""Faults on request: an AWS API that throttles, denies or breaks for a number of calls.

``PUT /_local_cloud/faults`` takes a list of ``{service, action, skip, times, status, code, message, account,
holdSeconds}``.
``service`` is the IAM prefix ("iam", "sts", "s3", ...), ``action`` an operation or "*"; only matching calls count.
Service "custom-resource-response" with action "PUT" is the bucket behind a ResponseURL, service "automation" with a
document's name the executions of that runbook. With ``holdSeconds`` a call of an API is carried out, and its answer
comes so much later: whoever made it can be killed in between.
"""

import asyncio
import threading

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id
from ministack.core.router import detect_service

import emulator

RESPONSE_URL_SERVICE = "custom-resource-response"
_DEFAULTS = {"action": "*", "skip": 0, "times": 1, "status": 400, "code": "Throttling", "message": "Rate exceeded",
             "account": None, "holdSeconds": 0}

_lock = threading.Lock()
_faults: list[dict] = []


def put(wanted: list[dict]) -> None:
    """Replace all faults."""
    known = {"service", *_DEFAULTS}
    for fault in wanted:
        if "service" not in fault or set(fault) - known:
            raise ValueError(f"a fault has service and any of {', '.join(sorted(_DEFAULTS))}")
    with _lock:
        _faults[:] = [{**_DEFAULTS, **fault} for fault in wanted]


def remaining() -> list[dict]:
    """The faults, with what is left of their counts."""
    with _lock:
        return [dict(fault) for fault in _faults]


def _due(service: str, action: str, account_id: str | None) -> dict | None:
    with _lock:
        for fault in _faults:
            if fault["service"] != service or fault["action"] not in ("*", action) or fault["times"] <= 0:
                continue
            if fault["account"] not in (None, account_id):
                continue
            if fault["skip"] > 0:
                fault["skip"] -= 1
                continue
            fault["times"] -= 1
            return fault
    return None


def take(service: str, action: str, account_id: str | None = None) -> tuple[int, str, str] | None:
    """Status, code and message for this call if a fault is due."""
    fault = _due(service, action, account_id)
    return fault and (fault["status"], fault["code"], fault["message"])


def install() -> None:
    """Look for a due fault before the emulator sees a call."""
    emulator.require(app, "_routing_params")
    emulator.require(iam_actions, "extract_iam_action", "access_denied_response")
    inner = app._dispatch_service_request

    async def dispatch(method, path, headers, body, query_params, request_id):
        if _faults:
            params = app._routing_params(method, path, headers, body, query_params)
            service = detect_service(method, path, headers, params)
            name = iam_actions.extract_iam_action(service, method, path, headers, body, params) or ":"
            prefix, _, action = name.partition(":")
            fault = _due(prefix, action, get_account_id())
            if fault and fault["holdSeconds"]:
                answer = await inner(method, path, headers, body, query_params, request_id)
                await asyncio.sleep(fault["holdSeconds"])
                return answer
            if fault:
                _, answer_headers, answer = iam_actions.access_denied_response(
                    service, name, "", request_id, error_code=fault["code"], message=fault["message"],
                    headers=headers)
                return fault["status"], {**answer_headers, "x-amzn-requestid": request_id}, answer
        return await inner(method, path, headers, body, query_params, request_id)

    emulator.replace(app, "_dispatch_service_request", dispatch)
