"""Systems Manager: the door before the emulator's service, for what the other ``ssm_*`` modules play."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from ministack.core.iam_evaluator import request_caller_arn
from ministack.core.responses import error_response_json, json_response
from ministack.core.router import extract_access_key_id
from ministack.services import ssm

import emulator

_CONTENT_TYPE = "application/x-amz-json-1.1"

emulator.require(ssm, "handle_request", "reset")


class SsmError(Exception):
    """A request that Systems Manager answers with an error."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def response(self) -> tuple:
        """The answer on the wire."""
        return error_response_json(self.code, self.message, self.status, message_key="Message",
                                   content_type=_CONTENT_TYPE)


@dataclass(frozen=True)
class Caller:
    """Who makes a request."""

    arn: str
    access_key: str
    token: str


_handlers: dict[str, Callable] = {}
_resets: list[Callable] = []


def serve(handlers: dict[str, Callable]) -> None:
    """Have ``handler(request, caller)`` answer operations: it returns the answer, or None for the emulator's own."""
    _handlers.update(handlers)


def on_reset(function: Callable) -> None:
    """Have ``function()`` called when the emulator forgets everything."""
    _resets.append(function)


def page(request: dict, items: list, smallest: int, largest: int, default: int) -> tuple[list, dict]:
    """The part of ``items`` that a request asks for, and the NextToken for the rest."""
    limit = request.get("MaxResults")
    limit = default if limit is None else limit
    if not isinstance(limit, int) or not smallest <= limit <= largest:
        bound = "greater than or equal to" if isinstance(limit, int) and limit < smallest else "less than or equal to"
        raise SsmError("ValidationException", f"1 validation error detected: Value '{limit}' at 'maxResults' failed to "
                       f"satisfy constraint: Member must have value {bound} "
                       f"{smallest if 'greater' in bound else largest}")
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise SsmError("InvalidNextToken", "The specified token is not valid.")
    start = int(token)
    more = {"NextToken": str(start + limit)} if start + limit < len(items) else {}
    return items[start:start + limit], more


def _answer(handler: Callable, request: dict, headers: dict, query_params: dict) -> tuple | None:
    caller = Caller(request_caller_arn(headers, query_params), extract_access_key_id(headers, query_params),
                    headers.get("x-amz-security-token", ""))
    try:
        answer = handler(request, caller)
    except SsmError as error:
        return error.response()
    return None if answer is None else json_response(answer, content_type=_CONTENT_TYPE)


def _door(inner):
    async def handle_request(method, path, headers, body, query_params):
        handler = _handlers.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if handler:
            try:
                request = json.loads(body) if body else {}
            except ValueError:
                return SsmError("SerializationException", "").response()
            if (answer := _answer(handler, request, headers, query_params)) is not None:
                return answer
        return await inner(method, path, headers, body, query_params)
    return handle_request


def install() -> None:
    """Stand before the service."""
    emulator.replace(ssm, "handle_request", _door(ssm.handle_request))
    inner_reset = ssm.reset

    def reset():
        for function in _resets:
            function()
        inner_reset()

    emulator.replace(ssm, "reset", reset)
