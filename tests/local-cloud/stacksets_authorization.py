"""StackSets: on which resources requests are authorised (Service Authorization Reference, "AWS CloudFormation").

All name the stack set. What creates, updates or deletes instances of a service-managed one is authorised on every root,
unit and account that it targets too, ``stackset-target/<stack set id>/<target>``, and on every resource type of the
template, ``type/resource/AWS-IAM-Role``, as the guide's sample policy has it ("Sample policy that grants
service-managed stack set permissions"). That sample has no region in a target's ARN, the reference has one: here a
policy has to allow both. ``cloudformation:TargetRegion`` holds the regions of the request.
"""

import contextvars
from dataclasses import dataclass, field

from ministack.core import iam_actions, iam_evaluator

import emulator
import stacksets

_TARGETING = ("CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances", "UpdateStackSet")
_SERVICE = "cloudformation"

emulator.require(iam_actions, "extract_resource_arn", "access_denied_response", "_query_param")
emulator.require(iam_evaluator, "enforce")


@dataclass
class _Further:
    """What else a request is authorised on; ``denied`` is the one of it that was not allowed."""

    arns: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    denied: str | None = None


_further: contextvars.ContextVar[_Further | None] = contextvars.ContextVar("local_cloud_stack_set_arns", default=None)


def _members(params: dict, name: str) -> list[str]:
    found = []
    while value := iam_actions._query_param(params, f"{name}.member.{len(found) + 1}"):
        found.append(value)
    return found


def _arns(stack_set: stacksets.StackSet, params: dict) -> list[str]:
    targets = [target for name in ("OrganizationalUnitIds", "Accounts")
               for target in _members(params, f"DeploymentTargets.{name}")]
    types = {resource.get("Type", "") for resource in (stack_set.template.get("Resources") or {}).values()}
    return [f"arn:aws:{_SERVICE}:{region}:{stack_set.account}:stackset-target/{stack_set.id}/{target}"
            for target in targets for region in ("", stack_set.region)] + [
                f"arn:aws:{_SERVICE}:{stack_set.region}::type/resource/{kind.replace('::', '-')}"
                for kind in sorted(types)]


def _resource_arn(inner):
    def lookup(service, method, path, headers, body, query_params, region, account_id):
        _further.set(None)
        name = iam_actions._query_param(query_params, "StackSetName") if service == _SERVICE else ""
        if not name:
            return inner(service, method, path, headers, body, query_params, region, account_id)
        known = next((stack_set for stack_set in stacksets.here() if name in (stack_set.name, stack_set.id)), None)
        if known is None:
            return f"arn:aws:{_SERVICE}:{region}:{account_id}:stackset/{name}:*"
        if known.service_managed and iam_actions._query_param(query_params, "Action") in _TARGETING:
            _further.set(_Further(_arns(known, query_params), _members(query_params, "Regions")))
        return known.arn
    return lookup


def _enforce(inner):
    def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        further = _further.get()
        if service != _SERVICE or further is None:
            return inner(access_key_id, iam_action, service, region, resource_arn=resource_arn,
                         service_context=service_context)
        _further.set(None)
        context = {**(service_context or {}), f"{_SERVICE}:TargetRegion": further.regions}
        for arn in (resource_arn, *further.arns):
            denied = inner(access_key_id, iam_action, service, region, resource_arn=arn, service_context=context)
            if denied:
                further.denied = arn
                _further.set(further)
                return denied
        return None
    return enforce


def _denial(inner):
    """The emulator names the first resource of a request, whichever was denied."""
    def access_denied_response(service, action, principal_arn, request_id, **details):
        further = _further.get()
        if service == _SERVICE and further and further.denied:
            details["resource_arn"] = further.denied
        return inner(service, action, principal_arn, request_id, **details)
    return access_denied_response


def install() -> None:
    """Replace what the emulator's authorisation asks."""
    emulator.replace(iam_actions, "extract_resource_arn", _resource_arn(iam_actions.extract_resource_arn))
    emulator.replace(iam_evaluator, "enforce", _enforce(iam_evaluator.enforce))
    emulator.replace(iam_actions, "access_denied_response", _denial(iam_actions.access_denied_response))
