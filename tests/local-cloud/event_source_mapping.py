"""Lambda: event source mappings of queues that are refused, through the API and CloudFormation alike.

When a mapping is made or changed, Lambda wants ("Creating and configuring an Amazon SQS event source mapping", "Lambda
parameters for Amazon SQS event source mappings", errors as users report them):

* a batch of 1 to 10,000 messages (10 from a FIFO queue) and a window of 0 to 300 seconds, which a batch of more than 10
  needs and a FIFO queue does not take;
* a queue whose visibility timeout is not shorter than the function's timeout;
* an execution role that may receive and delete the queue's messages and get its attributes;
* no other mapping of the same queue and function.
"""

import json

from ministack import app
from ministack.core.responses import error_response_json, get_region
from ministack.services import lambda_svc, sqs

import emulator
import event_source_poller
from iam_authorization import role_allows

_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_LARGEST_BATCH, _LARGEST_FIFO_BATCH, _LONGEST_WINDOW = 10_000, 10, 300

emulator.require(lambda_svc, "_create_esm", "_update_esm", "_delete_esm", "_esms", "_get_func_record_for_qualifier",
                 "_resolve_request_scoped_name_and_qualifier")
emulator.require(sqs, "_queue_by_arn")


class _Invalid(ValueError):
    def __init__(self, message: str, code: str = "InvalidParameterValueException", status: int = 400):
        super().__init__(message)
        self.answer = error_response_json(code, message, status)


def _check_range(data: dict, name: str, least: int, most: int) -> None:
    value = data.get(name)
    if value is not None and not least <= value <= most:
        raise _Invalid(f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to "
                       f"satisfy constraint: Member must have value between {least} and {most}", "ValidationException")


def _check_batch(wanted: dict, fifo: bool) -> None:
    _check_range(wanted, "BatchSize", 1, _LARGEST_FIFO_BATCH if fifo else _LARGEST_BATCH)
    _check_range(wanted, "MaximumBatchingWindowInSeconds", 0, _LONGEST_WINDOW)
    window = wanted.get("MaximumBatchingWindowInSeconds") or 0
    if fifo and window:
        raise _Invalid("Batching window is not supported for FIFO queues")
    if (wanted.get("BatchSize") or 10) > 10 and not window:
        raise _Invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
                       "10")
    if set(wanted.get("FunctionResponseTypes") or ()) - {"ReportBatchItemFailures"}:
        raise _Invalid("Member must satisfy enum value set: [ReportBatchItemFailures]", "ValidationException")


def _check_unique(wanted: dict, name: str) -> None:
    for mapping in lambda_svc._esms.values():
        if (mapping["EventSourceArn"], mapping["FunctionName"]) == (wanted["EventSourceArn"], name) \
                and mapping["UUID"] != wanted.get("UUID"):
            raise _Invalid(f'An event source mapping with SQS arn (" {wanted["EventSourceArn"]} ") and function '
                           f'(" {name} ") already exists. Please update or delete the existing mapping with UUID '
                           f'{mapping["UUID"]}', "ResourceConflictException", 409)


def _check_function(wanted: dict) -> None:
    """The function's rights and timeout; that it exists is the emulator's own check."""
    name, qualifier = lambda_svc._resolve_request_scoped_name_and_qualifier(wanted.get("FunctionName", ""))
    _, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if config is None:
        return
    _check_unique(wanted, name)
    arn = wanted["EventSourceArn"]
    for action in _ACTIONS if app.AUTH else ():
        if not role_allows(config["Role"], f"sqs:{action}", arn, get_region()):
            raise _Invalid(f"The function execution role does not have permissions to call {action} on SQS")
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        raise _Invalid("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
                       "SQS Error Message: The specified queue does not exist for this wsdl version.")
    visibility, timeout = int(queue["attributes"].get("VisibilityTimeout", 30)), int(config.get("Timeout", 3))
    if visibility < timeout:
        raise _Invalid(f"Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} "
                       "seconds")


def _check(wanted: dict) -> None:
    if ":sqs:" in wanted.get("EventSourceArn", ""):
        _check_batch(wanted, wanted["EventSourceArn"].endswith(".fifo"))
        _check_function(wanted)


def _shown(answer, state: str):
    """The answer with the state that a mapping is in while it is being changed."""
    status, headers, body = answer
    return (status, headers, json.dumps({**json.loads(body), "State": state}).encode()) if status < 300 else answer


def _create(inner):
    def create(data):
        try:
            _check(data)
        except _Invalid as invalid:
            return invalid.answer
        answer = inner(data)
        event_source_poller.follow()
        return _shown(answer, "Creating")
    return create


def _update(inner):
    def update(uuid, data):
        mapping = lambda_svc._esms.get(uuid)
        if mapping is not None:
            try:
                _check({**mapping, **data})
            except _Invalid as invalid:
                return invalid.answer
        answer = inner(uuid, data)
        event_source_poller.follow()
        return _shown(answer, "Updating")
    return update


def _delete(inner):
    def delete(uuid):
        answer = inner(uuid)
        event_source_poller.stop(uuid)
        return answer
    return delete


def install() -> None:
    """Stand before the emulator's operations."""
    for name, wrap in (("_create_esm", _create), ("_update_esm", _update), ("_delete_esm", _delete)):
        emulator.replace(lambda_svc, name, wrap(getattr(lambda_svc, name)))
