"""StackSets: the execution role's rights, on the stack and on its resources.

The emulator makes a stack's resources as nobody in particular. For stacks of a self-managed stack set the main actions
of the resource types below are checked against the execution role before they are made, changed or deleted, and so
is iam:PassRole for the roles that they name; a refusal is the resource's failure, as on AWS. What is not checked: other
resource types, the reads that CloudFormation makes, tagging actions, service control policies.
"""

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners, stacks

import emulator
from iam_authorization import role_allows

_SESSION = "AWSCloudFormation"
_ROLE = "_execution_role"

emulator.require(iam_actions, "identity_denial_message")

#: Per resource type: IAM prefix, the resource part of its ARN (``{}`` is the name), the property that names it, and
#: the actions of a Create, an Update and a Delete.
_TYPES = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{}", "AlarmName",
                               ("PutMetricAlarm",), ("PutMetricAlarm",), ("DeleteAlarms",)),
    "AWS::Events::Rule": ("events", "rule/{}", "Name", ("PutRule", "PutTargets"), ("PutRule", "PutTargets"),
                          ("RemoveTargets", "DeleteRule")),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/{}", "ManagedPolicyName",
                                ("CreatePolicy",), ("CreatePolicyVersion",), ("DeletePolicy",)),
    "AWS::IAM::Role": ("iam", "role/{}", "RoleName", ("CreateRole",), (), ("DeleteRole",)),
    "AWS::Lambda::Function": ("lambda", "function:{}", "FunctionName",
                              ("CreateFunction",), ("UpdateFunctionConfiguration",), ("DeleteFunction",)),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}", "LogGroupName", ("CreateLogGroup",), (), ("DeleteLogGroup",)),
    "AWS::S3::Bucket": ("s3", "{}", "BucketName", ("CreateBucket",), (), ("DeleteBucket",)),
    "AWS::SNS::Topic": ("sns", "{}", "TopicName", ("CreateTopic",), ("SetTopicAttributes",), ("DeleteTopic",)),
    "AWS::SQS::Queue": ("sqs", "{}", "QueueName", ("CreateQueue",), ("SetQueueAttributes",), ("DeleteQueue",)),
    "AWS::SSM::Document": ("ssm", "document/{}", "Name", ("CreateDocument",), ("UpdateDocument",), ("DeleteDocument",)),
}
_CREATE, _UPDATE, _DELETE = 3, 4, 5


def act_as(stack: dict, role_arn: str | None) -> None:
    """From now on a stack is changed with this role's rights."""
    stack[_ROLE] = role_arn


def _refuse(role_arn: str, action: str, resource: str, status: str, keys: dict | None = None) -> None:
    if not role_allows(role_arn, action, resource, get_region(), keys):
        session = f"arn:aws:sts::{role_arn.split(':')[4]}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{_SESSION}"
        raise ValueError(iam_actions.identity_denial_message(action, session, resource, False) + status)


def check_stack_action(role_arn: str | None, action: str, stack_set_name: str) -> None:
    """Stop when the execution role may not do something with the stacks of this stack set."""
    if role_arn is None:
        return
    stack_arn = (f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/StackSet-{stack_set_name}-"
                 "00000000-0000-0000-0000-000000000000/*")
    _refuse(role_arn, f"cloudformation:{action}", stack_arn, "")


def _acting_role(stack_name: str | None) -> str | None:
    stack = cloudformation._stacks.get(stack_name) or {}
    while "_parent_stack_name" in stack and _ROLE not in stack:
        stack = cloudformation._stacks.get(stack["_parent_stack_name"]) or {}
    return stack.get(_ROLE)


def _arn(service: str, pattern: str, name: str) -> str:
    region = "" if service in ("iam", "s3") else get_region()
    account = "" if service == "s3" else get_account_id()
    return f"arn:aws:{service}:{region}:{account}:{pattern.format(name)}"


def _role_arns(value) -> set[str]:
    """Roles that properties hand to a service."""
    if isinstance(value, dict):
        own = {item for key, item in value.items() if key in ("Role", "RoleArn") and isinstance(item, str)}
        return own.union(*map(_role_arns, value.values()))
    return set().union(*map(_role_arns, value)) if isinstance(value, list) else set()


def _policy_actions(props: dict, old_props: dict) -> list[str]:
    """A role's policies are actions of their own, and so is its trust policy."""
    changes = {"Policies": ("PutRolePolicy", "DeleteRolePolicy"),
               "ManagedPolicyArns": ("AttachRolePolicy", "DetachRolePolicy")}
    actions = []
    for name, (put, take) in changes.items():
        old, new = old_props.get(name) or [], props.get(name) or []
        actions += [put] if any(entry not in old for entry in new) else []
        actions += [take] if any(entry not in new for entry in old) else []
    if old_props and props and old_props.get("AssumeRolePolicyDocument") != props.get("AssumeRolePolicyDocument"):
        actions.append("UpdateAssumeRolePolicy")
    return actions


def _check(kind: str, phase: int, name: str, props: dict, old_props: dict, stack_name: str | None) -> None:
    role_arn = _acting_role(stack_name)
    if role_arn is None or kind not in _TYPES:
        return
    service, pattern, property_name = _TYPES[kind][:3]
    name = props.get(property_name) or name
    if kind == "AWS::IAM::Role":
        name = f"{str(props.get('Path') or '/').strip('/')}/{name}".lstrip("/")
    actions = list(_TYPES[kind][phase])
    if kind == "AWS::IAM::Role":
        actions += _policy_actions({} if phase == _DELETE else props, props if phase == _DELETE else old_props)
    status = f" (Service: {service.capitalize()}, Status Code: 403)"
    for action in actions:
        _refuse(role_arn, f"{service}:{action}", _arn(service, pattern, name), status)
    for passed in sorted(_role_arns(props) - _role_arns(old_props)) if phase != _DELETE else ():
        _refuse(role_arn, "iam:PassRole", passed, status, {"iam:PassedToService": f"{service}.amazonaws.com"})


def _provision(inner):
    def provision(resource_type, logical_id, props, stack_name):
        _check(resource_type, _CREATE, f"{stack_name}-{logical_id}-000000000000", props, {}, stack_name)
        return inner(resource_type, logical_id, props, stack_name)
    return provision


def _update(inner):
    def update(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None):
        if old_props != new_props:
            _check(resource_type, _UPDATE, physical_id.rsplit("/", 1)[-1], new_props, old_props, stack_name)
        return inner(resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)
    return update


def _delete(inner):
    def delete(resource_type, physical_id, props, stack_name=None, logical_id=None):
        name = (physical_id or "").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        _check(resource_type, _DELETE, name, props, {}, stack_name)
        inner(resource_type, physical_id, props, stack_name, logical_id)
    return delete


def install() -> None:
    """Check before resources are made, changed or deleted."""
    emulator.replace(stacks, "_provision_resource", _provision(stacks._provision_resource))
    emulator.replace(stacks, "_update_resource", _update(stacks._update_resource))
    emulator.replace(provisioners, "_delete_resource", _delete(provisioners._delete_resource))
