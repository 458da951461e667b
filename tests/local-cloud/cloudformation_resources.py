"""CloudFormation: where a resource type of the emulator is laxer than AWS's.

* ``AWS::S3::Bucket``: a bucket with objects or versions is not deleted (BucketNotEmpty, 409).
* ``AWS::IAM::Role``: a name that is taken is refused (EntityAlreadyExists, 409); a role with policies from outside
  the stack is not deleted (DeleteConflict, 409).
* ``AWS::Lambda::Function``: a role that does not trust Lambda is refused, ReservedConcurrentExecutions is applied, and
  a deleted function leaves no process.
"""

import json

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc, s3
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

import emulator
import lambda_process

emulator.require(s3, "_buckets", "_delete_bucket")
emulator.require(iam, "_roles")
emulator.require(lambda_svc, "_functions")
emulator.require(_RESOURCE_HANDLERS, "AWS::S3::Bucket", "AWS::IAM::Role", "AWS::Lambda::Function")


def _handler_error(message: str, service: str, status: int, code: str) -> ValueError:
    return ValueError(f'Resource handler returned message: "{message} (Service: {service}, Status Code: {status})" '
                      f"(HandlerErrorCode: {code})")


def _delete_bucket(inner):
    def delete(physical_id, props):
        if physical_id in s3._buckets:
            status, _, body = s3._delete_bucket(physical_id)
            if status >= 400:
                message = "The bucket you tried to delete is not empty"
                if b"BucketNotEmpty" not in body:
                    message = body.decode("utf-8", errors="replace")
                raise _handler_error(message, "S3", status, "GeneralServiceException")
        inner(physical_id, props)
    return delete


def _create_role(inner):
    def create(logical_id, props, stack_name):
        name = props.get("RoleName")
        if name and name in iam._roles:
            raise _handler_error(f"Role with name {name} already exists.", "Iam", 409, "AlreadyExists")
        return inner(logical_id, props, stack_name)
    return create


def _delete_role(inner):
    def delete(physical_id, props):
        role = iam._roles.get(physical_id) or {}
        foreign = set(role.get("AttachedPolicies", ())) - set(props.get("ManagedPolicyArns") or ())
        inline = {policy.get("PolicyName") for policy in props.get("Policies") or ()}
        if foreign:
            raise _handler_error("Cannot delete entity, must detach all policies first.", "Iam", 409,
                                 "InvalidRequest")
        if set(role.get("InlinePolicies", ())) - inline:
            raise _handler_error("Cannot delete entity, must delete policies first.", "Iam", 409, "InvalidRequest")
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
            raise _handler_error("The role defined for the function cannot be assumed by Lambda.", "Lambda", 400,
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
    bucket, role = _RESOURCE_HANDLERS["AWS::S3::Bucket"], _RESOURCE_HANDLERS["AWS::IAM::Role"]
    bucket["delete"] = _delete_bucket(bucket["delete"])
    role.update(create=_create_role(role["create"]), delete=_delete_role(role["delete"]))
    function = _RESOURCE_HANDLERS["AWS::Lambda::Function"]
    function.update(create=_create_function(function["create"]), update=_update_function(function["update"]),
                    delete=_delete_function(function["delete"]))
