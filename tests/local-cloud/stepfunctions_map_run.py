"""Step Functions: a Map Run, the child executions of a Distributed Map side by side.

Children are executions of their own, with histories, that ListExecutions, DescribeExecution and DescribeMapRun show.
Once more items failed than are tolerated the run ends: what waits stays pending, what is at work is aborted (here its
function goes on to its end, unheard). At most 200 children are at work at once, whatever MaxConcurrency says.
"""

import contextvars
import json
import threading
from dataclasses import dataclass

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions

import emulator
import stepfunctions_history as history
import stepfunctions_states
from stepfunctions_retry import ABORTED

_MOST_AT_ONCE = 200
_COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten",
           "failuresNotRedrivable", "pendingRedrive")

emulator.require(stepfunctions, "_map_runs", "_executions", "_ExecutionError")


@dataclass
class Limits:
    """How many children at once, and how much failure a run bears; None is what was not said."""

    concurrency: int = 0
    failures: int | None = None
    percentage: float | None = None

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether that many failed items end the run."""
        if self.failures is None and self.percentage is None:
            return failed > 0
        return ((self.failures is not None and failed > self.failures)
                or (self.percentage is not None and failed * 100 > self.percentage * total))


class MapRun:
    """One run; ``children`` are in the order of their inputs."""

    def __init__(self, execution: dict, label: str, limits: Limits):
        parts = execution["stateMachineArn"].split(":")
        self.region, self.account, self.machine = parts[3], parts[4], f"{parts[6]}/{label}"
        self.execution, self.limits, self.children = execution, limits, []
        self.sizes, self.changed, self.at_work = [], threading.Condition(), 0
        self.arn = f"arn:aws:states:{self.region}:{self.account}:mapRun:{self.machine}:{new_uuid()}"
        self.record = {
            "mapRunArn": self.arn, "executionArn": execution["executionArn"], "status": "RUNNING",
            "startDate": now_iso(), "maxConcurrency": limits.concurrency, "redriveCount": 0,
            "toleratedFailurePercentage": limits.percentage or 0, "toleratedFailureCount": limits.failures or 0,
            "itemCounts": dict.fromkeys(_COUNTS, 0), "executionCounts": dict.fromkeys(_COUNTS, 0),
            "_stateMachineArn": f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.machine}"}
        stepfunctions._map_runs[self.arn] = self.record

    def _count(self, index: int, **changes: int) -> None:
        for name, change in changes.items():
            self.record["itemCounts"][name] += change * self.sizes[index]
            self.record["executionCounts"][name] += change

    @property
    def failed(self) -> bool:
        """Whether more failed than is tolerated."""
        counts = self.record["itemCounts"]
        return self.limits.exceeded(counts["failed"] + counts["timedOut"], counts["total"])

    @property
    def aborted(self) -> bool:
        """Whether the execution that the run belongs to was stopped."""
        return self.execution["status"] != "RUNNING"

    def plan(self, inputs: list[tuple[object, int]]) -> None:
        """The inputs to work through, each with its number of items."""
        for value, size in inputs:
            text = json.dumps(value)
            if len(text.encode()) > history.LONGEST_PAYLOAD:
                raise history.too_long(self.machine)
            name = new_uuid()
            self.sizes.append(size)
            self.children.append({
                "executionArn": f"arn:aws:states:{self.region}:{self.account}:execution:{self.machine}:{name}",
                "stateMachineArn": self.record["_stateMachineArn"], "name": name, "status": "PENDING",
                "startDate": None, "stopDate": None, "input": text, "inputDetails": {"included": True}, "output": None,
                "outputDetails": {"included": True}, "mapRunArn": self.arn, "itemCount": size, "events": [],
                "mockAttempts": {}})
            self._count(len(self.children) - 1, pending=1, total=1)

    def run(self, processor: dict, query_language: str) -> None:
        """Run the children until all have ended, or the run has to."""
        waiting = list(range(len(self.children)))
        with self.changed:
            while (waiting or self.at_work) and not self.failed and not self.aborted:
                most = min(self.record["maxConcurrency"] or _MOST_AT_ONCE, _MOST_AT_ONCE)
                while waiting and self.at_work < most:
                    self._start(waiting.pop(0), processor, query_language)
                self.changed.wait(0.2)
            for index, child in enumerate(self.children):
                if child["status"] == "RUNNING":
                    self._end(index, "ABORTED", "aborted", "ExecutionAborted", {})
        self.record["status"] = "ABORTED" if self.aborted else "FAILED" if self.failed else "SUCCEEDED"
        self.record["stopDate"] = now_iso()

    def _start(self, index: int, processor: dict, query_language: str) -> None:
        child = self.children[index]
        child.update(status="RUNNING", startDate=now_iso())
        stepfunctions._executions[child["executionArn"]] = child
        role_arn = self.execution["events"][0]["executionStartedEventDetails"]["roleArn"]
        history.add(child, "ExecutionStarted", {"executionStartedEventDetails": {
            "input": child["input"], "roleArn": role_arn}})
        self._count(index, pending=-1, running=1)
        self.at_work += 1
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._one, index, processor, query_language), daemon=True).start()

    def _context(self, child: dict, query_language: str) -> dict:
        return {"QueryLanguage": query_language, "variables": {},
                "Execution": {"Id": child["executionArn"], "Input": json.loads(child["input"]), "Name": child["name"],
                              "StartTime": child["startDate"]},
                "StateMachine": {"Id": child["stateMachineArn"], "Name": self.machine}}

    def _one(self, index: int, processor: dict, query_language: str) -> None:
        child = self.children[index]
        try:
            output = json.dumps(stepfunctions_states.run(
                processor.get("States", {}), processor.get("StartAt"), json.loads(child["input"]), child,
                self._context(child, query_language)))
            ending = ("SUCCEEDED", "succeeded", "ExecutionSucceeded", {"output": output})
        except Exception as problem:  # any failure is this child's, whatever caused it
            known = isinstance(problem, stepfunctions._ExecutionError)
            error, cause = (problem.error, problem.cause) if known else ("States.Runtime", str(problem))
            ending = ("FAILED", "failed", "ExecutionFailed", {"error": error, "cause": cause})
        with self.changed:
            self.at_work -= 1
            if child["status"] == "RUNNING" and ending[3].get("error") != ABORTED:
                self._end(index, *ending)
            self.changed.notify_all()

    def _end(self, index: int, status: str, count: str, event: str, details: dict) -> None:
        child = self.children[index]
        child.update(status=status, stopDate=now_iso(), **details)
        name = f"{event[0].lower()}{event[1:]}EventDetails"
        history.add(child, event, {name: details})
        self._count(index, running=-1, **{count: 1})
