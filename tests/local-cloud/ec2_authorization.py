"""EC2: on which resources tags are authorised (Service Authorization Reference, "Amazon EC2").

CreateTags and DeleteTags are authorised on every resource that they name; actions that describe take no resource.
"""

from ministack.core import iam_actions
from ministack.services import ec2

import emulator

_TAG_ACTIONS = ("CreateTags", "DeleteTags")

emulator.require(iam_actions, "extract_resource_arn", "verified_access_resource_arns", "_query_param")
emulator.require(ec2, "_guess_resource_type")


def _tagged(params: dict, region: str, account_id: str) -> list[str]:
    arns = []
    while name := iam_actions._query_param(params, f"ResourceId.{len(arns) + 1}"):
        arns.append(f"arn:aws:ec2:{region}:{account_id}:{ec2._guess_resource_type(name)}/{name}")
    return arns


def _replace_first_resource() -> None:
    inner = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        action = iam_actions._query_param(query_params, "Action") if service == "ec2" else ""
        if action.startswith("Describe"):
            return "*"
        if action in _TAG_ACTIONS:
            return next(iter(_tagged(query_params, region, account_id)), "*")
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


def install() -> None:
    """Replace the lookups that the emulator's authorisation asks."""
    _replace_first_resource()
    _replace_further_resources()
