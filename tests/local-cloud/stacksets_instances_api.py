"""StackSets: the API of stack instances."""

import stacksets
import stacksets_access
import stacksets_roles
import stacksets_targets
import stacksets_template
import stacksets_wire as wire
from stacksets_operations import begin, check_idle
from stacksets_preferences import check


def _begin(request: dict, action: str, stack_set: stacksets.StackSet, instances: list, **more) -> dict:
    operation = stacksets.Operation(stack_set, action, check(request.get("OperationPreferences", {})),
                                    [stacksets.Result(instance) for instance in instances],
                                    targets=request.get("DeploymentTargets"), **more)
    return {"OperationId": begin(operation, request.get("OperationId"))}


def _ready(request: dict) -> stacksets.StackSet:
    stack_set = stacksets.active(request["StackSetName"])
    if stack_set.service_managed:
        stacksets_access.check()
    check_idle(stack_set, unless_managed=True)
    check(request.get("OperationPreferences", {}))
    if not request["Regions"]:
        raise wire.refusal("ValidationError", "You must specify at least one region in Regions")
    stacksets_roles.check_administration(stack_set)
    return stack_set


def _overridden(instance: stacksets.Instance, overrides: list[dict] | None) -> list[dict]:
    """An instance's overrides after a request: without a list they stay, what the list leaves out goes."""
    if overrides is None:
        return instance.overrides
    before = {override["ParameterKey"]: override for override in instance.overrides}
    kept = [before[override["ParameterKey"]] for override in overrides
            if override.get("UsePreviousValue") and override["ParameterKey"] in before]
    return kept + [override for override in overrides if not override.get("UsePreviousValue")]


def _create(request: dict) -> dict:
    stack_set = _ready(request)
    overrides = request.get("ParameterOverrides")
    stacksets_template.check_names(stack_set.parameters, overrides or [])
    chosen = []
    with stacksets.lock:
        for account, unit in stacksets_targets.accounts(stack_set, request).items():
            for region in dict.fromkeys(request["Regions"]):
                instance = stack_set.instance(account, region)
                if instance is None:
                    instance = stacksets.Instance(account, region)
                    stack_set.instances.append(instance)
                instance.organizational_unit = unit
                instance.overrides = _overridden(instance, overrides)
                chosen.append(instance)
        if stack_set.service_managed:
            stacksets_targets.remember(stack_set, request)
    return _begin(request, "CREATE", stack_set, chosen)


def _check_existing(stack_set: stacksets.StackSet, request: dict) -> None:
    """Refuse to update what is not there."""
    for account in stacksets_targets.accounts(stack_set, request):
        for region in request["Regions"]:
            if stack_set.instance(account, region) is None:
                raise wire.refusal("StackInstanceNotFoundException", "Stack instance not found for StackSet "
                                   f"{stack_set.id} in account {account} and region {region}")


def _update(request: dict) -> dict:
    stack_set = _ready(request)
    overrides = request.get("ParameterOverrides")
    stacksets_template.check_names(stack_set.parameters, overrides or [])
    chosen = stacksets_targets.known(stack_set, request)
    if not stack_set.service_managed:
        _check_existing(stack_set, request)
    for instance in chosen:
        instance.overrides = _overridden(instance, overrides)
    return _begin(request, "UPDATE", stack_set, chosen)


def _delete(request: dict) -> dict:
    stack_set = _ready(request)
    chosen = stacksets_targets.known(stack_set, request)
    answer = _begin(request, "DELETE", stack_set, chosen, retain_stacks=request["RetainStacks"])
    if stack_set.service_managed:
        with stacksets.lock:
            stacksets_targets.forget(stack_set, request, chosen)
    return answer


def _shown(stack_set: stacksets.StackSet, instance: stacksets.Instance) -> dict:
    return {"StackSetId": stack_set.id, "Region": instance.region, "Account": instance.account,
            "StackId": instance.stack_id, "Status": instance.status, "StatusReason": instance.reason or None,
            "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
            "OrganizationalUnitId": instance.organizational_unit, "DriftStatus": "NOT_CHECKED",
            "LastOperationId": instance.last_operation_id}


def _describe(request: dict) -> dict:
    stack_set = stacksets.find(request["StackSetName"])
    account, region = request["StackInstanceAccount"], request["StackInstanceRegion"]
    instance = stack_set.instance(account, region)
    if instance is None:
        raise wire.refusal("StackInstanceNotFoundException", f"Stack instance not found for StackSet {stack_set.id}")
    return {"StackInstance": {**_shown(stack_set, instance), "ParameterOverrides": [
        {"ParameterKey": override["ParameterKey"], "ParameterValue": override.get("ParameterValue", "")}
        for override in instance.overrides]}}


def _list(request: dict) -> dict:
    stack_set = stacksets.find(request["StackSetName"])
    kept = [_shown(stack_set, instance) for instance in stack_set.instances
            if request.get("StackInstanceAccount") in (None, instance.account)
            and request.get("StackInstanceRegion") in (None, instance.region)]
    for one in request.get("Filters", []):
        values = one.get("Values", "").split(",")
        read = {"DETAILED_STATUS": lambda shown: shown["StackInstanceStatus"]["DetailedStatus"],
                "LAST_OPERATION_ID": lambda shown: shown["LastOperationId"],
                "DRIFT_STATUS": lambda shown: shown["DriftStatus"]}[one["Name"]]
        kept = [shown for shown in kept if read(shown) in values]
    found, token = wire.page(request, kept)
    return {"Summaries": found, "NextToken": token}


def install() -> None:
    """Take the operations."""
    wire.serve({"CreateStackInstances": _create, "UpdateStackInstances": _update, "DeleteStackInstances": _delete,
                "DescribeStackInstance": _describe, "ListStackInstances": _list})
