"""IAM: whether a caller may pass a role to a service (IAM guide, "Grant a user permissions to pass a role")."""

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region

import emulator

emulator.require(iam_evaluator, "enforce", "AuthError")
emulator.require(iam_actions, "identity_denial_message")


def refusal(access_key: str, role_arn: str, service: str) -> str | None:
    """IAM's message against passing the role, or None."""
    if not app.AUTH:
        return None
    denied = iam_evaluator.enforce(access_key, "iam:PassRole", "iam", get_region(), resource_arn=role_arn,
                                   service_context={"iam:PassedToService": service})
    if denied is None:
        return None
    if isinstance(denied, iam_evaluator.AuthError):
        return denied.message
    return iam_actions.identity_denial_message("iam:PassRole", denied.principal_arn, role_arn,
                                               denied.decision == "Deny")
