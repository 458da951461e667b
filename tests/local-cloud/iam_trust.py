"""IAM: which role trust policies are accepted, and whom an accepted one lets in.

Refused with MalformedPolicyDocument, through the API and through CloudFormation alike:
* what is no trust policy: JSON that is broken, a Resource, no Principal, actions of other services than STS,
* a principal role or user that does not exist ("Invalid principal in policy", IAM guide, "AWS JSON policy elements:
  Principal"). Those of accounts that the local cloud does not have exist or not by ``foreignPrincipalsExist``,
* the shared issuer of Microsoft's tenant without a condition on ``sts:RoleSessionName`` other than a bare wildcard
  (IAM guide, "Identity provider controls for shared OIDC providers"),
* an OIDC provider that is not there: AWS does not document it, hence the switch ``trustNeedsProvider``.

IAM keeps a principal by its unique id: once that role or user is deleted the trust policy shows the id, and another one
made under the same name is not let in. ``aws:PrincipalArn`` of an assumed role is the role's ARN, not that of the
session (global condition keys).
"""

import json
import re

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam

import emulator
import organizations_view
import switches
from iam_errors import Refused
from iam_policies import listed, statements
from sts_web_identity import iam_arn

SHARED_ISSUER = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
_TENANT_KEY = "sts:rolesessionname"
_UNIQUE_ID = re.compile(r"(AROA|AIDA)[A-Z0-9]+")
_PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:[^*]+")

emulator.require(iam, "_roles", "_users", "_oidc_providers")


def _is_here(account_id: str) -> bool:
    """Whether the local cloud has an account: the caller's, one with roles or users, a member of an organization."""
    owners = [owner for store in (iam._roles, iam._users) for owner, _ in store.to_dict()]
    return account_id in (get_account_id(), *owners) or organizations_view.account(account_id) is not None


def _is_unknown(principal: str) -> bool:
    if _UNIQUE_ID.fullmatch(principal):
        return not any(principal in (entity.get("RoleId"), entity.get("UserId"))
                       for store in (iam._roles, iam._users) for entity in store.to_dict().values())
    if not _PRINCIPAL.fullmatch(principal):
        return True
    parts = principal.split(":", 5)
    kind, _, name = parts[5].partition("/") if len(parts) == 6 else ("", "", "")
    store = {"role": iam._roles, "user": iam._users}.get(kind)
    if store is None:
        return False
    if not _is_here(parts[4]):
        return not switches.get("foreignPrincipalsExist")
    entity = store.get_scoped(parts[4], None, name.rsplit("/", 1)[-1])
    return entity is None or entity["Arn"] != principal


def _restricts_session_name(statement: dict) -> bool:
    for operator, keys in (statement.get("Condition") or {}).items():
        affirmative = "not" not in operator.lower() and not operator.lower().endswith(("ifexists", "null"))
        for key, values in keys.items() if isinstance(keys, dict) else ():
            if key.lower() == _TENANT_KEY and affirmative and all(str(value).strip("*") for value in listed(values)):
                return True
    return False


def _provider_problem(statement: dict, provider: str) -> str | None:
    name = provider.partition(":oidc-provider/")[2]
    if not name:
        return None
    shared = name.rstrip("/") == SHARED_ISSUER.rstrip("/")
    if shared and switches.get("trustNeedsSessionName") and not _restricts_session_name(statement):
        return (f"Missing required field Condition: the trust policy of the shared OIDC provider {SHARED_ISSUER} "
                "must evaluate sts:RoleSessionName, and not against a bare wildcard.")
    if not switches.get("trustNeedsProvider"):
        return None
    exists = iam._oidc_providers.get_scoped(provider.split(":")[4] or get_account_id(), None, provider)
    return None if exists else f'Invalid principal in policy: "Federated":"{provider}"'


def _statement_problem(statement: dict) -> str | None:
    actions, principal = listed(statement.get("Action")), statement.get("Principal")
    if "Resource" in statement or "NotResource" in statement:
        return "Has prohibited field Resource"
    if not principal:
        return "Missing required field Principal"
    if not actions or any(not str(action).lower().startswith("sts:") for action in actions):
        return "AssumeRole policy may only specify STS AssumeRole actions."
    if not isinstance(principal, dict):
        return None
    for named in listed(principal.get("AWS")):
        if _is_unknown(str(named)):
            return f'Invalid principal in policy: "AWS":"{named}"'
    if statement["Effect"] == "Allow":
        for provider in listed(principal.get("Federated")):
            if found := _provider_problem(statement, str(provider)):
                return found
    return None


def problem(document) -> str | None:
    """IAM's message against a trust policy, or None."""
    try:
        return next(filter(None, map(_statement_problem, statements(document))), None)
    except Refused as refused:
        return str(refused)


def forget_principal(entity: dict) -> None:
    """Leave of a deleted role or user only its unique id in the trust policies that name it."""
    for role in iam._roles.to_dict().values():
        document = json.loads(role["AssumeRolePolicyDocument"] or "{}")
        principals = [statement["Principal"] for statement in listed(document.get("Statement"))
                      if isinstance(statement.get("Principal"), dict)]
        naming = [principal for principal in principals if entity["Arn"] in listed(principal.get("AWS"))]
        for principal in naming:
            left = [entity.get("RoleId") or entity["UserId"] if named == entity["Arn"] else named
                    for named in listed(principal["AWS"])]
            principal["AWS"] = left if isinstance(principal["AWS"], list) else left[0]
        if naming:
            role["AssumeRolePolicyDocument"] = json.dumps(document)


def _forgetting(action: str, store, name_field: str) -> None:
    emulator.require(iam._IAM_HANDLERS, action)
    inner = iam._IAM_HANDLERS[action]

    def delete(params):
        name = iam._p(params, name_field)
        entity = store.get(name)
        answer = inner(params)
        if entity and name not in store:
            forget_principal(entity)
        return answer

    iam._IAM_HANDLERS[action] = delete


def install() -> None:
    """Join the emulator's one check of trust policies, and its resolution of condition keys."""
    inner_problem = emulator.replace(iam, "_trust_policy_not_principal_error",
                                     lambda document: inner_problem(document) or problem(document))
    _forgetting("DeleteRole", iam._roles, "RoleName")
    _forgetting("DeleteUser", iam._users, "UserName")
    inner_key = iam_evaluator._resolve_condition_key

    def resolve(key, context):
        if key.lower() == "aws:principalarn":
            return iam_arn(context.principal_arn)
        return inner_key(key, context)

    emulator.replace(iam_evaluator, "_resolve_condition_key", resolve)
