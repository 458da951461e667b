"""StackSets: the API of stack sets themselves.

Importing a stack (StackId) is refused. AWS's words for most refusals are not documented.
"""

import re

from ministack.core.responses import get_account_id, get_region, new_uuid

import stacksets
import stacksets_access
import stacksets_dependencies
import stacksets_roles
import stacksets_targets
import stacksets_template as template
import stacksets_wire as wire
from stacksets_operations import begin, check_idle
from stacksets_preferences import check

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


def _check_auto_deployment(request: dict, stack_set_arn: str | None = None) -> None:
    wanted = request.get("AutoDeployment", {})
    if "RetainStacksOnAccountRemoval" in wanted and not wanted.get("Enabled"):
        raise wire.refusal("ValidationError",
                           "RetainStacksOnAccountRemoval can only be specified if AutoDeployment is enabled")
    stacksets_dependencies.check(wanted.get("DependsOn", []), stack_set_arn)


def _check_model(request: dict, permission_model: str) -> None:
    if permission_model != stacksets.SERVICE_MANAGED:
        if "AutoDeployment" in request:
            raise wire.refusal("ValidationError", "AutoDeployment is only for SERVICE_MANAGED permission model")
        return
    stacksets_access.check()
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
    _check_auto_deployment(request)
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
    instances = stacksets_targets.known(stack_set, request) if targeted else stack_set.instances
    return [instance for instance in instances if instance.status != "INOPERABLE"]


def _check_update(stack_set: stacksets.StackSet, request: dict) -> None:
    model = request.get("PermissionModel", stack_set.permission_model)
    _check_model(request, model)
    _check_auto_deployment(request, stack_set.arn)
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
                                    [stacksets.Result(instance) for instance in instances], exclusive=changed,
                                    targets=request.get("DeploymentTargets"))
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
    stacksets_dependencies.forget(stack_set)
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
        "OrganizationalUnitIds": list(stack_set.targets),
        "Regions": sorted({instance.region for instance in stack_set.instances})}}


def _list(request: dict) -> dict:
    wanted = [stack_set for stack_set in stacksets.here() if request.get("Status") in (None, stack_set.status)]
    found, token = wire.page(request, wanted)
    return {"Summaries": [{**_summary(stack_set), "DriftStatus": "NOT_CHECKED"} for stack_set in found],
            "NextToken": token}


def _list_auto_deployment_targets(request: dict) -> dict:
    stack_set = stacksets.find(request["StackSetName"])
    found, token = wire.page(request, list(stack_set.targets.items()))
    return {"Summaries": [{"OrganizationalUnitId": unit, "Regions": regions} for unit, regions in found],
            "NextToken": token}


def install() -> None:
    """Take the operations."""
    wire.serve({"CreateStackSet": _create, "UpdateStackSet": _update, "DeleteStackSet": _delete,
                "DescribeStackSet": _describe, "ListStackSets": _list,
                "ListStackSetAutoDeploymentTargets": _list_auto_deployment_targets})
