"""Step Functions: lists of executions in pages, and on what calls about map runs are authorised.

* ListExecutions answers with 100 executions at a time unless maxResults (at most 1000) says otherwise, for a state
  machine that exists or a map run, not for both; those of a map run have their itemCount.
* What names a map run is authorised on its ARN ("Actions, resources, and condition keys for AWS Step Functions").
"""

import json

from ministack.core import iam_actions
from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

import emulator

_PAGE, _LARGEST_PAGE = 100, 1000
_STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")

emulator.require(stepfunctions, "_list_executions", "_executions", "_resolve_state_machine_arn")
emulator.require(iam_actions, "extract_resource_arn", "_safe_json_field")


def _problem(data: dict) -> tuple[str, str] | None:
    """Error code and message against a request."""
    size, status, machine = data.get("maxResults") or _PAGE, data.get("statusFilter"), data.get("stateMachineArn")
    if not 0 < size <= _LARGEST_PAGE:
        return "ValidationException", (f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy "
                                       f"constraint: Member must have value less than or equal to {_LARGEST_PAGE}")
    if status is not None and status not in _STATUSES:
        return "ValidationException", (f"1 validation error detected: Value '{status}' at 'statusFilter' failed to "
                                       "satisfy constraint: Member must satisfy enum value set: "
                                       f"[{', '.join(_STATUSES)}]")
    if bool(machine) == bool(data.get("mapRunArn")):
        return "ValidationException", "Exactly one of stateMachineArn and mapRunArn must be specified"
    if machine and stepfunctions._resolve_state_machine_arn(machine) is None:
        return "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'"
    return None


def _list(inner):
    def list_executions(data):
        if found := _problem(data):
            return error_response_json(*found, 400)
        status, headers, body = inner({**data, "maxResults": data.get("maxResults") or _PAGE})
        if status != 200 or not data.get("mapRunArn"):
            return status, headers, body
        answer = json.loads(body)
        for entry in answer["executions"]:
            entry["itemCount"] = stepfunctions._executions[entry["executionArn"]].get("itemCount", 1)
        return status, headers, json.dumps(answer).encode()
    return list_executions


def _resource(inner):
    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        run = iam_actions._safe_json_field(body, "mapRunArn") if service == "states" else ""
        return run or inner(service, method, path, headers, body, query_params, region, account_id)
    return extract_resource_arn


def install() -> None:
    """Stand before the emulator's list and its lookup of resources."""
    emulator.replace(stepfunctions, "_list_executions", _list(stepfunctions._list_executions))
    emulator.replace(iam_actions, "extract_resource_arn", _resource(iam_actions.extract_resource_arn))
