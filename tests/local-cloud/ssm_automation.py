"""Systems Manager: automation executions, their steps, and what is told of their changes.

Executions are kept until the emulator is reset; AWS keeps them for 30 days. Each change of an execution's status, and
the end of each step, is an event (guide, "Amazon EventBridge event examples for Systems Manager"); that Pending is
none is assumed.
"""

import itertools
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import service_events
import ssm_api
from ssm_api import SsmError

ENDED = ("Success", "Failed", "TimedOut", "Cancelled")
MORE_DETAILS = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."

lock = threading.RLock()
_numbers = itertools.count(1)
_executions: dict[str, "Execution"] = {}
_by_scope: dict[tuple[str, str], list["Execution"]] = {}
_listeners: list[Callable] = []


@dataclass
class Step:
    """One step of an execution; ``definition`` is empty where a step is a child execution."""

    name: str
    action: str
    definition: dict = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    failure: str | None = None


@dataclass
class Execution:
    """One execution. ``source`` is what signs its calls, unless ``role_arn`` is assumed for it."""

    account_id: str
    region: str
    document: str
    version: int
    content: dict
    parameters: dict[str, list[str]]
    executed_by: str
    source: object
    role_arn: str | None = None
    parent: "Execution | None" = None
    target: str | None = None
    parent_step: Step | None = None
    rate: object = None
    tags: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    number: int = field(default_factory=lambda: next(_numbers))
    status: str = "Pending"
    created: float = field(default_factory=time.time)
    ended: float | None = None
    failure: str | None = None
    steps: list[Step] = field(default_factory=list)
    children: list["Execution"] = field(default_factory=list)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    # Cancel or Complete, once it was asked to stop.
    stop: str | None = None
    # What is at work on it.
    run: object = None

    @property
    def scope(self) -> tuple[str, str]:
        """Account and region."""
        return self.account_id, self.region

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return f"arn:aws:ssm:{self.region}:{self.account_id}:automation-execution/{self.id}"

    def current_step(self) -> Step | None:
        """The step at work."""
        return next((step for step in self.steps if step.status == "InProgress"), None)

    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in ENDED


def add(execution: Execution) -> None:
    """Keep a new execution."""
    with lock:
        _executions[execution.id] = execution
        _by_scope.setdefault(execution.scope, []).append(execution)
        if execution.parent:
            execution.parent.children.append(execution)


def remove(execution: Execution) -> None:
    """Forget one that could not be queued."""
    with lock:
        del _executions[execution.id]
        _by_scope[execution.scope].remove(execution)
        if execution.parent:
            execution.parent.children.remove(execution)


def find(account_id: str, region: str, execution_id: str) -> Execution:
    """An execution of an account and region."""
    execution = _executions.get(execution_id)
    if execution is None or execution.scope != (account_id, region):
        raise SsmError("AutomationExecutionNotFoundException",
                       f"There is no automation execution information for the requested automation execution ID "
                       f"{execution_id}.")
    return execution


def of(account_id: str, region: str) -> list[Execution]:
    """All executions of an account and region, oldest first."""
    with lock:
        return list(_by_scope.get((account_id, region), ()))


def everything() -> list[dict]:
    """All executions of all accounts, oldest first, for the admin API."""
    with lock:
        executions = list(_executions.values())
    return [{"executionId": execution.id, "account": execution.account_id, "region": execution.region,
             "document": execution.document, "version": str(execution.version), "status": execution.status,
             "parent": execution.parent.id if execution.parent else None, "target": execution.target,
             "parameters": execution.parameters, "role": execution.role_arn, "failure": execution.failure,
             "failedStep": next((step.name for step in execution.steps if step.status in ("Failed", "TimedOut")), None),
             "seconds": execution.ended - execution.created if execution.ended else None}
            for execution in executions]


def on_change(listener: Callable) -> None:
    """Have ``listener(execution)`` called after each change of a status."""
    _listeners.append(listener)


def _moment(seconds: float) -> str:
    return time.strftime("%b %-d, %Y %-I:%M:%S %p", time.gmtime(seconds))


def _detail(execution: Execution, started: float, ended: float | None, status: str) -> dict:
    detail = {"ExecutionId": execution.id, "Definition": execution.document,
              "DefinitionVersion": float(execution.version), "Status": status, "StartTime": _moment(started)}
    if ended is not None:
        detail |= {"EndTime": _moment(ended), "Time": round((ended - started) * 1000, 1)}
    return detail


def _announce(execution: Execution, kind: str, detail: dict) -> None:
    definition = (f"arn:aws:ssm:{execution.region}:{execution.account_id}:automation-definition/"
                  f"{execution.document}:{execution.version}")
    service_events.put(*execution.scope, "aws.ssm", f"EC2 Automation {kind} Status-change Notification", detail,
                       [execution.arn, definition])


def set_status(execution: Execution, status: str, failure: str | None = None) -> None:
    """Change an execution's status; one that has ended stays as it is."""
    with lock:
        if execution.is_over() or execution.status == status:
            return
        execution.status, execution.failure = status, failure
        execution.ended = time.time() if execution.is_over() else None
    if status != "Cancelling":
        _announce(execution, "Execution", {**_detail(execution, execution.created, execution.ended, status),
                                           "ExecutedBy": execution.executed_by})
    for listener in _listeners:
        listener(execution)


def end_step(execution: Execution, step: Step, status: str, failure: str | None = None) -> None:
    """A step's end."""
    step.status, step.failure, step.ended = status, failure, time.time()
    _announce(execution, "Step", {**_detail(execution, step.started or step.ended, step.ended, status),
                                  "StepName": step.name, "Action": step.action})


def reset() -> None:
    """Forget all executions."""
    with lock:
        _executions.clear()
        _by_scope.clear()


def install() -> None:
    """Be forgotten with the emulator."""
    ssm_api.on_reset(reset)
