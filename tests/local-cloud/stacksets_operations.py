"""StackSets: how an operation is begun, queued, carried out over regions and accounts, and stopped.

Without managed execution a stack set has one operation at a time (OperationInProgressException). With it, operations
that do not touch the same instances run together and others wait, in the order of their requests; while one waits,
all later ones do.
"""

import threading
import time

from ministack.core.responses import now_iso, request_scope
from ministack.services import organizations

import emulator
import stacksets
import stacksets_deployment
import stacksets_events
import stacksets_wire as wire
import switches
from stacksets_preferences import Pace, in_order, parallel

_EXCEEDED = "Cancelled since failure tolerance has exceeded"
_STOPPED = "Cancelled since the operation was stopped by the user"
_NO_GATE = "Function not found: arn:aws:lambda:{}:{}:function:AWSCloudFormationStackSetAccountGate"

emulator.require(organizations, "_accounts")


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
        _check_free(stack_set, operation_id)
        operation.id = operation_id or operation.id
        for result in operation.results:
            result.instance.detailed_status, result.instance.reason = "PENDING", ""
            result.instance.last_operation_id = operation.id
        stack_set.operations.append(operation)
    if not _start_due(stack_set, operation):
        stacksets_events.operation_changed(operation)
    return operation.id


def _start_due(stack_set: stacksets.StackSet, asked: stacksets.Operation | None = None) -> bool:
    """Start the operations whose turn it is; whether ``asked`` is among them."""
    due = []
    with stacksets.lock:
        at_work = [operation for operation in stack_set.under_way() if operation.status != "QUEUED"]
        for operation in stack_set.under_way():
            if operation.status != "QUEUED":
                continue
            if any(operation.conflicts_with(other) for other in at_work):
                break
            operation.status = "RUNNING"
            at_work.append(operation)
            due.append(operation)
    for operation in due:
        stacksets_events.operation_changed(operation)
        threading.Thread(target=_run, args=(operation,), daemon=True, name=f"stack-set-{operation.id}").start()
    return asked in due


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
            _cancel(operation, result, _STOPPED)
        _end(operation, "STOPPED")


def _end(operation: stacksets.Operation, status: str) -> None:
    with stacksets.lock:
        operation.status, operation.ended = status, now_iso()
    stacksets_events.operation_changed(operation)
    operation.done.set()
    _start_due(operation.stack_set)


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


def _cancel(operation: stacksets.Operation, result: stacksets.Result, reason: str) -> None:
    with stacksets.lock:
        result.status = result.instance.detailed_status = "CANCELLED"
        result.reason = result.instance.reason = reason
    stacksets_events.instance_changed(operation, result.instance)


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
                        _cancel(self.operation, result, _STOPPED if stopped else _EXCEEDED)
                    waiting.clear()
                while waiting and self.at_work < self.pace.at_once(self._failures()):
                    self.at_work += 1
                    threading.Thread(target=self._one, args=(waiting.pop(0),), daemon=True).start()
                if self.at_work:
                    self.changed.wait(0.2)

    def _one(self, result: stacksets.Result) -> None:
        try:
            _carry_out(self.operation, result)
        finally:
            with self.changed:
                self.at_work -= 1
                self.changed.notify_all()


def _suspended(stack_set: stacksets.StackSet, account: str) -> bool:
    if stack_set.permission_model != stacksets.SERVICE_MANAGED:
        return False
    known = organizations._accounts.get_scoped(stack_set.account, None, account) or {}
    return known.get("State", known.get("Status")) == "SUSPENDED"


def _carry_out(operation: stacksets.Operation, result: stacksets.Result) -> None:
    stack_set, instance = operation.stack_set, result.instance
    with stacksets.lock:
        result.status = instance.detailed_status = "RUNNING"
        result.gate_reason = _NO_GATE.format(instance.region, instance.account)
    stacksets_events.instance_changed(operation, instance)
    time.sleep(switches.get("stackInstanceSeconds"))
    detailed, reason = "SUCCEEDED", ""
    if _suspended(stack_set, instance.account):
        detailed = "SKIPPED_SUSPENDED_ACCOUNT"
    else:
        try:
            if operation.action != "DELETE":
                stacksets_deployment.deploy(stack_set, instance)
            elif not operation.retain_stacks:
                stacksets_deployment.remove(stack_set, instance)
        except Exception as problem:  # any failure is this instance's, whatever caused it
            detailed, reason = "FAILED", str(problem)
    _settle(operation, result, detailed, reason)


def _settle(operation: stacksets.Operation, result: stacksets.Result, detailed: str, reason: str) -> None:
    instance = result.instance
    with stacksets.lock:
        result.status = "FAILED" if detailed == "FAILED" else "SUCCEEDED"
        result.reason = instance.reason = reason
        if result.status == "FAILED" and not instance.stack_id:
            result.gate_reason = reason
        if operation.action == "DELETE":
            instance.status = "INOPERABLE" if result.status == "FAILED" else instance.status
            instance.detailed_status = "INOPERABLE" if result.status == "FAILED" else detailed
            if result.status == "SUCCEEDED":
                operation.stack_set.instances.remove(instance)
        else:
            instance.status = "CURRENT" if detailed == "SUCCEEDED" else "OUTDATED"
            instance.detailed_status = detailed
    stacksets_events.instance_changed(operation, instance)
