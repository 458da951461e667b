"""Systems Manager: what is told of executions (API reference, "GetAutomationExecution" and its neighbours).

The newest execution comes first. Pages have at most 50 entries; a token says after which execution to go on, so that
new ones do not move the pages. GetAutomationExecution lists the first 100 steps and says so (the number is assumed).
"""

import datetime

from ministack.core.responses import get_account_id, get_region

import ssm_api
import ssm_automation
import ssm_automation_parameters
from ssm_api import Caller, SsmError
from ssm_automation import Execution, Step
from ssm_document_steps import is_true

_STEPS_SHOWN, _PAGE = 100, 50


def _find(request: dict) -> Execution:
    return ssm_automation.find(get_account_id(), get_region(), str(request.get("AutomationExecutionId")))


def _present(members: dict) -> dict:
    return {name: value for name, value in members.items() if value not in (None, "")}


def _step(step: Step) -> dict:
    definition = step.definition
    numbers = {"TimeoutSeconds": "timeoutSeconds", "MaxAttempts": "maxAttempts"}
    shown = _present({
        "StepName": step.name, "Action": step.action, "StepExecutionId": step.id, "StepStatus": step.status,
        "ExecutionStartTime": step.started, "ExecutionEndTime": step.ended, "FailureMessage": step.failure,
        "OnFailure": definition.get("onFailure"), "NextStep": definition.get("nextStep"),
        "ResponseCode": "0" if step.status == "Success" and step.definition else None})
    shown |= {member: int(definition[name]) for member, name in numbers.items() if name in definition}
    shown |= {member: is_true(definition[name]) for member, name in (("IsEnd", "isEnd"), ("IsCritical", "isCritical"))
              if name in definition}
    return {**shown, "Inputs": step.inputs, "Outputs": step.outputs}


def _rate(execution: Execution) -> dict:
    rate = execution.rate
    if rate is None:
        return {}
    resolved = [step.name for step in execution.steps]
    shown = {"MaxConcurrency": rate.max_concurrency, "MaxErrors": rate.max_errors, "Targets": rate.targets,
             "ResolvedTargets": {"ParameterValues": resolved[:_STEPS_SHOWN], "Truncated": len(resolved) > _STEPS_SHOWN}}
    if rate.maps:
        shown["TargetMaps"] = rate.maps
    return shown | ({"TargetParameterName": rate.parameter_name} if rate.parameter_name else {})


def _common(execution: Execution) -> dict:
    step = execution.current_step() if execution.rate is None else None
    return {**_present({
        "AutomationExecutionId": execution.id, "DocumentName": execution.document,
        "DocumentVersion": str(execution.version), "AutomationExecutionStatus": execution.status,
        "ExecutionStartTime": execution.created, "ExecutionEndTime": execution.ended,
        "ExecutedBy": execution.executed_by, "FailureMessage": execution.failure, "Target": execution.target,
        "ParentAutomationExecutionId": execution.parent.id if execution.parent else None,
        "CurrentStepName": step.name if step else None, "CurrentAction": step.action if step else None}),
        "Mode": "Auto", "Outputs": execution.outputs, **_rate(execution)}


def _get(request: dict, _caller: Caller) -> dict:
    execution = _find(request)
    return {"AutomationExecution": {
        **_common(execution), "Parameters": ssm_automation_parameters.shown(execution.content, execution.parameters),
        "StepExecutions": [_step(step) for step in execution.steps[:_STEPS_SHOWN]],
        "StepExecutionsTruncated": len(execution.steps) > _STEPS_SHOWN}}


def _moment(text: str) -> float:
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise SsmError("InvalidFilterValue", f"The filter value {text} is not valid.") from None


def _tagged(execution: Execution, values: list[str]) -> bool:
    return any(value in execution.tags for value in values)


_FILTERS = {
    "DocumentNamePrefix": lambda execution, values: any(execution.document.startswith(value) for value in values),
    "ExecutionStatus": lambda execution, values: execution.status in values,
    "ExecutionId": lambda execution, values: execution.id in values,
    "ParentExecutionId": lambda execution, values: execution.parent is not None and execution.parent.id in values,
    "CurrentAction": lambda execution, values: (execution.current_step() or Step("", "")).action in values,
    "StartTimeBefore": lambda execution, values: all(execution.created < _moment(value) for value in values),
    "StartTimeAfter": lambda execution, values: all(execution.created > _moment(value) for value in values),
    "AutomationType": lambda _execution, values: "Local" in values,
    "TagKey": _tagged,
}


def _filters(request: dict, known: dict) -> list[tuple]:
    found = []
    for entry in request.get("Filters") or ():
        if entry.get("Key") not in known:
            raise SsmError("InvalidFilterKey", f"The filter key {entry.get('Key')} is not valid.")
        if not entry.get("Values"):
            raise SsmError("InvalidFilterValue", "The filter value is not valid.")
        found.append((entry["Key"], entry["Values"]))
    return found


def _candidates(filters: list[tuple]) -> list[Execution]:
    """The executions to look at: a parent's children, if that is asked for."""
    scope = get_account_id(), get_region()
    for key, values in filters:
        if key == "ParentExecutionId" and len(values) == 1:
            try:
                return list(ssm_automation.find(*scope, values[0]).children)
            except SsmError:
                return []
    return ssm_automation.of(*scope)


def _describe(request: dict, _caller: Caller) -> dict:
    filters = _filters(request, _FILTERS)
    limit, token = request.get("MaxResults", _PAGE), request.get("NextToken")
    if not isinstance(limit, int) or not 1 <= limit <= _PAGE:
        raise SsmError("ValidationException", f"Value '{limit}' at 'maxResults' failed to satisfy constraint: Member "
                       f"must have value between 1 and {_PAGE}")
    if token and not token.isdigit():
        raise SsmError("InvalidNextToken", "The specified token is not valid.")
    found = []
    for execution in reversed(_candidates(filters)):
        if token and execution.number >= int(token):
            continue
        if all(_FILTERS[key](execution, values) for key, values in filters):
            found.append(execution)
            if len(found) > limit:
                break
    more = {"NextToken": str(found[limit - 1].number)} if len(found) > limit else {}
    return {"AutomationExecutionMetadataList": [{**_common(execution), "AutomationType": "Local"}
                                                for execution in found[:limit]], **more}


_STEP_FILTERS = {
    "StepExecutionStatus": lambda step, values: step.status in values,
    "StepExecutionId": lambda step, values: step.id in values,
    "StepName": lambda step, values: step.name in values,
    "Action": lambda step, values: step.action in values,
    "StartTimeBefore": lambda step, values: step.started is not None and step.started < _moment(values[0]),
    "StartTimeAfter": lambda step, values: step.started is not None and step.started > _moment(values[0]),
}


def _describe_steps(request: dict, _caller: Caller) -> dict:
    execution, filters = _find(request), _filters(request, _STEP_FILTERS)
    steps = [step for step in execution.steps if all(_STEP_FILTERS[key](step, values) for key, values in filters)]
    if request.get("ReverseOrder"):
        steps.reverse()
    shown, more = ssm_api.page(request, steps, 1, _PAGE, _PAGE)
    return {"StepExecutions": [_step(step) for step in shown], **more}


def install() -> None:
    """Answer the operations that read."""
    ssm_api.serve({"GetAutomationExecution": _get, "DescribeAutomationExecutions": _describe,
                   "DescribeAutomationStepExecutions": _describe_steps})
