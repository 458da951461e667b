"""STS: GetWebIdentityToken as the API reference and the IAM guide's "Understanding token claims" describe it.

A signed, verifiable token whose subject is the caller's IAM ARN (for an assumed role: the role's, with its path),
refused while the account has not enabled outbound federation and where it would outlive the caller's session.
The identity policy is evaluated with ``sts:IdentityTokenAudience``, ``sts:DurationSeconds`` and
``sts:SigningAlgorithm``. Not played: that AWS's global STS endpoint lacks this action.
"""

import time
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack.core import iam_actions
from ministack.core.iam_evaluator import CredentialResolutionError
from ministack.core.responses import get_region, new_uuid
from ministack.services import iam, sts

import emulator
import iam_federation
import keys

ACTION = "GetWebIdentityToken"
NAMESPACE_CLAIM = "https://sts.amazonaws.com/"

emulator.require(sts, "_caller_identity", "_credential_error_response", "_sessions", "_error", "_xml",
                 "_extract_tags", "_future")
emulator.require(iam, "_roles")


def _params(method: str, body: bytes, query_params: dict) -> dict:
    params = dict(query_params)
    if method == "POST" and body:
        params.update(parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True))
    return params


def _first(params: dict, name: str) -> str:
    value = params.get(name) or [""]
    return value[0] if isinstance(value, list) else value


def _audiences(params: dict) -> list[str]:
    found = []
    while f"Audience.member.{len(found) + 1}" in params:
        found.append(_first(params, f"Audience.member.{len(found) + 1}"))
    return found


def _problem(params: dict) -> str:
    """What the API's constraints say against a request, or nothing."""
    audiences = _audiences(params)
    duration = _first(params, "DurationSeconds") or "300"
    if not 1 <= len(audiences) <= 10:
        return "'audience' must have between 1 and 10 members"
    if not all(1 <= len(audience) <= 1000 for audience in audiences):
        return "every member of 'audience' must have between 1 and 1000 characters"
    if _first(params, "SigningAlgorithm") not in keys.ALGORITHMS:
        return f"'signingAlgorithm' must be one of [{', '.join(keys.ALGORITHMS)}]"
    if not duration.isdecimal() or not 60 <= int(duration) <= 3600:
        return "'durationSeconds' must be between 60 and 3600"
    return ""


def iam_arn(principal_arn: str) -> str:
    """The IAM ARN behind a caller: the role's own, with its path, for an assumed role."""
    parts = principal_arn.split(":")
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    name = parts[5].split("/")[1]
    role = iam._roles.get_scoped(parts[4], None, name)
    return role["Arn"] if role else f"arn:{parts[1]}:iam::{parts[4]}:role/{name}"


def _claims(caller: dict, params: dict, now: int, expires: int) -> dict:
    account_id = caller["accountId"]
    own = {"aws_account": account_id, "source_region": get_region()}
    tags = {key.removeprefix("aws:principaltag/"): value for key, value in caller.get("principalKeys", {}).items()
            if key.startswith("aws:principaltag/")}
    if tags:
        own["principal_tags"] = tags
    if request_tags := {tag["Key"]: tag["Value"] for tag in sts._extract_tags(params)}:
        own["request_tags"] = request_tags
    audiences = _audiences(params)
    return {
        "iss": iam_federation.issuer(account_id),
        "aud": audiences[0] if len(audiences) == 1 else audiences,
        "sub": iam_arn(caller["userArn"]),
        "iat": now,
        "exp": expires,
        "jti": new_uuid(),
        NAMESPACE_CLAIM: own,
    }


def _get_token(params: dict, headers: dict, query_params: dict):
    if problem := _problem(params):
        return sts._error(400, "ValidationError", f"1 validation error detected: {escape(problem)}", ns="sts")
    caller = sts._caller_identity(headers, query_params)
    if isinstance(caller, CredentialResolutionError):
        return sts._credential_error_response(caller)
    if not iam_federation.is_enabled(caller["accountId"]):
        return sts._error(403, "OutboundWebIdentityFederationDisabledException",
                          f"Outbound web identity federation is not enabled for account {caller['accountId']}.",
                          ns="sts")
    now = int(time.time())
    duration = int(_first(params, "DurationSeconds") or 300)
    session_end = (sts._sessions.get(caller["accessKey"]) or {}).get("Expiration")
    if isinstance(session_end, (int, float)) and now + duration > session_end + 1:
        return sts._error(403, "SessionDurationEscalationException",
                          "The requested token duration would extend the session beyond its expiration.", ns="sts")
    token = keys.sign(_first(params, "SigningAlgorithm"), _claims(caller, params, now, now + duration))
    return sts._xml(200, "GetWebIdentityTokenResponse",
                    f"<GetWebIdentityTokenResult><WebIdentityToken>{token}</WebIdentityToken>"
                    f"<Expiration>{sts._future(duration)}</Expiration></GetWebIdentityTokenResult>", ns="sts")


def _condition_keys(params: dict) -> dict:
    audiences = _audiences({name: value if isinstance(value, list) else [value] for name, value in params.items()})
    found = {
        # A single value also satisfies a plain StringEquals; several need a set operator, as on AWS.
        "sts:IdentityTokenAudience": audiences[0] if len(audiences) == 1 else audiences,
        "sts:SigningAlgorithm": _first(params, "SigningAlgorithm"),
        "sts:DurationSeconds": _first(params, "DurationSeconds"),
    }
    return {name: value for name, value in found.items() if value}


def install() -> None:
    """Answer the action, and give its condition keys to the policy evaluation."""
    inner_handler = sts.handle_request

    async def handle_request(method, path, headers, body, query_params):
        params = _params(method, body, query_params)
        if _first(params, "Action") == ACTION:
            return _get_token(params, headers, query_params)
        return await inner_handler(method, path, headers, body, query_params)

    inner_context = iam_actions.request_tag_context

    def request_tag_context(service, iam_action, body, params):
        context = inner_context(service, iam_action, body, params)
        return {**context, **_condition_keys(params)} if iam_action == f"sts:{ACTION}" else context

    emulator.replace(sts, "handle_request", handle_request)
    emulator.replace(iam_actions, "request_tag_context", request_tag_context)
