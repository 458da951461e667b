"""StackSets: the API of stack set operations."""

import stacksets
import stacksets_roles
import stacksets_wire as wire
from stacksets_operations import stop


def _shown(operation: stacksets.Operation) -> dict:
    return {"OperationId": operation.id, "Action": operation.action, "Status": operation.status,
            "CreationTimestamp": operation.created, "EndTimestamp": operation.ended,
            "StatusReason": operation.status_reason,
            "StatusDetails": {"FailedStackInstancesCount": len(operation.failures)},
            "OperationPreferences": {"RegionOrder": [], **operation.preferences}}


def _found(request: dict) -> stacksets.Operation:
    return stacksets.find_operation(stacksets.find(request["StackSetName"]), request["OperationId"])


def _describe(request: dict) -> dict:
    operation = _found(request)
    return {"StackSetOperation": {**_shown(operation), **stacksets_roles.shown(operation.stack_set),
                                  "StackSetId": operation.stack_set.id, "RetainStacks": operation.retain_stacks,
                                  "DeploymentTargets": operation.targets}}


def _list(request: dict) -> dict:
    stack_set = stacksets.find(request["StackSetName"])
    found, token = wire.page(request, [_shown(operation) for operation in reversed(stack_set.operations)])
    return {"Summaries": found, "NextToken": token}


def _list_results(request: dict) -> dict:
    results = _found(request).results
    for one in request.get("Filters", []):
        results = [result for result in results if result.status in one.get("Values", "").split(",")]
    found, token = wire.page(request, results)
    return {"NextToken": token, "Summaries": [{
        "Account": result.instance.account, "Region": result.instance.region, "Status": result.status,
        "StatusReason": result.reason or None, "OrganizationalUnitId": result.instance.organizational_unit,
        "AccountGateResult": {"Status": "SKIPPED", "StatusReason": result.gate_reason} if result.gate_reason else None,
    } for result in found]}


def _stop(request: dict) -> dict:
    stop(_found(request))
    return {}


def install() -> None:
    """Take the operations."""
    wire.serve({"DescribeStackSetOperation": _describe, "ListStackSetOperations": _list,
                "ListStackSetOperationResults": _list_results, "StopStackSetOperation": _stop})
