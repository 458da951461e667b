"""Step Functions: one Task state, with its events and the errors that AWS names.

A Lambda function is invoked with the role's credentials. A function that failed is an error named after the errorType
of its payload, the payload is the cause; what the Lambda service answers is ``Lambda.<exception>``, or
``Lambda.AWSLambdaException`` for what its API does not list, as a denial.
"""

import json

from botocore.response import StreamingBody
from ministack.core.responses import get_region
from ministack.services import stepfunctions

import emulator
import service_session
import stepfunctions_history as history
import stepfunctions_role
from stepfunctions_retry import with_retry_and_catch

#: What Invoke may answer, and what the SDK inside of Step Functions may make of no answer at all.
_LAMBDA_ERRORS = (
    "TooManyRequestsException", "ServiceException", "ResourceNotFoundException", "ResourceNotReadyException",
    "ResourceConflictException", "InvalidParameterValueException", "InvalidRequestContentException",
    "RequestTooLargeException", "RecursiveInvocationException", "SdkClientException",
    "ClientExecutionTimeoutException")

emulator.require(stepfunctions, "_execute_task", "_call_lambda", "_invoke_resource_with_timeout",
                 "_invoke_with_callback", "_invoke_resource", "_apply_parameters", "_apply_input_path",
                 "_apply_jsonata_arguments", "_apply_jsonata_output", "_apply_state_assign",
                 "_apply_result_selector", "_apply_result_path", "_apply_output_path", "_next_or_end",
                 "_resolve_path_or_ctx", "new_uuid")


def _function(reference: str) -> dict:
    """FunctionName and Qualifier of a name or an ARN."""
    name = reference.partition(":function:")[2] or reference
    name, _, qualifier = name.partition(":")
    return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}


def call_lambda(reference: str, event):
    """Invoke a function and return what it returned."""
    try:
        answer = stepfunctions_role.call("lambda", "Invoke", {
            **_function(reference), "InvocationType": "RequestResponse", "Payload": json.dumps(event).encode()})
    except service_session.ServiceError as refused:
        name = refused.code if refused.code in _LAMBDA_ERRORS else "AWSLambdaException"
        raise stepfunctions._ExecutionError(
            f"Lambda.{name}", f"{refused.message} (Service: AWSLambda; Status Code: {refused.status}; "
            f"Error Code: {refused.code}; Request ID: {refused.request_id}; Proxy: null)") from None
    payload = answer.get("Payload") or b"null"
    payload = payload.read() if isinstance(payload, StreamingBody) else payload
    text = payload.decode() if isinstance(payload, bytes) else payload
    if answer.get("FunctionError"):
        body = json.loads(text)
        raise stepfunctions._ExecutionError(
            (body.get("errorType") if isinstance(body, dict) else None) or "Lambda.Unknown", text)
    return json.loads(text)


class _Events:
    """The events of one attempt: Lambda's own for a function's ARN, else those of a service integration."""

    def __init__(self, execution: dict, resource: str):
        self.execution, self.resource = execution, resource
        self.is_function = ":function:" in resource
        _, _, integration = resource.partition(":states:::")
        kind, _, action = integration.rpartition(":")
        self.task = {"resourceType": kind, "resource": action} if integration else {
            "resourceType": "activity", "resource": resource}

    @property
    def label(self) -> str:
        """What the limit of a payload calls the task."""
        return self.resource if self.is_function else self.task["resourceType"]

    def scheduled(self, parameters, timeout) -> None:
        text, limit = json.dumps(parameters), {} if timeout is None else {"timeoutInSeconds": timeout}
        if self.is_function:
            history.add(self.execution, "LambdaFunctionScheduled", {"lambdaFunctionScheduledEventDetails": {
                "resource": self.resource, "input": text, **limit}})
            history.add(self.execution, "LambdaFunctionStarted")
        else:
            history.add(self.execution, "TaskScheduled", {"taskScheduledEventDetails": {
                **self.task, "region": get_region(), "parameters": text, **limit}})
            history.add(self.execution, "TaskStarted", {"taskStartedEventDetails": dict(self.task)})

    def succeeded(self, result) -> None:
        text = json.dumps(result)
        if len(text.encode()) > history.LONGEST_PAYLOAD:
            raise history.too_long(self.label)
        if self.is_function:
            history.add(self.execution, "LambdaFunctionSucceeded", {
                "lambdaFunctionSucceededEventDetails": {"output": text}})
        else:
            history.add(self.execution, "TaskSucceeded", {"taskSucceededEventDetails": {**self.task, "output": text}})

    def failed(self, problem) -> None:
        how = "TimedOut" if problem.error == "States.Timeout" else "Failed"
        details = {"error": problem.error, "cause": problem.cause}
        if self.is_function:
            history.add(self.execution, f"LambdaFunction{how}", {f"lambdaFunction{how}EventDetails": details})
        else:
            history.add(self.execution, f"Task{how}", {
                f"task{how}EventDetails": {**self.task, **details}})


def _timeout(state_def: dict, data, ctx: dict):
    if path := state_def.get("TimeoutSecondsPath"):
        return stepfunctions._resolve_path_or_ctx(path, data, ctx)
    return state_def.get("TimeoutSeconds")


def _invoke(state_def: dict, parameters, timeout, ctx: dict):
    resource = state_def["Resource"]
    if ".waitForTaskToken" in resource:
        return stepfunctions._invoke_with_callback(resource, parameters, ctx["Task"]["Token"], state_def)
    if timeout is not None and ":activity:" not in resource:
        return stepfunctions._invoke_resource_with_timeout(resource, parameters, timeout)
    return stepfunctions._invoke_resource(resource, parameters)


def _output(state_def: dict, raw_input, result, ctx: dict):
    if stepfunctions._state_query_language(state_def, ctx) == "JSONata":
        output = stepfunctions._apply_jsonata_output(state_def, raw_input, ctx, result=result, default=result)
        stepfunctions._apply_state_assign(state_def, raw_input, ctx, result=result)
        return output
    selected = stepfunctions._apply_result_selector(state_def, result)
    return stepfunctions._apply_output_path(
        state_def, stepfunctions._apply_result_path(state_def, raw_input, selected), ctx)


def _attempt(state_def: dict, raw_input, execution: dict, ctx: dict):
    if stepfunctions._state_query_language(state_def, ctx) == "JSONata":
        parameters = stepfunctions._apply_jsonata_arguments(state_def, raw_input, ctx)
    else:
        parameters = stepfunctions._apply_parameters(
            state_def, stepfunctions._apply_input_path(state_def, raw_input, ctx), ctx)
    timeout = _timeout(state_def, raw_input, ctx)
    events = _Events(execution, state_def["Resource"])
    events.scheduled(parameters, timeout)
    try:
        result = _invoke(state_def, parameters, timeout, ctx)
        events.succeeded(result)
    except stepfunctions._ExecutionError as problem:
        events.failed(problem)
        raise
    return _output(state_def, raw_input, result, ctx), stepfunctions._next_or_end(state_def)


def execute_task(state_def: dict, raw_input, execution: dict, ctx: dict):
    """A Task state to its end: output, and the next state's name."""
    if ".waitForTaskToken" in state_def.get("Resource", ""):
        ctx["Task"] = {"Token": stepfunctions.new_uuid()}
    return with_retry_and_catch(state_def, raw_input, ctx, lambda: _attempt(state_def, raw_input, execution, ctx))


def install() -> None:
    """Take Task states and the invocation of functions."""
    emulator.replace(stepfunctions, "_execute_task", execute_task)
    emulator.replace(stepfunctions, "_call_lambda", call_lambda)
