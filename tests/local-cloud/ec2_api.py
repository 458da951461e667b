"""EC2: the door before the emulator's service, for what the other ``ec2_*`` modules play.

A request is parsed once, with blank values kept: DeleteTags tells a tag with an empty value from a tag without one.
A module checks actions (``check``), answers them (``serve``) or looks at what they did (``watch``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack.core.router import extract_access_key_id
from ministack.services import ec2

import emulator

emulator.require(ec2, "handle_request", "_error", "_xml", "_ensure_defaults_initialized", "_ACTION_MAP", "reset")


class Refused(Exception):
    """A request that EC2 answers with an error."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code = code
        self.response = ec2._error(code, escape(message), status)


@dataclass
class Call:
    """One request."""

    action: str
    params: dict
    access_key: str

    def one(self, name: str, default: str = "") -> str:
        """A parameter's value."""
        return self.params.get(name, [default])[0]

    def numbered(self, prefix: str) -> list[str]:
        """The values of ``prefix.1``, ``prefix.2`` and so on."""
        found = []
        while value := self.one(f"{prefix}.{len(found) + 1}"):
            found.append(value)
        return found

    def filters(self) -> dict[str, list[str]]:
        """The request's filters; all of them have to match, of each one value."""
        found = {}
        number = 1
        while name := self.one(f"Filter.{number}.Name"):
            found[name] = found.get(name, []) + self.numbered(f"Filter.{number}.Value")
            number += 1
        return found

    def is_dry_run(self) -> bool:
        """Whether only the right to make the request is asked for."""
        return self.one("DryRun").lower() == "true"


_checks: dict[str, list[Callable]] = {}
_handlers: dict[str, Callable] = {}
_watchers: dict[str, list[Callable]] = {}
_resets: list[Callable] = []


def check(actions: tuple[str, ...], function: Callable) -> None:
    """Let ``function(call)`` refuse these actions by raising Refused."""
    emulator.require(ec2._ACTION_MAP, *actions)
    for action in actions:
        _checks.setdefault(action, []).append(function)


def serve(action: str, function: Callable) -> None:
    """Have ``function(call)`` answer an action: status, headers and body."""
    emulator.require(ec2._ACTION_MAP, action)
    _handlers[action] = function


def watch(actions: tuple[str, ...], function: Callable) -> None:
    """Have ``function(call)`` called before an action; what it returns is called with a successful answer's body."""
    emulator.require(ec2._ACTION_MAP, *actions)
    for action in actions:
        _watchers.setdefault(action, []).append(function)


def on_reset(function: Callable) -> None:
    """Have ``function()`` called when the emulator forgets everything."""
    _resets.append(function)


def page(call: Call, items: list, identity: Callable) -> tuple[list, str]:
    """The part of ``items`` that the request asks for, and the element with the token for the next part.

    MaxResults is 5 to 1000; without it there is one page. A token remembers the last item, so that a page goes on in
    the right place although items have come or gone.
    """
    limit, start = call.one("MaxResults"), 0
    if token := call.one("NextToken"):
        start = _position(token, items, identity)
    if not limit:
        return items[start:], ""
    if not limit.isdigit() or not 5 <= int(limit) <= 1000:
        bound = "greater than 5" if not limit.isdigit() or int(limit) < 5 else "less than 1000"
        raise Refused("InvalidParameterValue",
                      f"Value ( {limit} ) for parameter maxResults is invalid. Expecting a value {bound}.")
    end = start + int(limit)
    if end >= len(items):
        return items[start:], ""
    return items[start:end], f"<nextToken>{end}.{identity(items[end - 1]).encode().hex()}</nextToken>"


def _position(token: str, items: list, identity: Callable) -> int:
    number, _, name = token.partition(".")
    try:
        start, last = int(number), bytes.fromhex(name).decode()
    except ValueError:
        raise Refused("InvalidPaginationToken", "The pagination token is not valid.") from None
    if 0 < start <= len(items) and identity(items[start - 1]) == last:
        return start
    return next((index + 1 for index, item in enumerate(items) if identity(item) == last), min(start, len(items)))


async def _answer(inner, call: Call, arguments: tuple):
    for function in _checks.get(call.action, ()):
        function(call)
    reports = [function(call) for function in _watchers.get(call.action, ())]
    if handler := _handlers.get(call.action):
        ec2._ensure_defaults_initialized()
        status, headers, body = handler(call)
    else:
        status, headers, body = await inner(*arguments)
    for report in reports:
        if report and status == 200:
            report(body)
    return status, headers, body


def _door(inner):
    async def handle_request(method, path, headers, body, query_params):
        params = dict(query_params)
        if method in ("POST", "PUT") and body:
            text = body if isinstance(body, str) else body.decode("utf-8", errors="replace")
            params.update(parse_qs(text, keep_blank_values=True))
        call = Call(params.get("Action", [""])[0], params, extract_access_key_id(headers, query_params))
        try:
            return await _answer(inner, call, (method, path, headers, body, query_params))
        except Refused as refused:
            return refused.response
    return handle_request


def install() -> None:
    """Stand before the service."""
    emulator.replace(ec2, "handle_request", _door(ec2.handle_request))
    inner_reset = ec2.reset

    def reset():
        for function in _resets:
            function()
        inner_reset()

    emulator.replace(ec2, "reset", reset)
