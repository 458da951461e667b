"""CloudFormation: where a resource type of the emulator is laxer than AWS's.

* ``AWS::S3::Bucket``: a bucket with objects or versions is not deleted (BucketNotEmpty, 409).
* ``AWS::Lambda::Function``: a role that does not trust Lambda is refused, ReservedConcurrentExecutions is applied, and
  a deleted function leaves no process.
"""

import json

from ministack import app
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import iam, lambda_svc, s3
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

import emulator
import lambda_process

emulator.require(s3, "_buckets", "_delete_bucket")
emulator.require(iam, "_roles")
emulator.require(lambda_svc, "_functions")
emulator.require(_RESOURCE_HANDLERS, "AWS::S3::Bucket", "AWS::Lambda::Function")


def handler_error(message: str, service: str, status: int, code: str) -> ValueError:
    """A failure in the words of AWS's resource handlers."""
    return ValueError(f'Resource handler returned message: "{message} (Service: {service}, Status Code: {status}, '
                      f'Request ID: {new_uuid()}) (SDK Attempt Count: 1)" (RequestToken: {new_uuid()}, '
                      f"HandlerErrorCode: {code})")


def _delete_bucket(inner):
    def delete(physical_id, props):
        if physical_id in s3._buckets:
            status, _, body = s3._delete_bucket(physical_id)
            if status >= 400:
                message = "The bucket you tried to delete is not empty"
                if b"BucketNotEmpty" not in body:
                    message = body.decode("utf-8", errors="replace")
                raise handler_error(message, "S3", status, "GeneralServiceException")
        inner(physical_id, props)
    return delete


def _trusts_lambda(role_arn: str) -> bool:
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    statements = json.loads(role["AssumeRolePolicyDocument"] or "{}").get("Statement", []) if role else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and "lambda.amazonaws.com" in (
                [services] if isinstance(services, str) else services):
            return True
    return False


def _applied(function_name: str, props: dict) -> None:
    reserved = props.get("ReservedConcurrentExecutions")
    lambda_svc._functions[function_name]["concurrency"] = None if reserved is None else int(reserved)


def _create_function(inner):
    def create(logical_id, props, stack_name):
        if app.AUTH and not _trusts_lambda(str(props.get("Role", ""))):
            raise handler_error("The role defined for the function cannot be assumed by Lambda.", "Lambda", 400,
                                 "InvalidRequest")
        created = inner(logical_id, props, stack_name)
        _applied(created[0], props)
        return created
    return create


def _update_function(inner):
    def update(physical_id, old_props, new_props, stack_name, logical_id=None):
        # Or the emulator kills what is being worked on, which on AWS ends with the old configuration.
        lambda_process.retire(get_account_id(), get_region(), physical_id)
        updated = inner(physical_id, old_props, new_props, stack_name, logical_id)
        _applied(updated[0], new_props)
        return updated
    return update


def _delete_function(inner):
    def delete(physical_id, props):
        lambda_process.retire(get_account_id(), get_region(), physical_id)
        inner(physical_id, props)
    return delete


def install() -> None:
    """Put the stricter handlers in place."""
    bucket = _RESOURCE_HANDLERS["AWS::S3::Bucket"]
    bucket["delete"] = _delete_bucket(bucket["delete"])
    function = _RESOURCE_HANDLERS["AWS::Lambda::Function"]
    function.update(create=_create_function(function["create"]), update=_update_function(function["update"]),
                    delete=_delete_function(function["delete"]))
