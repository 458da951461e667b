"""Step Functions: the states of a branch, of an inline Map's iteration or of a child execution, with their events.

The emulator keeps events of the outermost states only. What is missing against AWS: the events of an inline Map's
iterations and of Parallel's branches themselves.
"""

import copy
import json

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

import emulator
import stepfunctions_history as history
from stepfunctions_retry import ABORTED

emulator.require(stepfunctions, "_run_sub_machine", "_execute_pass", "_execute_choice", "_execute_wait",
                 "_execute_parallel", "_execute_map", "_execute_task", "_apply_input_path", "_apply_output_path",
                 "_fail_state_error", "_ExecutionError")


def _handler(kind: str):
    return {"Pass": stepfunctions._execute_pass, "Task": stepfunctions._execute_task,
            "Choice": stepfunctions._execute_choice, "Wait": stepfunctions._execute_wait,
            "Parallel": stepfunctions._execute_parallel, "Map": stepfunctions._execute_map}.get(kind)


def _step(state_def: dict, data, execution: dict, ctx: dict):
    """One state: its output, and the next state's name."""
    kind = state_def.get("Type")
    if kind == "Succeed":
        selected = stepfunctions._apply_input_path(state_def, data, ctx)
        return stepfunctions._apply_output_path(state_def, selected, ctx), None
    if kind == "Fail":
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state_def, data, ctx))
    handler = _handler(kind)
    if handler is None:
        raise stepfunctions._ExecutionError("States.Runtime", f"Unknown state type: {kind}")
    if kind in ("Task", "Parallel", "Map"):
        return handler(state_def, data, execution, ctx)
    return handler(state_def, data, ctx)


def run(states: dict, start_at: str, input_data, execution: dict, ctx: dict):
    """Walk the states to the end; the last one's output."""
    name, data = start_at, copy.deepcopy(input_data)
    while name:
        if execution["status"] != "RUNNING":
            raise stepfunctions._ExecutionError(ABORTED, "The execution was aborted")
        if name not in states:
            raise stepfunctions._ExecutionError("States.Runtime", f"State '{name}' not found")
        kind, current = states[name].get("Type"), name
        ctx["State"] = {"Name": current, "EnteredTime": now_iso(), "RetryCount": 0}
        history.add(execution, f"{kind}StateEntered", {
            "stateEnteredEventDetails": {"name": current, "input": json.dumps(data)}})
        data, name = _step(states[current], data, execution, ctx)
        history.add(execution, f"{kind}StateExited", {
            "stateExitedEventDetails": {"name": current, "output": json.dumps(data)}})
    return data


def install() -> None:
    """Take the walk."""
    emulator.replace(stepfunctions, "_run_sub_machine", run)
