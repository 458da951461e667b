"""Lambda: the pollers that read a queue for an event source mapping.

* Five pollers read side by side, fewer where MaximumConcurrency is smaller; each gathers a batch of its own and has the
  function work on it. While all of them are at work one more may join, up to MaximumConcurrency.
* A batch is complete with BatchSize messages, with 6 MB of them, or when MaximumBatchingWindowInSeconds have passed
  since its first one (switch ``batchingWindowSeconds`` caps them). Meanwhile its messages are invisible to others.
* Queues are read in the function's role, by the service's own calls: rights, queue policies and faults are those of any
  call. The switch ``mappingVisibilitySeconds`` caps the visibility timeout of what is read.
* A mapping that is disabled or deleted reads nothing more; what was being gathered is visible again in time.
"""

import json
import threading
import time

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import lambda_svc, sqs

import emulator
import service_session
import switches
from event_source_batch import Batch
from sqs_queues import wait_for_arrival

_AT_REST, _MOST = 5, 50
_READ_AT_ONCE = 10
_LARGEST_EVENT = 6_291_556
_RECORD_OVERHEAD = 600
_IDLE_SECONDS = 0.2

_lock = threading.RLock()
_groups: dict[tuple[str, str, str], "_Pollers"] = {}

emulator.require(lambda_svc, "_poll_sqs", "_esms", "_iter_all_esms", "_get_func_record_for_qualifier")
emulator.require(sqs, "_queue_by_arn")


