"""EC2: on which resources requests are authorised, and by which keys (Service Authorization Reference, "Amazon EC2").

CreateTags and DeleteTags are authorised on every resource that they name, what changes an instance's profile on the
instance; actions that describe take no resource. Of an instance's condition keys only those of profiles are played.
"""

from ministack.core import iam_actions
from ministack.services import ec2, iam

import emulator

_TAG_ACTIONS = ("CreateTags", "DeleteTags")
_ON_ASSOCIATION = ("DisassociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation")
_PROFILE_ACTIONS = ("AssociateIamInstanceProfile", *_ON_ASSOCIATION)

emulator.require(iam_actions, "extract_resource_arn", "verified_access_resource_arns", "request_tag_context",
                 "_query_param")
emulator.require(ec2, "_guess_resource_type", "_instances", "_iam_instance_profile_associations",
                 "_sync_iam_instance_profile_associations")
emulator.require(iam, "_lookup_instance_profile", "instance_profile_arn")


def _tagged(params: dict, region: str, account_id: str) -> list[str]:
    arns = []
    while name := iam_actions._query_param(params, f"ResourceId.{len(arns) + 1}"):
        arns.append(f"arn:aws:ec2:{region}:{account_id}:{ec2._guess_resource_type(name)}/{name}")
    return arns


def _instance_id(action: str, params: dict) -> str:
    """The instance whose profile changes; of an association that does not exist, any."""
    if action not in _ON_ASSOCIATION:
        return iam_actions._query_param(params, "InstanceId")
    ec2._sync_iam_instance_profile_associations()
    association = ec2._iam_instance_profile_associations.get(iam_actions._query_param(params, "AssociationId"))
    return association["InstanceId"] if association else "*"


def _new_profile(params: dict) -> str:
    name = iam_actions._query_param(params, "IamInstanceProfile.Name")
    arn = iam_actions._query_param(params, "IamInstanceProfile.Arn")
    if arn or not name:
        return arn
    profile = iam._lookup_instance_profile(name=name)
    return profile["Arn"] if profile else iam.instance_profile_arn(name)


def _profile_keys(action: str, params: dict) -> dict:
    instance = ec2._instances.get(_instance_id(action, params)) or {}
    found = {"ec2:InstanceProfile": (instance.get("IamInstanceProfile") or {}).get("Arn"),
             "ec2:NewInstanceProfile": _new_profile(params)}
    return {key: arn for key, arn in found.items() if arn}


def _replace_first_resource() -> None:
    inner = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        action = iam_actions._query_param(query_params, "Action") if service == "ec2" else ""
        if action.startswith("Describe"):
            return "*"
        if action in _TAG_ACTIONS:
            return next(iter(_tagged(query_params, region, account_id)), "*")
        if action in _PROFILE_ACTIONS:
            return f"arn:aws:ec2:{region}:{account_id}:instance/{_instance_id(action, query_params)}"
        return inner(service, method, path, headers, body, query_params, region, account_id)

    emulator.replace(iam_actions, "extract_resource_arn", extract_resource_arn)


def _replace_further_resources() -> None:
    """The emulator checks a call on more than its first resource for Verified Access only."""
    inner = iam_actions.verified_access_resource_arns

    def further(query_params, region, account_id):
        if iam_actions._query_param(query_params, "Action") in _TAG_ACTIONS:
            return _tagged(query_params, region, account_id)
        return inner(query_params, region, account_id)

    emulator.replace(iam_actions, "verified_access_resource_arns", further)


def _add_condition_keys() -> None:
    inner = iam_actions.request_tag_context

    def request_tag_context(service, iam_action, body, params):
        context = inner(service, iam_action, body, params)
        action = iam_action.partition(":")[2] if service == "ec2" else ""
        return {**context, **_profile_keys(action, params)} if action in _PROFILE_ACTIONS else context

    emulator.replace(iam_actions, "request_tag_context", request_tag_context)


def install() -> None:
    """Replace the lookups that the emulator's authorisation asks."""
    _replace_first_resource()
    _replace_further_resources()
    _add_condition_keys()
