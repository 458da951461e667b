"""Step Functions: AWS SDK integrations of S3, SQS and Step Functions itself, as calls in the machine's role.

* ``arn:aws:states:::aws-sdk:s3:getObject`` and its like go through the emulator's own door: the role's rights, bucket
  and queue policies and faults count. Names of parameters and results are those of the SDK for Java, as on AWS.
* An error that the operation documents is ``S3.NoSuchKeyException``, any other ``S3.S3Exception``.
* A Body is written as JSON, text too, with its quotes, as users report of AWS; a Body that is read is text.
* Of the optimized integration ``states:startExecution`` the errors' names are AWS's.
"""

import datetime
import json

from botocore.response import StreamingBody
from ministack.services import sqs, stepfunctions

import emulator
import service_session
import stepfunctions_role

#: Name in a Resource → the service's name in botocore, and the prefix of its errors.
_SERVICES = {"s3": ("s3", "S3"), "sqs": ("sqs", "Sqs"), "sfn": ("stepfunctions", "Sfn")}
#: SQS answers with the codes of its former protocol; an error is named after its shape.
_NAMES = {former: name for name, former in sqs._QUERY_COMPAT_CODES.items()}
_MARK = ":states:::aws-sdk:"

emulator.require(stepfunctions, "_invoke_aws_sdk_integration", "_invoke_nested_start_execution",
                 "_sdk_json_param_value", "_api_name_to_sfn_key", "_ExecutionError")
emulator.require(sqs, "_QUERY_COMPAT_CODES")


def _given(value, shape):
    """Parameters by the names of the API; a blob as the bytes of its JSON, other text as text."""
    renamed = stepfunctions._sdk_json_param_value(value, shape)
    for name, member in shape.members.items():
        if name not in renamed:
            continue
        if member.type_name == "blob":
            renamed[name] = json.dumps(renamed[name]).encode()
        elif member.type_name == "string" and isinstance(renamed[name], (dict, list)):
            renamed[name] = json.dumps(renamed[name])
    return renamed


def _shown(value):
    """A result by the names of the SDK for Java."""
    if isinstance(value, dict):
        return {stepfunctions._api_name_to_sfn_key(name): item if name == "Metadata" else _shown(item)
                for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, StreamingBody):
        return value.read().decode("utf-8", errors="replace")
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _failure(error: service_session.ServiceError, operation, prefix: str) -> Exception:
    code = _NAMES.get(error.code, error.code)
    documented = [shape.name for shape in operation.error_shapes
                  if code in (shape.name, shape.metadata.get("error", {}).get("code"))]
    name = f"{documented[0].removesuffix('Exception')}Exception" if documented else f"{prefix}Exception"
    return stepfunctions._ExecutionError(f"{prefix}.{name}", (
        f"{error.message} (Service: {prefix}, Status Code: {error.status}, Request ID: {error.request_id})"))


def _invoke(inner):
    def invoke(resource, data):
        service, _, action = resource.partition(_MARK)[2].partition(":")
        if service not in _SERVICES:
            return inner(resource, data)
        name, prefix = _SERVICES[service]
        api = f"{action[0].upper()}{action[1:]}"
        operation = service_session.operation(name, api)
        try:
            return _shown(stepfunctions_role.call(name, api, _given(data or {}, operation.input_shape)))
        except service_session.ServiceError as error:
            raise _failure(error, operation, prefix) from None
        except ValueError as problem:
            raise stepfunctions._ExecutionError("States.Runtime", str(problem)) from None
    return invoke


def _start(inner):
    def start(resource, data):
        try:
            return inner(resource, data)
        except stepfunctions._ExecutionError as problem:
            if "." not in problem.error:
                problem.error = f"StepFunctions.{problem.error.removesuffix('Exception')}Exception"
            raise
    return start


def install() -> None:
    """Take the integrations."""
    emulator.replace(stepfunctions, "_invoke_aws_sdk_integration", _invoke(stepfunctions._invoke_aws_sdk_integration))
    emulator.replace(stepfunctions, "_invoke_nested_start_execution",
                     _start(stepfunctions._invoke_nested_start_execution))
