"""StackSets: the two roles of the self-managed permission model ("Grant self-managed permissions").

The administration role trusts CloudFormation in the administrator account and may assume the execution role; the
execution role trusts it, or its account, in the target account. Without IAM enforcement neither is looked at.
Service-managed stack sets have AWS's own roles, which may do everything and of which only the names are shown.
"""

import uuid
from dataclasses import dataclass

from ministack import app

import service_session
import stacksets
import stacksets_wire as wire

ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
_SERVICE_LINKED_ROLE = ("aws-service-role/stacksets.cloudformation.amazonaws.com/"
                        "AWSServiceRoleForCloudFormationStackSetsOrgAdmin")


class RoleMissing(RuntimeError):
    """An execution role that is not there, or that may not be assumed."""


@dataclass(frozen=True)
class Execution:
    """What a target account is worked on with; without a role, as the account itself."""

    credentials: service_session.Credentials
    role_arn: str | None = None


def administration_arn(stack_set: stacksets.StackSet) -> str:
    """The administration role of a stack set."""
    return stack_set.administration_role or f"arn:aws:iam::{stack_set.account}:role/{ADMINISTRATION_ROLE}"


def shown(stack_set: stacksets.StackSet) -> dict:
    """The roles as the API shows them."""
    if stack_set.service_managed:
        return {"AdministrationRoleARN": f"arn:aws:iam::{stack_set.account}:role/{_SERVICE_LINKED_ROLE}",
                "ExecutionRoleName": f"stacksets-exec-{uuid.uuid5(uuid.NAMESPACE_OID, stack_set.account).hex}"}
    return {"AdministrationRoleARN": administration_arn(stack_set),
            "ExecutionRoleName": stack_set.execution_role or EXECUTION_ROLE}


def _self_managed(stack_set: stacksets.StackSet) -> bool:
    return app.AUTH and stack_set.permission_model == stacksets.SELF_MANAGED


def _assume_administration(stack_set: stacksets.StackSet) -> service_session.Credentials:
    arn = administration_arn(stack_set)
    refused = None
    for service in ("cloudformation.amazonaws.com", f"cloudformation.{stack_set.region}.amazonaws.com"):
        try:
            return service_session.assume(arn, service, stack_set.id.rsplit(":", 1)[-1], stack_set.account,
                                          stack_set.arn, stack_set.region)
        except service_session.AssumeRefused as problem:
            refused = problem
    raise refused


def check_administration(stack_set: stacksets.StackSet) -> None:
    """Refuse an operation whose administration role CloudFormation cannot assume."""
    if not _self_managed(stack_set):
        return
    try:
        _assume_administration(stack_set).release()
    except service_session.AssumeRefused:
        name = administration_arn(stack_set).rsplit("/", 1)[-1]
        raise wire.refusal("ValidationError", f"Account {stack_set.account} should have '{name}' role with trust "
                           "relationship to CloudFormation service.") from None


def assume_execution(stack_set: stacksets.StackSet, account: str) -> Execution:
    """The execution role of a target account, where one is needed."""
    if not _self_managed(stack_set):
        return Execution(service_session.Credentials(account, account))
    name = stack_set.execution_role or EXECUTION_ROLE
    arn = f"arn:aws:iam::{account}:role/{name}"
    try:
        administration = _assume_administration(stack_set)
        try:
            answer = service_session.call(administration, stack_set.region, "sts", "AssumeRole", {
                "RoleArn": arn, "RoleSessionName": stack_set.id.rsplit(":", 1)[-1]})["Credentials"]
        finally:
            administration.release()
    except (service_session.AssumeRefused, service_session.ServiceError):
        administration_name = administration_arn(stack_set).rsplit("/", 1)[-1]
        raise RoleMissing(f"Account {account} should have '{name}' role with trust relationship to "
                          f"Role '{administration_name}'.") from None
    return Execution(service_session.Credentials(account, answer["AccessKeyId"], answer["SessionToken"]), arn)
