"""CloudFormation: the presigned ResponseURL of a custom resource, and what is accepted there.

S3 takes whatever is PUT with the URL exactly as signed, as often as it comes; CloudFormation reads the first object
and judges it (CloudFormation guide, "Custom resource response objects"; 4096 bytes inclusive). Here as there:
* another path or query, a content type that was not signed, an expired signature: 403 and nothing arrives,
* no Content-Length: 411, a chunked body: 501,
* an object that breaks the rules: 200, and the resource fails. Two reasons are AWS's own words ("Response object is
  too long.", "Invalid PhysicalResourceId"); AWS does not document the others, which start with "Invalid response".
"""

import json
import threading
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from ministack.core.responses import get_region

import emulator
import switches

PATH = "/_local_cloud/custom-resource-responses/"
MAX_BODY_BYTES = 4096
MAX_PHYSICAL_ID_BYTES = 1024

_lock = threading.Lock()
_requests: dict[str, "Request"] = {}
_received: list[dict] = []


@dataclass
class Request:
    """One request that waits, or waited, for its reply."""

    request_id: str
    stack_id: str
    logical_id: str
    request_type: str
    target: str
    reply: dict | None = None
    problem: str = ""
    claimed_id: str | None = None
    waiting: bool = True
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{emulator.base_url()}{self.target}"


def open_request(request_id: str, stack_id: str, logical_id: str, request_type: str) -> Request:
    """A request with a ResponseURL of its own, shaped like AWS's: key and query need their escapes kept."""
    key = quote(f"{stack_id}|{logical_id}|{uuid.uuid4()}", safe="")
    query = urlencode({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": "20261101T000000Z",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": "7200",
        "X-Amz-Credential": f"AKIALOCALCLOUD/20261101/{get_region()}/s3/aws4_request",
        "X-Amz-Signature": uuid.uuid4().hex + uuid.uuid4().hex,
    })
    request = Request(request_id, stack_id, logical_id, request_type, f"{PATH}{key}?{query}")
    with _lock:
        _requests[request.target] = request
    return request


def close_request(request: Request) -> None:
    """CloudFormation stops waiting; later replies change nothing."""
    with _lock:
        request.waiting = False


def _problem(reply, request: Request) -> str:
    if not isinstance(reply, dict):
        return "Invalid response from custom resource: not a JSON object."
    if reply.get("Status") not in ("SUCCESS", "FAILED"):
        return "Invalid response from custom resource: Status must be SUCCESS or FAILED."
    physical_id = reply.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 1 <= len(physical_id.encode()) <= MAX_PHYSICAL_ID_BYTES:
        return "Invalid PhysicalResourceId"
    for name, expected in (("StackId", request.stack_id), ("RequestId", request.request_id),
                           ("LogicalResourceId", request.logical_id)):
        if reply.get(name) != expected:
            return f"Invalid response from custom resource: {name} is not the request's."
    if reply["Status"] == "FAILED" and not (isinstance(reply.get("Reason"), str) and reply["Reason"]):
        return "Invalid response from custom resource: FAILED needs a Reason."
    if not isinstance(reply.get("Data") or {}, dict):
        return "Invalid response from custom resource: Data must be an object."
    return ""


def _judged(body: bytes, request: Request) -> tuple[object, str]:
    try:
        reply = json.loads(body)
    except ValueError:
        return None, "Invalid response from custom resource: not JSON."
    if len(body) > MAX_BODY_BYTES:
        return reply, "Response object is too long."
    return reply, _problem(reply, request)


def _refusal(status: int, code: str, message: str) -> tuple[int, str, bytes]:
    return status, f"{code}: {message}", (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
                                          f"<Message>{message}</Message></Error>").encode()


def _transport_refusal(request: Request | None, method: str, headers: dict) -> tuple[int, str, bytes] | None:
    if request is None or method != "PUT" or headers.get("content-type"):
        return _refusal(403, "SignatureDoesNotMatch",
                        "The request signature we calculated does not match the signature you provided.")
    if switches.get("responseUrlExpired"):
        return _refusal(403, "AccessDenied", "Request has expired")
    if headers.get("transfer-encoding"):
        return _refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
    if "content-length" not in headers:
        return _refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    return None


def receive(method: str, target: str, headers: dict, body: bytes,
            fault: tuple[int, str, str] | None = None) -> tuple[int, dict, bytes]:
    """Answer one request to a ResponseURL, and pass the first proper reply on."""
    with _lock:
        request = _requests.get(target)
        refused = _refusal(*fault) if fault else _transport_refusal(request, method, headers)
        status, problem, answer = refused or (200, "", b"")
        reply = None
        if request is not None and not refused:
            reply, problem = _judged(body, request)
        first = request is not None and not refused and request.waiting and not request.answered.is_set()
        _received.append({
            "requestId": request.request_id if request else None,
            "stackId": request.stack_id if request else None,
            "logicalResourceId": request.logical_id if request else None,
            "requestType": request.request_type if request else None,
            "accepted": first and not problem,
            "status": status,
            "problem": problem or ("" if first else "CloudFormation had its answer already, or waits no more."),
            "body": reply if reply is not None else body.decode("utf-8", errors="replace"),
            "bytes": len(body),
            "contentType": headers.get("content-type"),
        })
        if first:
            request.problem = problem
            request.reply = None if problem else reply
            request.claimed_id = reply.get("PhysicalResourceId") if isinstance(reply, dict) and (
                problem != "Invalid PhysicalResourceId") else None
            request.answered.set()
    return status, {"Content-Type": "application/xml"} if answer else {"ETag": f'"{uuid.uuid4().hex}"'}, answer


def received() -> list[dict]:
    """Every PUT so far, oldest first."""
    with _lock:
        return [dict(entry) for entry in _received]


def reset() -> None:
    """Forget all requests; whoever waits is let go."""
    with _lock:
        for request in _requests.values():
            request.problem = request.problem or "The local cloud was reset."
            request.answered.set()
        _requests.clear()
        _received.clear()
