"""IAM: which role trust policies are accepted, and whom an accepted one lets in.

Refused with MalformedPolicyDocument, through the API and through CloudFormation alike:
* a principal role or user that does not exist ("Invalid principal in policy", IAM guide, "AWS JSON policy elements:
  Principal"),
* the shared issuer of Microsoft's tenant without a condition on ``sts:RoleSessionName`` other than a bare wildcard
  (IAM guide, "Identity provider controls for shared OIDC providers"),
* an OIDC provider that is not there: AWS does not document it, hence the switch ``trustNeedsProvider``.

``aws:PrincipalArn`` of an assumed role is the role's ARN, not that of the session (global condition keys).
"""

import json

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam

import emulator
import switches
from sts_web_identity import iam_arn

SHARED_ISSUER = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
_TENANT_KEY = "sts:rolesessionname"

emulator.require(iam, "_roles", "_users", "_oidc_providers")


def _listed(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def _statements(document) -> list[dict]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    statements = _listed(document.get("Statement")) if isinstance(document, dict) else []
    return [statement for statement in statements if isinstance(statement, dict)]


def _unknown_principal(principal: str) -> bool:
    parts = principal.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam":
        return False
    kind, _, name = parts[5].partition("/")
    store = {"role": iam._roles, "user": iam._users}.get(kind)
    return store is not None and store.get_scoped(parts[4], None, name.rsplit("/", 1)[-1]) is None


def _restricts_session_name(statement: dict) -> bool:
    for operator, keys in (statement.get("Condition") or {}).items():
        affirmative = "not" not in operator.lower() and not operator.lower().endswith(("ifexists", "null"))
        for key, values in keys.items() if isinstance(keys, dict) else ():
            if key.lower() == _TENANT_KEY and affirmative and all(str(value).strip("*") for value in _listed(values)):
                return True
    return False


def _provider_problem(statement: dict, provider: str) -> str | None:
    name = provider.partition(":oidc-provider/")[2]
    if not name:
        return None
    if name.rstrip("/") == SHARED_ISSUER.rstrip("/") and not _restricts_session_name(statement):
        return (f"Missing required field Condition: the trust policy of the shared OIDC provider {SHARED_ISSUER} "
                "must evaluate sts:RoleSessionName, and not against a bare wildcard.")
    if not switches.get("trustNeedsProvider"):
        return None
    exists = iam._oidc_providers.get_scoped(provider.split(":")[4] or get_account_id(), None, provider)
    return None if exists else f'Invalid principal in policy: "Federated":"{provider}"'


def problem(document) -> str | None:
    """IAM's message against a trust policy, or None."""
    for statement in _statements(document):
        principal = statement.get("Principal")
        if statement.get("Effect") != "Allow" or not isinstance(principal, dict):
            continue
        for named in _listed(principal.get("AWS")):
            if _unknown_principal(str(named)):
                return f'Invalid principal in policy: "AWS":"{named}"'
        for provider in _listed(principal.get("Federated")):
            if found := _provider_problem(statement, str(provider)):
                return found
    return None


def install() -> None:
    """Join the emulator's one check of trust policies, and its resolution of condition keys."""
    inner_problem = emulator.replace(iam, "_trust_policy_not_principal_error",
                                     lambda document: inner_problem(document) or problem(document))
    inner_key = iam_evaluator._resolve_condition_key

    def resolve(key, context):
        if key.lower() == "aws:principalarn":
            return iam_arn(context.principal_arn)
        return inner_key(key, context)

    emulator.replace(iam_evaluator, "_resolve_condition_key", resolve)
