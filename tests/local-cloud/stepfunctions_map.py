"""Step Functions: the Map state, above all in Distributed mode.

Fields that the emulator passes over are evaluated here: MaxConcurrencyPath, ItemBatcher, ResultWriter, tolerances by
path or expression. Values that AWS refuses at run time are States.Runtime with its words. A Distributed Map needs
states:StartExecution on its own state machine, and to describe and stop its executions ("IAM policies for using
Distributed Map states"). AWS's policy names the executions of the machine, those of a map are ones of the machine with
a label; either will do here, and the switch ``mapNeedsExecutionRights`` plays that AWS asks for neither.
"""

from ministack.core.responses import new_uuid
from ministack.services import stepfunctions

import emulator
import stepfunctions_history as history
import stepfunctions_map_input as map_input
import stepfunctions_role
import switches
from stepfunctions_map_result import Writer
from stepfunctions_map_run import Limits, MapRun
from stepfunctions_retry import ABORTED

_EXECUTION_ACTIONS = ("states:DescribeExecution", "states:StopExecution")
_EXCEEDED = "The specified tolerated failure threshold was exceeded"

emulator.require(stepfunctions, "_run_map_items", "_apply_result_selector", "_apply_result_path", "_apply_output_path",
                 "_apply_jsonata_output", "_apply_state_assign", "_next_or_end", "_ExecutionError")


def _concurrency(evaluation: map_input.Evaluation) -> int:
    value = evaluation.number(evaluation.state_def, "MaxConcurrency") or 0
    if value < 0:
        raise evaluation.refusal("MaxConcurrency cannot be negative.")
    return value


def _limits(evaluation: map_input.Evaluation, concurrency: int) -> Limits:
    failures = evaluation.number(evaluation.state_def, "ToleratedFailureCount")
    if failures is not None and failures < 0:
        raise evaluation.refusal("ToleratedFailureCount cannot be negative.")
    percentage = evaluation.number(evaluation.state_def, "ToleratedFailurePercentage", "float")
    if percentage is not None and not 0 <= percentage <= 100:
        raise evaluation.refusal("ToleratedFailurePercentage must be between 0 and 100.")
    return Limits(concurrency, failures, percentage)


def _check_rights(execution: dict, label: str) -> None:
    machine, own = execution["stateMachineArn"], execution["executionArn"]
    child = own.replace(f":{execution['name']}", f"/{label}:{new_uuid()}")
    denials = [stepfunctions_role.denial("states:StartExecution", machine)]
    if switches.get("mapNeedsExecutionRights"):
        denials += [stepfunctions_role.denial(action, own) and stepfunctions_role.denial(action, child)
                    for action in _EXECUTION_ACTIONS]
    for message in filter(None, denials):
        raise stepfunctions._ExecutionError("StepFunctions.AWSStepFunctionsException", message)


def _result(run: MapRun, writer: Writer):
    """What the state returns; a run that failed has its results written all the same."""
    result = writer.export(run.children) if writer.exports else None
    if writer.exports:
        for counts in (run.record["itemCounts"], run.record["executionCounts"]):
            counts["resultsWritten"] = counts["succeeded"] + counts["failed"]
    if run.aborted:
        raise stepfunctions._ExecutionError(ABORTED, "The Map Run was aborted")
    if run.failed:
        raise stepfunctions._ExecutionError("States.ExceedToleratedFailureThreshold", _EXCEEDED)
    return result if writer.exports else writer.inline(run.children)


def _run(evaluation: map_input.Evaluation, items: list | None, run: MapRun, processor: dict):
    writer = Writer(evaluation, run.arn)
    if items is None:
        items = map_input.read(evaluation)
    run.plan(map_input.batches(evaluation, map_input.selected(evaluation, items)))
    query_language = processor.get("QueryLanguage") or evaluation.ctx.get("QueryLanguage", "JSONPath")
    run.run(processor, query_language)
    return _result(run, writer)


def _distributed(evaluation: map_input.Evaluation, processor: dict, execution: dict):
    """Run a Distributed Map; what the state returns."""
    state_def = evaluation.state_def
    concurrency = _concurrency(evaluation)
    items = None if state_def.get("ItemReader") else evaluation.items()
    history.add(execution, "MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items or ())}})
    limits = _limits(evaluation, concurrency)
    label = state_def.get("Label") or new_uuid()
    _check_rights(execution, label)
    run = MapRun(execution, label, limits)
    history.add(execution, "MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": run.arn}})
    try:
        result = _run(evaluation, items, run, processor)
    except stepfunctions._ExecutionError as problem:
        if run.record["status"] in ("RUNNING", "SUCCEEDED"):
            run.record["status"] = "FAILED"
        run.record.setdefault("stopDate", run.record["startDate"])
        history.add(execution, "MapRunAborted" if run.aborted else "MapRunFailed", None if run.aborted else {
            "mapRunFailedEventDetails": {"error": problem.error, "cause": problem.cause}})
        history.add(execution, "MapStateAborted" if run.aborted else "MapStateFailed")
        raise
    history.add(execution, "MapRunSucceeded")
    history.add(execution, "MapStateSucceeded")
    return result


def _output(evaluation: map_input.Evaluation, result):
    state_def, raw_input, ctx = evaluation.state_def, evaluation.raw_input, evaluation.ctx
    if evaluation.is_jsonata:
        output = stepfunctions._apply_jsonata_output(state_def, raw_input, ctx, result=result, default=result)
        stepfunctions._apply_state_assign(state_def, raw_input, ctx, result=result)
        return output
    selected = stepfunctions._apply_result_selector(state_def, result)
    return stepfunctions._apply_output_path(
        state_def, stepfunctions._apply_result_path(state_def, raw_input, selected), ctx)


def _map_items(inner):
    def run(state_def, raw_input, execution, ctx):
        evaluation = map_input.Evaluation(state_def, raw_input, execution, ctx)
        processor = state_def.get("ItemProcessor") or state_def.get("Iterator") or {}
        if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
            result = _distributed(evaluation, processor, execution)
            return _output(evaluation, result), stepfunctions._next_or_end(state_def)
        return inner({**state_def, "MaxConcurrency": _concurrency(evaluation)}, raw_input, execution, ctx)
    return run


def install() -> None:
    """Take Map states."""
    emulator.replace(stepfunctions, "_run_map_items", _map_items(stepfunctions._run_map_items))
