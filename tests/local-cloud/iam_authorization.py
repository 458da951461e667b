"""IAM: on what a request is authorised, and how a denial reads.

Resources follow the Service Authorization Reference: provider actions are authorised on the provider's ARN, actions on
roles and instance profiles on their ARNs with the path. Denials name the resource, as AWS's do. Requests count as made
over TLS: plain http stands in for AWS's https here, and a bucket policy that denies ``aws:SecureTransport: false`` (it
should) would otherwise deny everything.
"""

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam, tagging

import emulator
import iam_oidc

_WITH_RESOURCE = ("iam", "sts", "s3", "lambda", "secretsmanager", "cloudformation", "organizations", "states")


def _iam_resource(params: dict) -> str | None:
    def first(name):
        value = params.get(name) or [""]
        return value[0] if isinstance(value, list) else value

    if provider := first("OpenIDConnectProviderArn"):
        return provider
    if first("Action") == "CreateOpenIDConnectProvider":
        return iam_oidc.provider_arn(first("Url"))
    # First, for AddRoleToInstanceProfile and its opposite name a role as well.
    if name := first("InstanceProfileName"):
        profile = iam._instance_profiles.get(name)
        return profile["Arn"] if profile else iam.instance_profile_arn(name, first("Path"))
    if name := first("RoleName"):
        role = iam._roles.get(name)
        path = first("Path") if first("Action") == "CreateRole" else ""
        return role["Arn"] if role else f"arn:aws:iam::{get_account_id()}:role{path or '/'}{name}"
    return None


def _replace_resource_lookup() -> None:
    inner = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        own = _iam_resource(query_params) if service == "iam" else None
        return own or inner(service, method, path, headers, body, query_params, region, account_id)

    emulator.replace(iam_actions, "extract_resource_arn", extract_resource_arn)


def _replace_denial_text() -> None:
    inner = iam_actions.access_denied_response

    def access_denied_response(service, action, principal_arn, request_id, **details):
        decided_by_identity = not details.get("message") and not details.get("error_code") \
            and not details.get("resource_policy_arn")
        if service in _WITH_RESOURCE and decided_by_identity:
            details["message"] = iam_actions.identity_denial_message(
                action, principal_arn, details.get("resource_arn", "*"), details.get("explicit_deny", False))
        return inner(service, action, principal_arn, request_id, **details)

    emulator.require(iam_actions, "identity_denial_message")
    emulator.replace(iam_actions, "access_denied_response", access_denied_response)


def _add_provider_tags() -> None:
    collectors = tagging._RESOURCE_TAG_COLLECTORS
    inner = collectors["iam"]

    def collect():
        yield from inner()
        for provider in iam._oidc_providers.values():
            yield provider["Arn"], provider["Tags"]

    collectors["iam"] = collect


def role_allows(role_arn: str, action: str, resource_arn: str, region: str, keys: dict | None = None) -> bool:
    """Whether a role's own policies allow an action that a service performs with that role; keys are for conditions."""
    account_id, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=role_arn, principal_type="AssumedRole", principal_account=account_id, action=action,
        resource_arn=resource_arn, region=region,
        service_context={key.lower(): value for key, value in (keys or {}).items()})
    policies = iam_evaluator._gather_role_policies(name, account_id)
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account_id)
    return iam_evaluator.evaluate(context, policies, *limits).decision == "Allow"


def install() -> None:
    """Replace the lookups that the emulator's authorisation asks."""
    emulator.require(tagging._RESOURCE_TAG_COLLECTORS, "iam")
    emulator.require(iam, "_roles", "_instance_profiles", "instance_profile_arn")
    emulator.require(iam_evaluator, "EvalContext", "_gather_role_policies", "_permissions_boundary", "evaluate")
    _replace_resource_lookup()
    _replace_denial_text()
    _add_provider_tags()
    inner_origin = app.pin_request_origin
    emulator.replace(app, "pin_request_origin", lambda address, _secure: inner_origin(address, True))
