"""Step Functions: the API, and AWS::StepFunctions::StateMachine, where the emulator is laxer than AWS.

* A definition and a role are checked when a state machine is made or changed, through the API and CloudFormation alike.
* StartExecution of a name that is at work with the same input answers as the first did; input has a limit.
* An execution that was stopped stays so, whatever its states still come to.
"""

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

import emulator
import stepfunctions_definition as definition
from stepfunctions_history import LONGEST_PAYLOAD
from stepfunctions_role import untrusted

_TYPE = "AWS::StepFunctions::StateMachine"

emulator.require(stepfunctions, "_create_state_machine", "_update_state_machine", "_start_execution", "_executions",
                 "_state_machines", "_fail_execution", "_resolve_state_machine_arn",
                 "_validate_state_machine_definition")
emulator.require(provisioners, "_sfn_definition", "_sfn_handler_error")
emulator.require(provisioners._RESOURCE_HANDLERS, _TYPE)


def _problem(text: str | None, role_arn: str | None, arn: str) -> tuple[str, str] | None:
    """Error code and message against a definition or a role."""
    if text is not None:
        try:
            definition.check(text)
        except definition.InvalidDefinition as invalid:
            return "InvalidDefinition", str(invalid)
    if role_arn is not None and (message := untrusted(role_arn, arn)):
        return "AccessDeniedException", message
    return None


def _arn(name: str) -> str:
    return f"arn:aws:states:{get_region()}:{get_account_id()}:stateMachine:{name}"


def _checked(inner):
    def change(data):
        arn = data.get("stateMachineArn") or _arn(data.get("name", ""))
        found = _problem(data.get("definition"), data.get("roleArn"), arn)
        return error_response_json(*found, 400) if found else inner(data)
    return change


def _start(inner):
    def start(data):
        text = data.get("input", "{}")
        if len(text.encode()) > LONGEST_PAYLOAD:
            return error_response_json("ValidationException", "1 validation error detected: Value at 'input' failed to "
                                       "satisfy constraint: Member must have length less than or equal to "
                                       f"{LONGEST_PAYLOAD}", 400)
        machine = stepfunctions._state_machines.get(
            stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", "")) or "")
        if machine and data.get("name"):
            arn = f"{machine['stateMachineArn'].replace(':stateMachine:', ':execution:', 1)}:{data['name']}"
            known = stepfunctions._executions.get(arn)
            if known and (known["status"], known["input"]) == ("RUNNING", text):
                return json_response({"executionArn": arn, "startDate": known["startDate"]})
        return inner(data)
    return start


def _validate(data):
    found = _problem(data.get("definition", ""), None, "")
    if found is None:
        return json_response({"result": "OK", "diagnostics": [], "truncated": False})
    return json_response({"result": "FAIL", "truncated": False, "diagnostics": [
        {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": found[1]}]})


def _fail(inner):
    def fail(execution, error, cause):
        if execution["status"] == "RUNNING":
            inner(execution, error, cause)
    return fail


def _check_resource(props: dict, name: str) -> None:
    if found := _problem(provisioners._sfn_definition(props), props.get("RoleArn"), _arn(name)):
        code, message = found
        raise provisioners._sfn_handler_error(f"{message} (Service: Sfn, Status Code: 400) ({code})")


def _create_resource(inner):
    def create(logical_id, props, stack_name):
        _check_resource(props, props.get("StateMachineName") or f"{stack_name}-{logical_id}")
        return inner(logical_id, props, stack_name)
    return create


def _update_resource(inner):
    def update(physical_id, old_props, new_props, stack_name, *logical_id):
        _check_resource(new_props, physical_id.rsplit(":", 1)[-1])
        return inner(physical_id, old_props, new_props, stack_name, *logical_id)
    return update


def install() -> None:
    """Stand before the emulator's own operations and resource type."""
    for name in ("_create_state_machine", "_update_state_machine"):
        emulator.replace(stepfunctions, name, _checked(getattr(stepfunctions, name)))
    emulator.replace(stepfunctions, "_start_execution", _start(stepfunctions._start_execution))
    emulator.replace(stepfunctions, "_validate_state_machine_definition", _validate)
    emulator.replace(stepfunctions, "_fail_execution", _fail(stepfunctions._fail_execution))
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    handlers.update(create=_create_resource(handlers["create"]), update=_update_resource(handlers["update"]))
