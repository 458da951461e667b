"""StackSets: the API of stack sets themselves, and of the trusted access that service-managed ones need.

CallAs DELEGATED_ADMIN and importing a stack (StackId) are refused. AWS's words for most refusals are not documented.
"""

import re

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import organizations

import emulator
import stacksets
import stacksets_roles
import stacksets_targets
import stacksets_template as template
import stacksets_wire as wire
from stacksets_operations import begin, check_idle
from stacksets_preferences import check

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_NO_ACCESS = "You must enable organizations access to operate a service managed stack set"

emulator.require(organizations, "_ensure_org")


def _check_model(request: dict, permission_model: str) -> None:
    if request.get("CallAs", "SELF") != "SELF":
        raise wire.refusal("ValidationError", "The local cloud plays no delegated administrators of StackSets")
    if permission_model != stacksets.SERVICE_MANAGED:
        if "AutoDeployment" in request:
            raise wire.refusal("ValidationError", "AutoDeployment is only for SERVICE_MANAGED permission model")
        return
    if not stacksets.organizations_access(get_account_id()):
        raise wire.refusal("ValidationError", _NO_ACCESS)
    if {"AdministrationRoleARN", "ExecutionRoleName"} & set(request):
        raise wire.refusal("ValidationError", "Roles can not be specified with SERVICE_MANAGED permission model")


def _create(request: dict) -> dict:
    name, model = request["StackSetName"], request.get("PermissionModel", stacksets.SELF_MANAGED)
    if not _NAME.fullmatch(name):
        raise wire.refusal("ValidationError", f"1 validation error detected: Value '{name}' at 'stackSetName' failed "
                           f"to satisfy constraint: Member must satisfy regular expression pattern: {_NAME.pattern}")
    _check_model(request, model)
    if model == stacksets.SERVICE_MANAGED and "AutoDeployment" not in request:
        raise wire.refusal("ValidationError", "AutoDeployment must be specified with SERVICE_MANAGED permission model")
    if "StackId" in request:
        raise wire.refusal("ValidationError", "The local cloud does not import stacks into stack sets")
    if any(known.name == name and known.status == "ACTIVE" for known in stacksets.here()):
        raise wire.refusal("NameAlreadyExistsException", f"StackSet {name} already exists")
    text = template.body(request)
    parsed, values = template.checked(text, model, request.get("Parameters", []), request.get("Capabilities", []))
    template.check_tags(request.get("Tags", []))
    stack_set = stacksets.StackSet(
        name=name, id=f"{name}:{new_uuid()}", account=get_account_id(), region=get_region(), permission_model=model,
        template_body=text, template=parsed, parameters=values, capabilities=request.get("Capabilities", []),
        tags=request.get("Tags", []), description=request.get("Description"),
        administration_role=request.get("AdministrationRoleARN"), execution_role=request.get("ExecutionRoleName"),
        auto_deployment=request.get("AutoDeployment"),
        managed_execution=request.get("ManagedExecution", {}).get("Active", False))
    with stacksets.lock:
        stacksets.here().append(stack_set)
    return {"StackSetId": stack_set.id}


def _chosen(stack_set: stacksets.StackSet, request: dict) -> list[stacksets.Instance]:
    """The instances that an update works on; inoperable ones never."""
    targeted = bool(request.get("Accounts") or request.get("DeploymentTargets"))
    if targeted != bool(request.get("Regions")):
        raise wire.refusal("ValidationError", "Accounts (or DeploymentTargets) and Regions must be specified together")
    if targeted and "AutoDeployment" in request:
        raise wire.refusal("ValidationError",
                           "If you specify AutoDeployment, don't specify DeploymentTargets or Regions")
    instances = [instance for instance in stack_set.instances if instance.status != "INOPERABLE"]
    if not targeted:
        return instances
    accounts = {account for account, _ in stacksets_targets.accounts(stack_set, request)}
    return [instance for instance in instances
            if instance.account in accounts and instance.region in request["Regions"]]


def _check_update(stack_set: stacksets.StackSet, request: dict) -> None:
    model = request.get("PermissionModel", stack_set.permission_model)
    _check_model(request, model)
    if model != stack_set.permission_model and stack_set.instances:
        raise wire.refusal("ValidationError", "PermissionModel can not be modified while there are stack instances")
    if stack_set.administration_role and not request.get("AdministrationRoleARN"):
        raise wire.refusal("ValidationError", "AdministrationRoleARN must be specified: the stack set was created with "
                           "a customized administrator role")
    if request.get("ManagedExecution", {}).get("Active", stack_set.managed_execution) != stack_set.managed_execution:
        check_idle(stack_set)


