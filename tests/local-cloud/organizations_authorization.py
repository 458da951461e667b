"""IAM and STS: what they know of organizations.

* Resources of Organizations' actions (Service Authorization Reference, "AWS Organizations"): what names an account,
  a unit or the root is authorised on its ARN, the rest on ``*``; of MoveAccount only the account is looked at.
* ``aws:PrincipalOrgID`` and ``aws:ResourceOrgID`` for accounts that are in an organization.
* A role of an account that is suspended, closed or on its way there cannot be assumed: AccessDenied, as for a role that
  is not there.
"""

import json

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id

import emulator
import organizations_model
import organizations_view

#: Members of a request that name what it is about.
_NAMING = ("AccountId", "OrganizationalUnitId", "ParentId", "ChildId", "ResourceId")

emulator.require(iam_actions, "extract_resource_arn")
emulator.require(iam_evaluator, "_account_from_arn")


def _arn(name: str) -> str:
    organization = organizations_model.of_account(get_account_id())
    if organization is None:
        return "*"
    kind = "root" if name.startswith("r-") else "ou" if name.startswith("ou-") else "account"
    return organization.arn(kind, name)


def _resource(body: bytes) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return "*"
    named = [request[name] for name in _NAMING if isinstance(request, dict) and isinstance(request.get(name), str)]
    return _arn(named[0]) if named else "*"


def _replace_resource_lookup() -> None:
    inner = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        if service == "organizations":
            return _resource(body)
        return inner(service, method, path, headers, body, query_params, region, account_id)

    emulator.replace(iam_actions, "extract_resource_arn", extract_resource_arn)


def _add_condition_keys() -> None:
    inner = iam_evaluator._resolve_condition_key

    def resolve(key, context):
        if key.lower() == "aws:resourceorgid":
            owner = iam_evaluator._account_from_arn(context.resource_arn) or context.principal_account
            return organizations_view.organization_of(owner)
        return inner(key, context)

    emulator.replace(iam_evaluator, "_resolve_condition_key", resolve)
    emulator.replace(iam_evaluator, "_principal_org_id", organizations_view.organization_of)


def _usable(account_id: str) -> bool:
    """Whether an account can be worked in."""
    found = organizations_view.account(account_id)
    return found is None or found.active


def _guard_roles() -> None:
    inner = iam_evaluator.evaluate_trust_policy

    def evaluate_trust_policy(document, caller_arn, context=None):
        owner = iam_evaluator._account_from_arn(context.resource_arn) if context else None
        return (owner is None or _usable(owner)) and inner(document, caller_arn, context)

    emulator.replace(iam_evaluator, "evaluate_trust_policy", evaluate_trust_policy)


def install() -> None:
    """Replace what the emulator's IAM asks."""
    _replace_resource_lookup()
    _add_condition_keys()
    _guard_roles()
