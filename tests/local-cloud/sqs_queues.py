"""SQS: one queue for many threads, the rights that the batch calls need, and AWS::SQS::QueuePolicy.

* The emulator expects all calls on its server's thread. Here deliveries and event source mappings call as well, so what
  reads and then replaces a queue's messages happens under a lock, and who waits for messages is told of new ones. Long
  queues are gone through once a call.
* SendMessageBatch, DeleteMessageBatch and ChangeMessageVisibilityBatch need the right of the single call ("Amazon SQS
  API permissions").
* A service that sends was checked with its own condition keys; it is not checked again as an account.
* A policy for a queue that is not there is refused.
"""

import contextvars
import itertools
import threading
import time

from ministack.core import iam_actions
from ministack.services import sqs
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

import emulator
from cloudformation_resources import handler_error

_POLICY = "AWS::SQS::QueuePolicy"
_SINGLE = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}
_LOCKED = {"SendMessage": "_act_send_message", "DeleteMessage": "_act_delete_message",
           "DeleteMessageBatch": "_act_delete_message_batch", "ChangeMessageVisibility": "_act_change_visibility",
           "ChangeMessageVisibilityBatch": "_act_change_visibility_batch", "PurgeQueue": "_act_purge_queue",
           "GetQueueAttributes": "_act_get_queue_attributes"}
_PARTS = ("_expire_retained", "_dlq_sweep", "_collect_msgs")
_lock = threading.RLock()
_arrival = threading.Condition()
_service_sends: contextvars.ContextVar[bool] = contextvars.ContextVar("local_cloud_service_sends", default=False)

emulator.require(sqs, "_queues", "_enforce_queue_policy", "_get_q", "_validate_batch_entries", *_LOCKED.values(),
                 *_PARTS)
emulator.require(sqs._HANDLERS, *_LOCKED)
emulator.require(_RESOURCE_HANDLERS, _POLICY)


def wait_for_arrival(seconds: float) -> None:
    """Wait until a message is sent to any queue, at most for a time."""
    with _arrival:
        _arrival.wait(seconds)


def send_as_service(queue: dict, body: str, **more) -> None:
    """Send a message for a service that the queue's policy lets do so; in the queue's account and region."""
    token = _service_sends.set(True)
    try:
        sqs._act_send_message({"QueueUrl": queue["url"], "MessageBody": body, **more}, queue["url"])
    finally:
        _service_sends.reset(token)


def _enforce(inner):
    def enforce(queue, action):
        if not _service_sends.get():
            inner(queue, action)
    return enforce


def _locked(inner):
    def act(*arguments):
        with _lock:
            return inner(*arguments)
    return act


def _announced(inner):
    def send(*arguments):
        answer = inner(*arguments)
        with _arrival:
            _arrival.notify_all()
        return answer
    return send


def _collect(inner):
    """The first messages that are visible, without a look at all the others."""
    def collect(queue, most, visibility):
        if queue["is_fifo"]:
            return inner(queue, most, visibility)
        now = time.time()
        visible = (message for message in queue["messages"] if message.get("visible_at", 0) <= now)
        found = list(itertools.islice(visible, most))
        # The emulator's own function does the rest, on these alone.
        return inner({**queue, "messages": found}, most, visibility)
    return collect


def _delete_many(data: dict, url: str) -> dict:
    """DeleteMessageBatch in one pass over the queue."""
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
    entries = data.get("Entries", [])
    sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
    wanted = {entry.get("ReceiptHandle") for entry in entries} - {None, ""}
    known = {message.get("receipt_handle") for message in queue["messages"]} & wanted
    queue["messages"] = [message for message in queue["messages"] if message.get("receipt_handle") not in known]
    return {"Successful": [{"Id": entry["Id"]} for entry in entries if entry.get("ReceiptHandle") in known],
            "Failed": [{"Id": entry["Id"], "Code": "ReceiptHandleIsInvalid", "SenderFault": True,
                        "Message": "The input receipt handle is invalid."}
                       for entry in entries if entry.get("ReceiptHandle") not in known]}


def _action(inner):
    def extract_iam_action(service, method, path, headers, body, query_params):
        action = inner(service, method, path, headers, body, query_params)
        return _SINGLE.get(action, action)
    return extract_iam_action


def _check_queues(props: dict) -> None:
    for url in props.get("Queues") or ():
        if url not in sqs._queues:
            raise handler_error("The specified queue does not exist.", "Sqs", 400, "NotFound")


def _create_policy(inner):
    def create(logical_id, props, stack_name):
        _check_queues(props)
        return inner(logical_id, props, stack_name)
    return create


def _update_policy(inner):
    def update(physical_id, old_props, new_props, *more):
        _check_queues(new_props)
        return inner(physical_id, old_props, new_props, *more)
    return update


def install() -> None:
    """Lock the calls, and take the batch calls' actions and the policies."""
    emulator.replace(sqs, "_act_delete_message_batch", _delete_many)
    emulator.replace(sqs, "_collect_msgs", _collect(sqs._collect_msgs))
    for action, name in _LOCKED.items():
        act = _locked(getattr(sqs, name))
        sqs._HANDLERS[action] = _announced(act) if action == "SendMessage" else act
        emulator.replace(sqs, name, sqs._HANDLERS[action])
    for name in _PARTS:
        emulator.replace(sqs, name, _locked(getattr(sqs, name)))
    emulator.replace(sqs, "_enforce_queue_policy", _enforce(sqs._enforce_queue_policy))
    emulator.replace(iam_actions, "extract_iam_action", _action(iam_actions.extract_iam_action))
    handlers = _RESOURCE_HANDLERS[_POLICY]
    handlers.update(create=_create_policy(handlers["create"]), update=_update_policy(handlers["update"]))
