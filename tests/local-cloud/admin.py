"""The HTTP routes below ``/_local_cloud/``: what tests see and steer, the issuers, and the ResponseURLs."""

import asyncio
import json
import re
from urllib.parse import parse_qs

from ministack import app

import custom_resource_reply
import emulator
import faults
import iam_federation
import lambda_invoke
import lambda_process
import managed_instances
import messaging
import orchestration
import organizations
import organizations_admin
import switches

PREFIX = "/_local_cloud/"
_KILL = re.compile(r"/_local_cloud/functions/([\w-]+)/kill")
_MAX_BODY_BYTES = 16 * 1024 * 1024


def _json(status: int, value) -> tuple[int, dict, bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _health() -> dict:
    return {"status": "ready", "ministack": emulator.PINNED_VERSION, "iamEnforced": app.AUTH}


async def _kill(function_name: str, query: dict) -> tuple[int, dict, bytes]:
    """SIGKILL a function at work; ``waitSeconds`` waits for it to get work first."""
    account_id = query.get("account", [None])[0]
    wait_steps = int(float(query.get("waitSeconds", ["0"])[0]) * 20)
    killed = lambda_process.kill(account_id, function_name)
    while not killed and wait_steps > 0:
        await asyncio.sleep(0.05)
        wait_steps -= 1
        killed = lambda_process.kill(account_id, function_name)
    return _json(200 if killed else 404, {"killed": killed})


def _changed(change, shown, body: bytes) -> tuple[int, dict, bytes]:
    try:
        change(json.loads(body))
    except (ValueError, TypeError, AttributeError) as problem:
        return _json(400, {"message": str(problem)})
    return _json(200, shown())


def _of_instances(method: str, name: str, query: dict, body: bytes) -> tuple[int, dict, bytes]:
    try:
        found = managed_instances.answer(method, name, query, body)
    except (ValueError, TypeError, AttributeError) as problem:
        return _json(400, {"message": str(problem)})
    return _json(*found) if found else _json(404, {"message": f"no such route: {method} {name}"})


async def _answer(method: str, path: str, query: dict, body: bytes) -> tuple[int, dict, bytes]:
    reads = {"health": _health, "replies": custom_resource_reply.received, "invocations": lambda_invoke.invocations,
             "switches": switches.everything, "faults": faults.remaining, **managed_instances.READS,
             **messaging.READS, **orchestration.READS}
    writes = {"switches": (switches.change, switches.everything), "faults": (faults.put, faults.remaining),
              **managed_instances.WRITES}
    name = path.removeprefix(PREFIX)
    if method == "GET" and name in reads:
        return _json(200, reads[name]())
    if method == "PUT" and name in writes:
        return _changed(*writes[name], body)
    if method == "DELETE" and name == "faults":
        faults.put([])
        return _json(200, [])
    if method == "POST" and (kill := _KILL.fullmatch(path)):
        return await _kill(kill[1], query)
    if name.startswith("instances"):
        return _of_instances(method, name, query, body)
    if found := organizations_admin.answer(method, name, query, body):
        return _json(*found)
    if found := await orchestration.answer(method, name, query):
        return _json(*found)
    if method == "GET" and path.startswith(iam_federation.ISSUERS_PATH):
        return iam_federation.well_known(path) or _json(404, {"message": "no such issuer or document"})
    return _json(404, {"message": f"no such route: {method} {path}"})


async def _body(receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if message["type"] != "http.request" or not message.get("more_body") or size > _MAX_BODY_BYTES:
            return b"".join(parts)


async def _serve(scope, receive, send) -> None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = await _body(receive)
    raw_path, raw_query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii")
    if raw_path.startswith(custom_resource_reply.PATH):
        target = f"{raw_path}?{raw_query}" if raw_query else raw_path
        fault = faults.take(faults.RESPONSE_URL_SERVICE, scope["method"])
        status, answer_headers, answer = custom_resource_reply.receive(scope["method"], target, headers, body, fault)
    else:
        status, answer_headers, answer = await _answer(scope["method"], scope["path"], parse_qs(raw_query), body)
    answer_headers["Content-Length"] = str(len(answer))
    await send({"type": "http.response.start", "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in answer_headers.items()]})
    await send({"type": "http.response.body", "body": answer})


def _reset() -> None:
    for module in (switches, faults, custom_resource_reply, lambda_invoke, iam_federation, messaging, organizations,
                   orchestration):
        if module is faults:
            faults.put([])
        else:
            module.reset()


def install() -> None:
    """Serve the routes before the emulator's own, and forget everything when it does."""
    inner = app.app

    async def asgi(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await _serve(scope, receive, send)
        else:
            await inner(scope, receive, send)

    inner_reset = app._reset_all_state

    def reset_all_state():
        _reset()
        inner_reset()

    emulator.replace(app, "app", asgi)
    emulator.replace(app, "_reset_all_state", reset_all_state)
