"""What one AWS service does at another in a role that trusts it: the role assumed, and calls with its credentials.

A call goes through the emulator's own door: it is authorised by the role's policies, faults and throttling included.
Any thread but the server's own may make one; each has an event loop for it.
"""

import asyncio
import secrets
import threading
import time
import uuid
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote, urlencode

from botocore.awsrequest import HeadersDict
from botocore.exceptions import DataNotFoundError, ParamValidationError
from botocore.loaders import Loader
from botocore.model import OperationNotFoundError, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import iam, sts

import emulator

emulator.require(sts, "_sessions")
emulator.require(iam, "_roles")
emulator.require(iam_evaluator, "EvalContext", "evaluate_resource_policy")
emulator.require(app, "_dispatch_service_request")

_SESSION_SECONDS = 12 * 3600
_loops = threading.local()


class AssumeRefused(Exception):
    """A role that the service may not assume, or that is not there."""


class ServiceError(Exception):
    """An error that a service answered with."""

    def __init__(self, code: str, message: str, status: int, request_id: str, operation: str):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.request_id, self.operation = request_id, operation


@dataclass(frozen=True)
class Credentials:
    """What signs a call; ``token`` is empty for the long-lived keys of a user or an account."""

    account_id: str
    access_key: str
    token: str = ""
    owned: bool = False

    def release(self) -> None:
        """Forget a session that was made here."""
        if self.owned:
            sts._sessions.pop(self.access_key, None)


def _trusts(role: dict, service: str, source_account: str, source_arn: str, region: str) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn="", principal_type="Service", principal_account="", action="sts:AssumeRole",
        resource_arn=role["Arn"], region=region,
        service_context={"aws:sourceaccount": source_account, "aws:sourcearn": source_arn})
    document = role.get("AssumeRolePolicyDocument")
    return iam_evaluator.evaluate_resource_policy(document, context, service=service).decision == "Allow"


def assume(role_arn: str, service: str, session: str, source_account: str, source_arn: str,
           region: str) -> Credentials:
    """The credentials of a role that ``service`` assumes for ``source_arn``, in the role's own account."""
    parts = role_arn.split(":")
    account_id = parts[4] if len(parts) > 5 else ""
    role = iam._roles.get_scoped(account_id, None, role_arn.rsplit("/", 1)[-1])
    if role is None or role["Arn"] != role_arn or account_id != source_account:
        raise AssumeRefused(f"{role_arn} does not exist in account {source_account}")
    if app.AUTH and not _trusts(role, service, source_account, source_arn, region):
        raise AssumeRefused(f"{role_arn} does not trust {service}")
    key, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(32)
    sts._sessions[key] = {
        "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role['RoleName']}/{session}",
        "UserId": f"{role['RoleId']}:{session}", "AccountId": account_id, "PrincipalType": "AssumedRole",
        "SecretAccessKey": secrets.token_hex(20), "SessionToken": token,
        "IssuedAt": time.time(), "Expiration": time.time() + _SESSION_SECONDS}
    return Credentials(account_id, key, token, owned=True)


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def operation(service: str, api: str):
    """The model of an operation; ValueError for what a service does not have."""
    try:
        return _model(service).operation_model(api)
    except (DataNotFoundError, OperationNotFoundError) as unknown:
        raise ValueError(str(unknown)) from None


def _request(model: ServiceModel, operation, credentials: Credentials, region: str, parameters: dict) -> tuple:
    request = create_serializer(model.protocol, include_validation=False).serialize_to_request(parameters, operation)
    body = request["body"]
    body = urlencode(body).encode() if isinstance(body, dict) else body
    scope = f"{credentials.access_key}/{time.strftime('%Y%m%d', time.gmtime())}/{region}/{model.signing_name}"
    headers = {name.lower(): value for name, value in request["headers"].items()}
    headers["host"] = f"{model.endpoint_prefix}.{region}.amazonaws.com"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request, SignedHeaders=host, Signature=0"
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    query = {name: [value] for name, value in (request.get("query_string") or {}).items()}
    # A server hands on the path decoded.
    return request["method"], unquote(request["url_path"]), headers, body or b"", query


def _dispatch(arguments: tuple) -> tuple:
    if not hasattr(_loops, "loop"):
        _loops.loop = asyncio.new_event_loop()
    return _loops.loop.run_until_complete(app._dispatch_service_request(*arguments))


def call(credentials: Credentials, region: str, service: str, api: str, parameters: dict) -> dict:
    """The answer of a service, in the words of its API; ValueError for a request that is not of the API's form."""
    known = operation(service, api)
    model = _model(service)
    if known.input_shape is not None:
        report = ParamValidator().validate(parameters, known.input_shape)
        if report.has_errors():
            raise ValueError(str(ParamValidationError(report=report.generate_report())))
    request_id = str(uuid.uuid4())
    with request_scope(credentials.account_id, region):
        status, headers, body = _dispatch((*_request(model, known, credentials, region, parameters), request_id))
    answer = create_parser(model.protocol).parse(
        {"status_code": status, "headers": HeadersDict(headers), "body": body}, known.output_shape)
    if status >= 300:
        error = answer.get("Error", {})
        raise ServiceError(error.get("Code", str(status)), error.get("Message", ""), status, request_id, api)
    answer.pop("ResponseMetadata", None)
    return answer
