"""StackSets: how an operation is begun, queued, carried out over regions and accounts, and stopped.

Without managed execution a stack set has one operation at a time (OperationInProgressException). With it, operations
that do not touch the same instances run together and others wait, in the order of their requests; while one waits,
all later ones do. Automatic deployments are never refused: they wait in the queue either way, for operations of other
stack sets too, and come to nothing when one that they need has failed.
"""

import threading

from ministack.core.responses import now_iso, request_scope

import stacksets
import stacksets_events
import stacksets_wire as wire
import switches
from stacksets_execution import cancel, carry_out
from stacksets_preferences import Pace, in_order, parallel

_EXCEEDED = "Cancelled since failure tolerance has exceeded"
_STOPPED = "Cancelled since the operation was stopped by the user"
_NEEDED = "Cancelled since a StackSet that this one depends on was not deployed"
_BY_USER = "User Initiated"


def _check_free(stack_set: stacksets.StackSet, operation_id: str | None) -> None:
    if operation_id and any(operation.id == operation_id for operation in stack_set.operations):
        raise wire.refusal("OperationIdAlreadyExistsException", f"Operation {operation_id} already exists")
    check_idle(stack_set, unless_managed=True)


def check_idle(stack_set: stacksets.StackSet, unless_managed: bool = False) -> None:
    """Refuse what has to wait for an operation under way."""
    at_work = stack_set.under_way()
    if at_work and not (unless_managed and stack_set.managed_execution):
        raise wire.refusal("OperationInProgressException",
                           f"Another Operation on StackSet {stack_set.arn} is in progress: {at_work[0].id}")


def begin(operation: stacksets.Operation, operation_id: str | None = None) -> str:
    """Take up an operation, now or in its turn; its id."""
    stack_set = operation.stack_set
    with stacksets.lock:
        if not operation.automatic:
            _check_free(stack_set, operation_id)
        operation.id = operation_id or operation.id
        for result in operation.results:
            result.instance.detailed_status = "PENDING"
            result.instance.reason = "" if operation.automatic else _BY_USER
            result.instance.last_operation_id = operation.id
        stack_set.operations.append(operation)
    for result in operation.results:
        stacksets_events.instance_changed(operation, result.instance)
    if not _start_due(stack_set, operation):
        stacksets_events.operation_changed(operation)
    return operation.id


def _start_due(stack_set: stacksets.StackSet, asked: stacksets.Operation | None = None) -> bool:
    """Begin, or end, the operations whose turn it is; whether ``asked`` is among them."""
    due, vain = [], []
    with stacksets.lock:
        at_work = [operation for operation in stack_set.under_way() if operation.status != "QUEUED"]
        for operation in stack_set.under_way():
            if operation.status != "QUEUED":
                continue
            if any(operation.conflicts_with(other) for other in at_work) or not all(
                    other.ended for other in operation.waits_for):
                break
            needed = all(other.status == "SUCCEEDED" for other in operation.needs)
            operation.status = "RUNNING" if needed else "FAILED"
            at_work.append(operation)
            (due if needed else vain).append(operation)
    for operation in vain:
        _come_to_nothing(operation)
    for operation in due:
        stacksets_events.operation_changed(operation)
        threading.Thread(target=_run, args=(operation,), daemon=True, name=f"stack-set-{operation.id}").start()
    return asked in (*due, *vain)


def _come_to_nothing(operation: stacksets.Operation) -> None:
    """End an automatic deployment that needed another one; what of its instances stays is not documented."""
    operation.status_reason = _NEEDED
    for result in operation.results:
        cancel(operation, result, _NEEDED)
    if not switches.get("failedDependencyLeavesInstances"):
        with stacksets.lock:
            new = [result.instance for result in operation.results if not result.instance.stack_id]
            operation.stack_set.instances[:] = [
                instance for instance in operation.stack_set.instances if instance not in new]
            operation.results.clear()
    _end(operation, "FAILED")


def stop(operation: stacksets.Operation) -> None:
    """Start nothing more of an operation; what is at work comes to its end."""
    with stacksets.lock:
        if operation.ended or operation.status == "STOPPING":
            raise wire.refusal("InvalidOperationException",
                               f"Operation {operation.id} is {operation.status} and can not be stopped")
        queued, operation.status = operation.status == "QUEUED", "STOPPING"
    stacksets_events.operation_changed(operation)
    if queued:
        for result in operation.results:
            cancel(operation, result, _STOPPED)
        _end(operation, "STOPPED")


def _end(operation: stacksets.Operation, status: str) -> None:
    with stacksets.lock:
        operation.status, operation.ended = status, now_iso()
    stacksets_events.operation_changed(operation)
    operation.done.set()
    for stack_set in (operation.stack_set, *(follower.stack_set for follower in operation.followers)):
        _start_due(stack_set)


def _run(operation: stacksets.Operation) -> None:
    by_region = {}
    for result in operation.results:
        by_region.setdefault(result.instance.region, []).append(result)
    regions = [_Region(operation, by_region[name]) for name in in_order(operation.preferences, list(by_region))]
    with request_scope(operation.stack_set.account, operation.stack_set.region):
        if parallel(operation.preferences):
            threads = [threading.Thread(target=region.run, daemon=True) for region in regions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        else:
            for region in regions:
                region.run(not any(earlier.exceeded for earlier in regions))
        exceeded = any(region.exceeded for region in regions)
        stopped = operation.status == "STOPPING"
        _end(operation, "STOPPED" if stopped else "FAILED" if exceeded else "SUCCEEDED")


def _begin_one(stack_set: stacksets.StackSet) -> bool:
    """Whether one more instance of a stack set may be at work; it counts from now on."""
    with stacksets.lock:
        if stack_set.at_work >= max(switches.get("stackInstancesAtOnce"), 1):
            return False
        stack_set.at_work += 1
    return True


class _Region:
    """The part of an operation that lies in one region."""

    def __init__(self, operation: stacksets.Operation, results: list[stacksets.Result]):
        self.operation, self.results = operation, results
        self.pace = Pace(operation.preferences, len(results))
        self.changed = threading.Condition()
        self.at_work = 0

    @property
    def exceeded(self) -> bool:
        """Whether more accounts failed than the operation bears."""
        return self.pace.exceeded(self._failures())

    def _failures(self) -> int:
        return sum(result.status == "FAILED" for result in self.results)

    def run(self, wanted: bool = True) -> None:
        """Work through the accounts, or cancel them all."""
        waiting = list(self.results)
        with self.changed:
            while waiting or self.at_work:
                stopped = self.operation.status == "STOPPING"
                if stopped or not wanted or self.exceeded:
                    for result in waiting:
                        cancel(self.operation, result, _STOPPED if stopped else _EXCEEDED)
                    waiting.clear()
                while (waiting and self.at_work < self.pace.at_once(self._failures())
                       and _begin_one(self.operation.stack_set)):
                    self.at_work += 1
                    threading.Thread(target=self._one, args=(waiting.pop(0),), daemon=True).start()
                if waiting or self.at_work:
                    self.changed.wait(0.2)

    def _one(self, result: stacksets.Result) -> None:
        try:
            carry_out(self.operation, result)
        finally:
            with stacksets.lock:
                self.operation.stack_set.at_work -= 1
            with self.changed:
                self.at_work -= 1
                self.changed.notify_all()
