"""CloudFormation: AWS::IAM::Role with the checks of IAM, before anything of a role is made or changed.

A failure reads as that of AWS's resource handler, around IAM's message. A role with policies from outside of the stack
is not deleted (DeleteConflict, 409).
"""

from ministack.services import iam
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

import emulator
import iam_policies
from cloudformation_resources import handler_error
from iam_errors import Refused
from iam_trust import forget_principal

_HANDLER_CODES = {"EntityAlreadyExists": "AlreadyExists", "NoSuchEntity": "NotFound",
                  "LimitExceeded": "ServiceLimitExceeded"}

emulator.require(iam, "_roles", "_trust_policy_not_principal_error")
emulator.require(_RESOURCE_HANDLERS, "AWS::IAM::Role")


def _inline(props: dict) -> dict:
    return {policy.get("PolicyName", ""): policy.get("PolicyDocument") for policy in props.get("Policies") or ()}


def _check(name: str, props: dict, foreign_inline: dict, foreign_managed: list) -> None:
    trust = props.get("AssumeRolePolicyDocument")
    if problem := iam._trust_policy_not_principal_error(trust):
        raise Refused(400, "MalformedPolicyDocument", problem)
    iam_policies.check_trust_size(trust)
    for document in _inline(props).values():
        iam_policies.check_inline_policy(document)
    iam_policies.check_role(name, {**foreign_inline, **_inline(props)},
                            [*foreign_managed, *(props.get("ManagedPolicyArns") or ())])


def _as_handler(check, *arguments) -> None:
    try:
        check(*arguments)
    except Refused as refused:
        raise handler_error(str(refused), "Iam", refused.status,
                            _HANDLER_CODES.get(refused.code, "InvalidRequest")) from None


def _create(inner):
    def create(logical_id, props, stack_name):
        if name := props.get("RoleName"):
            _as_handler(iam_policies.check_free, name)
        _as_handler(_check, name or logical_id, props, {}, [])
        return inner(logical_id, props, stack_name)
    return create


def _update(inner):
    def update(physical_id, old_props, new_props, stack_name, logical_id=None):
        role, own = iam._roles.get(physical_id) or {}, _inline(old_props)
        foreign = {name: document for name, document in role.get("InlinePolicies", {}).items() if name not in own}
        managed = [arn for arn in role.get("AttachedPolicies", ())
                   if arn not in (old_props.get("ManagedPolicyArns") or ())]
        _as_handler(_check, physical_id, new_props, foreign, managed)
        return inner(physical_id, old_props, new_props, stack_name, logical_id)
    return update


def _delete(inner):
    def delete(physical_id, props):
        role = iam._roles.get(physical_id)
        if role and set(role.get("AttachedPolicies", ())) - set(props.get("ManagedPolicyArns") or ()):
            raise handler_error("Cannot delete entity, must detach all policies first.", "Iam", 409, "InvalidRequest")
        if role and set(role.get("InlinePolicies", ())) - set(_inline(props)):
            raise handler_error("Cannot delete entity, must delete policies first.", "Iam", 409, "InvalidRequest")
        inner(physical_id, props)
        if role:
            forget_principal(role)
    return delete


def install() -> None:
    """Put the stricter handlers in place."""
    role = _RESOURCE_HANDLERS["AWS::IAM::Role"]
    role.update(create=_create(role["create"]), update=_update(role["update"]), delete=_delete(role["delete"]))
