"""Systems Manager: how many automations an account runs at once in a region ("Systems Manager quotas").

100 executions, children and rate-control ones included, and 5,000 in the queue; of these 25 rate-control ones, which
have a queue of their own for 1,000. What waits is Pending and starts in the order in which it came. A full queue is
AutomationExecutionLimitExceededException. All six are switches: ``automationsAtOnce``, ``automationsQueued``,
``rateControlsAtOnce``, ``rateControlsQueued``, and ``foreignAutomations`` and ``foreignAutomationsQueued``, what others
in the account take of the first two, unseen. Adaptive concurrency is not played.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import ssm_api
import ssm_automation
import switches
import timer
from ssm_api import SsmError
from ssm_automation import Execution, lock

# Slots become free by a switch too, of which nothing tells.
_LOOK_AGAIN_SECONDS = 0.2


@dataclass
class _Quota:
    running: set[str] = field(default_factory=set)
    rate_controls: set[str] = field(default_factory=set)
    waiting: deque = field(default_factory=deque)
    waiting_rate_controls: deque = field(default_factory=deque)
    looking: bool = False

    def next(self) -> tuple[Execution, Callable] | None:
        """The next execution that has a slot, taken from its queue."""
        if len(self.running) + switches.get("foreignAutomations") >= switches.get("automationsAtOnce"):
            return None
        queues = [self.waiting] if self.waiting else []
        if self.waiting_rate_controls and len(self.rate_controls) < switches.get("rateControlsAtOnce"):
            queues.append(self.waiting_rate_controls)
        if not queues:
            return None
        return min(queues, key=lambda queue: queue[0][0].number).popleft()


_quotas: dict[tuple[str, str], _Quota] = {}


def submit(execution: Execution, begin: Callable) -> None:
    """Have ``begin(execution)`` called on the timer's thread once the quota allows it."""
    with lock:
        quota = _quotas.setdefault(execution.scope, _Quota())
        rate_control = execution.rate is not None
        queue = quota.waiting_rate_controls if rate_control else quota.waiting
        queue.append((execution, begin))
        ssm_automation.add(execution)
        _start_next(execution.scope)
        if execution.status == "Pending" and _over(execution.scope, rate_control):
            queue.pop()
            ssm_automation.remove(execution)
            raise SsmError("AutomationExecutionLimitExceededException",
                           "The number of simultaneously running Automation executions exceeded the allowable limit.")


def _over(scope: tuple[str, str], rate_control: bool) -> bool:
    quota = _quotas[scope]
    if rate_control:
        return len(quota.waiting_rate_controls) > switches.get("rateControlsQueued")
    return len(quota.waiting) + switches.get("foreignAutomationsQueued") > switches.get("automationsQueued")


def _start_next(scope: tuple[str, str]) -> None:
    quota = _quotas[scope]
    while taken := quota.next():
        execution, begin = taken
        quota.running.add(execution.id)
        if execution.rate is not None:
            quota.rate_controls.add(execution.id)
        ssm_automation.set_status(execution, "InProgress")
        timer.soon(begin, execution)
    if (quota.waiting or quota.waiting_rate_controls) and not quota.looking:
        quota.looking = True
        timer.after(_LOOK_AGAIN_SECONDS, _look_again, scope)


def _look_again(scope: tuple[str, str]) -> None:
    with lock:
        if scope in _quotas:
            _quotas[scope].looking = False
            _start_next(scope)


def _left(execution: Execution) -> None:
    """An execution that has ended makes room, or gives its place in the queue up."""
    if not execution.is_over():
        return
    with lock:
        quota = _quotas.get(execution.scope)
        if quota is None:
            return
        if execution.id in quota.running:
            quota.running.discard(execution.id)
            quota.rate_controls.discard(execution.id)
        else:
            queue = quota.waiting_rate_controls if execution.rate is not None else quota.waiting
            queue.remove(next(entry for entry in queue if entry[0] is execution))
        _start_next(execution.scope)


def install() -> None:
    """Hear of executions that end."""
    ssm_automation.on_change(_left)
    ssm_api.on_reset(_quotas.clear)
