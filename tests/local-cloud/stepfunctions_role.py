"""Step Functions: what an execution does, it does in its state machine's role.

The role is assumed for states.amazonaws.com when an execution starts; child executions of a Distributed Map go on in
it. Task states call other services with its credentials or are checked against its policies. Not looked at: bucket and
queue policies, the rights that ``.sync`` and redriving need.
"""

import contextvars
from dataclasses import dataclass

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

import emulator
import service_session
from iam_authorization import role_allows

SERVICE = "states.amazonaws.com"

emulator.require(stepfunctions, "_executions", "_state_machines", "_run_execution", "_fail_execution",
                 "_invoke_resource", "_ExecutionError", "_AWS_SDK_SERVICE_MAP", "_AWS_SDK_ERROR_PREFIX")
emulator.require(app, "call_service_handler_sync", "SERVICE_HANDLERS")
emulator.require(iam_actions, "identity_denial_message", "extract_iam_action", "extract_resource_arn")


@dataclass(frozen=True)
class Acting:
    """Whose rights count for the execution at work."""

    role_arn: str
    session: str
    credentials: service_session.Credentials


_acting: contextvars.ContextVar[Acting | None] = contextvars.ContextVar("local_cloud_state_machine_role", default=None)


def untrusted(role_arn: str, state_machine_arn: str) -> str | None:
    """Step Functions' words for a role that it cannot assume, or None."""
    if not app.AUTH:
        return None
    try:
        service_session.assume(role_arn, SERVICE, "check", state_machine_arn.split(":")[4], state_machine_arn,
                               state_machine_arn.split(":")[3]).release()
    except service_session.AssumeRefused:
        return ("Neither the global service principal states.amazonaws.com, nor the regional one is authorized to "
                "assume the provided role.")
    return None


def denial(action: str, resource: str) -> str | None:
    """IAM's message when the role at work may not do something, or None."""
    acting = _acting.get()
    if acting is None or not app.AUTH or role_allows(acting.role_arn, action, resource, get_region()):
        return None
    session = (f"arn:aws:sts::{acting.role_arn.split(':')[4]}:assumed-role/{acting.role_arn.rsplit('/', 1)[-1]}/"
               f"{acting.session}")
    return iam_actions.identity_denial_message(action, session, resource, False)


def call(service: str, api: str, parameters: dict) -> dict:
    """A call of another service with the credentials of the role at work."""
    acting = _acting.get()
    credentials = acting.credentials if acting else service_session.Credentials(get_account_id(), get_account_id())
    return service_session.call(credentials, get_region(), service, api, parameters)


def _run(inner):
    def run(execution_arn):
        execution = stepfunctions._executions.get(execution_arn)
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
        if machine is None or not app.AUTH:
            inner(execution_arn)
            return
        session = execution["name"][:64]
        try:
            credentials = service_session.assume(machine["roleArn"], SERVICE, session, get_account_id(),
                                                 machine["stateMachineArn"], get_region())
        except service_session.AssumeRefused as refused:
            stepfunctions._fail_execution(execution, "States.Permissions", str(refused))
            return
        token = _acting.set(Acting(machine["roleArn"], session, credentials))
        try:
            inner(execution_arn)
        finally:
            _acting.reset(token)
            credentials.release()
    return run


def _queue_arn(data: dict) -> str:
    return f"arn:aws:sqs:{get_region()}:{get_account_id()}:{str(data.get('QueueUrl', '')).rsplit('/', 1)[-1]}"


def _bus_arn(data: dict) -> str:
    bus = (data.get("Entries") or [{}])[0].get("EventBusName") or "default"
    return bus if bus.startswith("arn:") else f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{bus}"


#: Integration of a task's Resource → IAM action, and the resource that it is authorised on.
_INTEGRATIONS = {
    "states:startExecution": ("states:StartExecution", lambda data: data.get("StateMachineArn", "*")),
    "sqs:sendMessage": ("sqs:SendMessage", _queue_arn),
    "sns:publish": ("sns:Publish", lambda data: data.get("TopicArn") or data.get("TargetArn") or "*"),
    "events:putEvents": ("events:PutEvents", _bus_arn),
}
_EXCEPTIONS = {"states": "StepFunctions.AWSStepFunctionsException", "sqs": "SQS.AmazonSQSException",
               "sns": "SNS.AmazonSNSException", "events": "EventBridge.EventBridgeException"}


def _invoke(inner):
    """Check integrations that the emulator carries out by itself."""
    def invoke(resource, data):
        integration = resource.partition(":states:::")[2].partition(".")[0]
        if integration in _INTEGRATIONS:
            action, arn_of = _INTEGRATIONS[integration]
            if message := denial(action, arn_of(data)):
                raise stepfunctions._ExecutionError(_EXCEPTIONS[integration.partition(":")[0]], message)
        return inner(resource, data)
    return invoke


def _sdk_call(inner):
    """Check what ``aws-sdk`` integrations ask of another service, as the emulator's own door would."""
    def call_service(handler, method, path, headers, body, query_params, timeout=None):
        acting = _acting.get()
        service = next((name for name, known in app.SERVICE_HANDLERS.items() if known is handler), None)
        if acting is not None and service:
            raw = body.encode() if isinstance(body, str) else body
            action = iam_actions.extract_iam_action(service, method, path, headers, raw, query_params)
            resource = iam_actions.extract_resource_arn(service, method, path, headers, raw, query_params,
                                                        get_region(), get_account_id()) or "*"
            if action and (message := denial(action, resource)):
                sdk = next((name for name, info in stepfunctions._AWS_SDK_SERVICE_MAP.items()
                            if info.get("service_key", name) == service), service)
                prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(sdk, sdk.capitalize())
                raise stepfunctions._ExecutionError(f"{prefix}.{prefix}Exception", message)
        return inner(handler, method, path, headers, body, query_params, timeout)
    return call_service


def install() -> None:
    """Run executions in their roles."""
    emulator.replace(stepfunctions, "_run_execution", _run(stepfunctions._run_execution))
    emulator.replace(stepfunctions, "_invoke_resource", _invoke(stepfunctions._invoke_resource))
    emulator.replace(app, "call_service_handler_sync", _sdk_call(app.call_service_handler_sync))
