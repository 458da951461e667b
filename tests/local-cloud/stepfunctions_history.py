"""Step Functions: the events of an execution as GetExecutionHistory shows them, and the limits on what they carry.

A state's output of more than 262,144 bytes is States.DataLimitExceeded, 25,000 events end an execution ("Step
Functions service quotas"). The previous event is the one before, also where branches run side by side.
"""

import threading

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

import emulator

LONGEST_PAYLOAD = 262_144
MOST_EVENTS = 25_000
_TERMINAL = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
_lock = threading.Lock()

emulator.require(stepfunctions, "_add_event", "_ExecutionError")


def too_long(name: str) -> Exception:
    """The error for a result that exceeds the limit of a payload."""
    return stepfunctions._ExecutionError(
        "States.DataLimitExceeded",
        f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit.")


def _complete(details: dict | None) -> dict:
    for detail in (details or {}).values():
        for member in ("input", "output"):
            if isinstance(detail, dict) and member in detail:
                detail.setdefault(f"{member}Details", {"truncated": False})
    return details or {}


def add(execution: dict, kind: str, details: dict | None = None) -> dict:
    """Add an event; an output that is too long, or one event too many, is the execution's failure."""
    exited = (details or {}).get("stateExitedEventDetails", {})
    if len(exited.get("output", "").encode()) > LONGEST_PAYLOAD:
        raise too_long(exited["name"])
    with _lock:
        events = execution["events"]
        if len(events) >= MOST_EVENTS - 1 and kind not in _TERMINAL:
            raise stepfunctions._ExecutionError(
                "States.Runtime", f"The execution reached the maximum number of history events ({MOST_EVENTS}).")
        for earlier in events[:1]:
            earlier.setdefault("previousEventId", 0)
            _complete({name: detail for name, detail in earlier.items() if name.endswith("EventDetails")})
        number = len(events) + 1
        # The first state of an execution has no predecessor.
        event = {"id": number, "previousEventId": number - 1 if number > 2 else 0, "type": kind,
                 "timestamp": now_iso(), **_complete(details)}
        events.append(event)
    return event


def install() -> None:
    """Take every event."""
    emulator.replace(stepfunctions, "_add_event", add)
