"""Systems Manager: StartAutomationExecution and StopAutomationExecution.

* The same ClientToken with the same request is the same execution, with another request IdempotentParameterMismatch.
* With a role, the caller needs ``iam:PassRole`` on it to ssm.amazonaws.com, and the role has to let Systems Manager
  in ("Troubleshooting Systems Manager Automation" has both messages). Without one the automation acts as its caller.
* A target map, or a value of ``Targets``, is a child execution; see ``ssm_automation_rate``.
* Cancel, the default, ends what is queued at once and what runs with the step at work; Complete, of which the reference
  says no more than its name, is taken to end it so that it counts as Success. A stopped parent stops its children.

Not played: TargetLocations, alarms, Interactive mode, resource groups.
"""

import json
import re

from ministack.core.responses import get_account_id, get_region

import pass_role
import service_session
import ssm_api
import ssm_automation
import ssm_automation_parameters
import ssm_automation_queue
import ssm_automation_rate
import ssm_automation_run
import ssm_documents
import ssm_tags
from ssm_api import Caller, SsmError
from ssm_automation import Execution, Step
from ssm_automation_parameters import invalid
from ssm_values import Context, as_text, resolved

SERVICE = "ssm.amazonaws.com"
_NOT_PLAYED = ("TargetLocations", "TargetLocationsURL", "AlarmConfiguration")
_TAGS_AT_START = 5
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_TOKEN = re.compile(r"[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}")

_tokens: dict[tuple, tuple[str, str]] = {}


def _document(request: dict) -> tuple:
    document = ssm_documents.find(str(request.get("DocumentName", "")))
    if document is None:
        raise SsmError("AutomationDefinitionNotFoundException",
                       f"Automation document {request.get('DocumentName')} was not found.")
    try:
        return document, document.version(request.get("DocumentVersion"))
    except SsmError:
        raise SsmError("AutomationDefinitionVersionNotFoundException",
                       f"An automation document with the specified name and version {request.get('DocumentVersion')} "
                       "could not be found.") from None


def _role(execution: Execution, caller: Caller) -> str | None:
    """The role to act in, which the caller may pass and Systems Manager assume; None for the caller's own rights."""
    written = execution.content.get("assumeRole")
    if not written:
        return None
    context = Context(*execution.scope, execution.id)
    context.parameters = ssm_automation_parameters.values(execution.content, execution.parameters, context)
    role_arn = as_text(resolved(written, context)).strip()
    if not role_arn:
        return None
    if not _ROLE_ARN.fullmatch(role_arn):
        raise invalid("The format of the supplied assume role ARN is invalid.")
    if message := pass_role.refusal(caller.access_key, role_arn, SERVICE):
        raise SsmError("AccessDeniedException", message)
    try:
        ssm_automation_run.credentials(execution, role_arn).release()
    except service_session.AssumeRefused:
        raise invalid("The defined assume role is unable to be assumed.") from None
    return role_arn


def _check(request: dict) -> None:
    if found := [name for name in _NOT_PLAYED if request.get(name)]:
        raise SsmError("ValidationException", f"the local cloud does not play {', '.join(found)}")
    if request.get("Mode", "Auto") != "Auto":
        raise SsmError("ValidationException", "the local cloud does not play Mode Interactive")
    if request.get("ClientToken") and not _TOKEN.fullmatch(request["ClientToken"]):
        raise SsmError("ValidationException", "Value at 'clientToken' failed to satisfy constraint: it is not a UUID")
    if len(request.get("Tags") or ()) > _TAGS_AT_START:
        raise SsmError("ValidationException", f"An automation starts with at most {_TAGS_AT_START} tags.")


def _started(request: dict, caller: Caller) -> str:
    _check(request)
    document, version = _document(request)
    parameters = ssm_automation_parameters.given(request)
    rate = ssm_automation_rate.asked_for(request, version.content)
    ssm_automation_parameters.check(version.content, parameters, rate.parameter_names() if rate else frozenset())
    source = service_session.Credentials(get_account_id(), caller.access_key, caller.token)
    execution = Execution(get_account_id(), get_region(), document.name, version.number, version.content, parameters,
                          caller.arn, source, rate=rate, tags=ssm_tags.checked(request.get("Tags")))
    execution.role_arn = _role(execution, caller)
    if rate is None:
        execution.steps = [Step(step["name"], step["action"], step) for step in version.content["mainSteps"]]
        ssm_automation_queue.submit(execution, ssm_automation_run.begin)
    else:
        ssm_automation_queue.submit(execution, ssm_automation_rate.begin)
    return execution.id


def start(request: dict, caller: Caller) -> dict:
    """StartAutomationExecution."""
    token = str(request.get("ClientToken") or "").lower()
    if not token:
        return {"AutomationExecutionId": _started(request, caller)}
    key = (get_account_id(), get_region(), token)
    asked = json.dumps({**request, "ClientToken": token}, sort_keys=True)
    with ssm_automation.lock:
        if key in _tokens:
            before, execution_id = _tokens[key]
            if before != asked:
                raise SsmError("IdempotentParameterMismatch", "The request has the token of another request.")
            return {"AutomationExecutionId": execution_id}
        execution_id = _started(request, caller)
        _tokens[key] = (asked, execution_id)
    return {"AutomationExecutionId": execution_id}


def _stop(request: dict, _caller: Caller) -> dict:
    execution = ssm_automation.find(get_account_id(), get_region(), str(request.get("AutomationExecutionId")))
    kind = request.get("Type", "Cancel")
    if kind not in ("Cancel", "Complete"):
        raise SsmError("ValidationException", f"Value '{kind}' at 'type' failed to satisfy constraint: Member must "
                       "satisfy enum value set: [Complete, Cancel]")
    if execution.is_over():
        raise SsmError("InvalidAutomationStatusUpdateException",
                       f"An execution with status {execution.status} cannot be stopped.")
    ssm_automation_run.stop(execution, kind)
    return {}


def _find(execution_id: str) -> Execution | None:
    try:
        return ssm_automation.find(get_account_id(), get_region(), execution_id)
    except SsmError:
        return None


def install() -> None:
    """Answer both operations."""
    ssm_api.serve({"StartAutomationExecution": start, "StopAutomationExecution": _stop})
    ssm_tags.tag_type("Automation", _find)
    ssm_api.on_reset(_tokens.clear)