class _Pollers:
    """The pollers of one mapping."""

    def __init__(self, key: tuple[str, str, str], mapping: dict):
        self.key, self.mapping = key, mapping
        self.account_id, self.region, _ = key
        self.gate = threading.Lock()
        self.alive, self.at_work = 0, 0

    @property
    def most(self) -> int:
        """How many pollers there may be."""
        if self.mapping["EventSourceArn"].endswith(".fifo"):
            return 1
        return min((self.mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or _MOST, _MOST)

    def active(self) -> bool:
        """Whether the mapping is there and enabled."""
        return lambda_svc._esms.get_scoped(*self.key) is self.mapping and bool(self.mapping.get("Enabled", True))

    def grow(self) -> None:
        """Have as many pollers as there is work for."""
        with _lock:
            while self.alive < min(self.most, max(_AT_REST, self.at_work + 1)):
                self.alive += 1
                threading.Thread(target=self._poll, args=(self.alive - 1,), daemon=True,
                                 name=f"poller-{self.mapping['FunctionName']}").start()

    def _leaves(self, idle: bool) -> bool:
        """Whether a poller ends: with the mapping, or when it only helped out."""
        with _lock:
            surplus = self.alive > min(self.most, _AT_REST) and idle
            if self.active() and not surplus:
                return False
            self.alive -= 1
            if not self.alive:
                _groups.pop(self.key, None)
            return True

    def _poll(self, number: int) -> None:
        app.pin_request_origin("127.0.0.1", True)
        idle = False
        with request_scope(self.account_id, self.region):
            while not self._leaves(idle):
                messages, until = self._gather()
                idle = not messages
                for part in _parts(messages):
                    self._work(part, until)

    def _work(self, messages: list[dict], until: float) -> None:
        with _lock:
            self.at_work += 1
        try:
            self.grow()
            done = Batch(self.mapping, self.account_id, messages, until).run()
            for start in range(0, len(done), _READ_AT_ONCE):
                self._call("DeleteMessageBatch", Entries=[
                    {"Id": str(number), "ReceiptHandle": handle}
                    for number, handle in enumerate(done[start:start + _READ_AT_ONCE])])
        finally:
            with _lock:
                self.at_work -= 1

    def _gather(self) -> tuple[list[dict], float]:
        """A batch, or nothing after a while; with the time when the first of it is visible again."""
        size = int(self.mapping.get("BatchSize") or 10)
        window = switches.capped("batchingWindowSeconds", self.mapping.get("MaximumBatchingWindowInSeconds") or 0)
        visible_again = time.monotonic() + self._visibility()
        batch = self._read(size)
        if not batch:
            wait_for_arrival(_IDLE_SECONDS)
            return [], visible_again
        closes, used = time.monotonic() + window, _bytes(batch)
        while len(batch) < size and used < _LARGEST_EVENT and (left := closes - time.monotonic()) > 0:
            more = self._read(size - len(batch))
            if not self.active():
                return [], visible_again
            batch, used = batch + more, used + _bytes(more)
            if not more:
                wait_for_arrival(min(left, _IDLE_SECONDS))
        return batch, visible_again

    def _visibility(self) -> int:
        queue = sqs._queue_by_arn(self.mapping["EventSourceArn"])
        timeout = int(queue["attributes"].get("VisibilityTimeout", 30)) if queue else 0
        return int(switches.capped("mappingVisibilitySeconds", timeout))

    def _read(self, most: int) -> list[dict]:
        queue = sqs._queue_by_arn(self.mapping["EventSourceArn"])
        with self.gate:
            now = time.time()
            if not self.active() or not queue or all(message.get("visible_at", 0) > now
                                                     for message in tuple(queue["messages"])):
                return []
            return self._call("ReceiveMessage", MaxNumberOfMessages=min(most, _READ_AT_ONCE),
                              VisibilityTimeout=self._visibility(), AttributeNames=["All"],
                              MessageAttributeNames=["All"]).get("Messages", [])

    def _call(self, api: str, **parameters) -> dict:
        """A call in the function's role; nothing comes of one that is refused."""
        _, config = lambda_svc._get_func_record_for_qualifier(
            self.mapping["FunctionName"], self.mapping.get("Qualifier"))
        name = self.mapping["EventSourceArn"].rsplit(":", 1)[-1]
        try:
            credentials = self._credentials(config or {})
        except service_session.AssumeRefused:
            return {}
        try:
            return service_session.call(credentials, self.region, "sqs", api, {
                "QueueUrl": f"{emulator.base_url()}/{self.account_id}/{name}", **parameters})
        except service_session.ServiceError:
            time.sleep(_IDLE_SECONDS)
            return {}
        finally:
            credentials.release()

    def _credentials(self, config: dict) -> service_session.Credentials:
        if not app.AUTH:
            return service_session.Credentials(self.account_id, self.account_id)
        return service_session.assume(config.get("Role", ""), "lambda.amazonaws.com", config.get("FunctionName", ""),
                                      self.account_id, config.get("FunctionArn", ""), self.region)


def _bytes(messages: list[dict]) -> int:
    return sum(len(json.dumps(message["Body"])) + _RECORD_OVERHEAD for message in messages)


def _parts(messages: list[dict]):
    """A batch in parts that an invocation can carry."""
    part, used = [], 0
    for message in messages:
        size = _bytes([message])
        if part and used + size > _LARGEST_EVENT:
            yield part
            part, used = [], 0
        part.append(message)
        used += size
    if part:
        yield part


def follow() -> None:
    """Have pollers for every mapping of a queue that is enabled."""
    for account_id, region, mapping in lambda_svc._iter_all_esms():
        if ":sqs:" not in mapping.get("EventSourceArn", "") or not mapping.get("Enabled", True):
            continue
        key = (account_id, region, mapping["UUID"])
        with _lock:
            group = _groups.get(key)
            if group is None or group.mapping is not mapping:
                group = _groups[key] = _Pollers(key, mapping)
            group.grow()


def stop(uuid: str) -> None:
    """Return once nothing more is read for a mapping that is gone."""
    with _lock:
        found = [group for key, group in _groups.items() if key[2] == uuid]
    for group in found:
        with group.gate:
            pass


def install() -> None:
    """Read queues here, not in the emulator's poller of all sources."""
    emulator.replace(lambda_svc, "_poll_sqs", lambda: False)
