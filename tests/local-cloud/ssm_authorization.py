"""Systems Manager: on which resources requests are authorised (Service Authorization Reference, "AWS Systems Manager").

What starts an automation is asked for twice over, as AWS has changed it: the guide's examples name
``document/<name>`` and ``automation-execution/*`` ("Setting up identity based policies examples"), those of former
editions, and many policies, ``automation-definition/<name>:<version>``. Either way is enough here; the second can be
turned off by the switch ``startByAutomationDefinition``. Documents of AWS's own have no account in their ARNs.
"""

import json

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id

import emulator
import ssm_documents
import switches

_ON_DOCUMENT = ("CreateDocument", "UpdateDocument", "UpdateDocumentDefaultVersion", "DescribeDocument", "GetDocument",
                "ListDocumentVersions", "DeleteDocument")
_ON_EXECUTION = ("GetAutomationExecution", "StopAutomationExecution", "DescribeAutomationStepExecutions")
_ON_SETTING = ("GetServiceSetting", "UpdateServiceSetting", "ResetServiceSetting")
_TAGGED = {"Document": "document", "Automation": "automation-execution"}
_START = "ssm:StartAutomationExecution"
_SOME_EXECUTION = "00000000-0000-0000-0000-000000000000"

emulator.require(iam_actions, "extract_resource_arn", "_action_from_target")
emulator.require(iam_evaluator, "enforce")


def _definition(request: dict, region: str, account_id: str) -> str:
    """The automation definition that a start is about."""
    name = str(request.get("DocumentName", ""))
    document = ssm_documents.find(name)
    if document is None:
        return f"arn:aws:ssm:{region}:{account_id}:automation-definition/{name.rsplit('/', 1)[-1]}:1"
    wanted = str(request.get("DocumentVersion") or document.default)
    number = {"$DEFAULT": str(document.default), "$LATEST": str(document.versions[-1].number)}.get(wanted, wanted)
    owner = "" if document.owner == "Amazon" else account_id
    return f"arn:aws:ssm:{region}:{owner}:automation-definition/{document.name}:{number}"


def _resource(action: str, request: dict, region: str, account_id: str) -> str | None:
    own = f"arn:aws:ssm:{region}:{account_id}"
    if action == "StartAutomationExecution":
        return _definition(request, region, account_id)
    if action in _ON_DOCUMENT:
        name = str(request.get("Name", ""))
        document = ssm_documents.find(name)
        owner = "" if document and document.owner == "Amazon" else account_id
        return f"arn:aws:ssm:{region}:{owner}:document/{name.rsplit('/', 1)[-1]}"
    if action in _ON_EXECUTION:
        return f"{own}:automation-execution/{request.get('AutomationExecutionId', '')}"
    if action in _ON_SETTING:
        return f"{own}:servicesetting{str(request.get('SettingId', '')).rpartition('servicesetting')[2]}"
    if kind := _TAGGED.get(str(request.get("ResourceType"))):
        return f"{own}:{kind}/{request.get('ResourceId', '')}"
    return None


def _replace_resource_lookup() -> None:
    inner = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        if service == "ssm":
            try:
                request = json.loads(body) if body else {}
            except ValueError:
                request = {}
            action = iam_actions._action_from_target(headers) or ""
            if own := _resource(action, request, region, account_id):
                return own
        return inner(service, method, path, headers, body, query_params, region, account_id)

    emulator.replace(iam_actions, "extract_resource_arn", extract_resource_arn)


def _replace_decision() -> None:
    """One of two ways has to allow a start, and none may deny it."""
    inner = iam_evaluator.enforce

    def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        def decide(arn: str):
            return inner(access_key_id, iam_action, service, region, resource_arn=arn, service_context=service_context)

        by_definition = decide(resource_arn)
        head, _, name = resource_arn.partition(":automation-definition/")
        if iam_action != _START or not name:
            return by_definition
        document = f"{head}:document/{name.rpartition(':')[0]}"
        execution = f"arn:aws:ssm:{region}:{get_account_id()}:automation-execution/{_SOME_EXECUTION}"
        newer = [decide(document), decide(execution)]
        for denied in (by_definition, *newer):
            if denied is not None and getattr(denied, "decision", "") != "ImplicitDeny":
                return denied
        if not any(newer):
            return None
        return by_definition if switches.get("startByAutomationDefinition") else next(filter(None, newer))

    emulator.replace(iam_evaluator, "enforce", enforce)


def install() -> None:
    """Replace the lookup of resources, and the decision on starts."""
    _replace_resource_lookup()
    _replace_decision()