def _update(request: dict) -> dict:
    stack_set = stacksets.active(request["StackSetName"])
    _check_update(stack_set, request)
    check_idle(stack_set, unless_managed=True)
    text = template.body(request, stack_set.template_body)
    model = request.get("PermissionModel", stack_set.permission_model)
    capabilities = request.get("Capabilities", [])
    parsed, values = template.checked(text, model, request.get("Parameters", []), capabilities, stack_set.parameters)
    template.check_tags(request.get("Tags", []))
    instances = _chosen(stack_set, request)
    changed = (parsed, values) != (stack_set.template, stack_set.parameters)
    with stacksets.lock:
        stack_set.template_body, stack_set.template, stack_set.parameters = text, parsed, values
        stack_set.permission_model, stack_set.capabilities = model, capabilities
        stack_set.tags = request.get("Tags", stack_set.tags)
        stack_set.description = request.get("Description", stack_set.description)
        stack_set.administration_role = request.get("AdministrationRoleARN")
        stack_set.execution_role = request.get("ExecutionRoleName", stack_set.execution_role)
        stack_set.auto_deployment = request.get("AutoDeployment", stack_set.auto_deployment)
        stack_set.managed_execution = request.get("ManagedExecution", {}).get("Active", stack_set.managed_execution)
        for instance in stack_set.instances if changed else ():
            instance.status = "INOPERABLE" if instance.status == "INOPERABLE" else "OUTDATED"
    if instances:
        stacksets_roles.check_administration(stack_set)
    operation = stacksets.Operation(stack_set, "UPDATE", check(request.get("OperationPreferences", {})),
                                    [stacksets.Result(instance) for instance in instances], exclusive=changed)
    return {"OperationId": begin(operation, request.get("OperationId"))}


def _delete(request: dict) -> dict:
    try:
        stack_set = stacksets.active(request["StackSetName"])
    except wire.Refused:
        return {}
    check_idle(stack_set)
    if stack_set.instances:
        raise wire.refusal("StackSetNotEmptyException", "StackSet is not empty")
    stack_set.status = "DELETED"
    return {}


def _summary(stack_set: stacksets.StackSet) -> dict:
    return {"StackSetName": stack_set.name, "StackSetId": stack_set.id, "Description": stack_set.description,
            "Status": stack_set.status, "AutoDeployment": stack_set.auto_deployment,
            "PermissionModel": stack_set.permission_model, "ManagedExecution": {"Active": stack_set.managed_execution}}


def _describe(request: dict) -> dict:
    stack_set = stacksets.find(request["StackSetName"])
    return {"StackSet": {
        **_summary(stack_set), **stacksets_roles.shown(stack_set), "TemplateBody": stack_set.template_body,
        "Parameters": [{"ParameterKey": name, "ParameterValue": "****" if value["NoEcho"] else value["Value"]}
                       for name, value in stack_set.parameters.items()],
        "Capabilities": stack_set.capabilities, "Tags": stack_set.tags, "StackSetARN": stack_set.arn,
        "StackSetDriftDetectionDetails": {"DriftStatus": "NOT_CHECKED"},
        "OrganizationalUnitIds": stack_set.organizational_units,
        "Regions": sorted({instance.region for instance in stack_set.instances})}}


def _list(request: dict) -> dict:
    wanted = [stack_set for stack_set in stacksets.here() if request.get("Status") in (None, stack_set.status)]
    found, token = wire.page(request, wanted)
    return {"Summaries": [{**_summary(stack_set), "DriftStatus": "NOT_CHECKED"} for stack_set in found],
            "NextToken": token}


def _set_access(on: bool):
    def change(_request: dict) -> dict:
        organizations._ensure_org()
        stacksets.set_organizations_access(get_account_id(), on)
        return {}
    return change


def _describe_access(_request: dict) -> dict:
    return {"Status": "ENABLED" if stacksets.organizations_access(get_account_id()) else "DISABLED"}


def _resource_arn(inner):
    """Operations on a stack set are authorised on its ARN."""
    def lookup(service, method, path, headers, body, query_params, region, account_id):
        name = iam_actions._query_param(query_params, "StackSetName") if service == "cloudformation" else ""
        if not name:
            return inner(service, method, path, headers, body, query_params, region, account_id)
        known = next((stack_set for stack_set in stacksets.here() if name in (stack_set.name, stack_set.id)), None)
        return known.arn if known else f"arn:aws:cloudformation:{region}:{account_id}:stackset/{name}:*"
    return lookup


def install() -> None:
    """Take the operations."""
    wire.serve({"CreateStackSet": _create, "UpdateStackSet": _update, "DeleteStackSet": _delete,
                "DescribeStackSet": _describe, "ListStackSets": _list,
                "ActivateOrganizationsAccess": _set_access(True), "DeactivateOrganizationsAccess": _set_access(False),
                "DescribeOrganizationsAccess": _describe_access})
    emulator.require(iam_actions, "_query_param")
    emulator.replace(iam_actions, "extract_resource_arn", _resource_arn(iam_actions.extract_resource_arn))
