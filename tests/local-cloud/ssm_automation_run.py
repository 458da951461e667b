"""Systems Manager: how an execution goes through its steps ("Properties shared by all actions" of the guide).

* A step is tried ``maxAttempts`` times, the switch ``automationRetrySeconds`` apart (AWS does not say); an attempt that
  takes longer than ``timeoutSeconds`` is TimedOut, and so is the execution that ends by it.
* ``onFailure`` is Abort, Continue or a step; what ``isCritical`` is by default depends on it. A critical step that
  failed makes the execution Failed, however it goes on. ``isEnd`` ends it either way.
* Each execution takes the switch ``automationSeconds``, before its first action.

Every so many executions fail on purpose (switch ``automationFailurePercent``): half of them before anything is done,
half after all was done. A fault for service "automation" does so for one document by name; its code TimedOut gives that
status, and ``skip`` and ``times`` count executions. Everything runs on the timer's thread.
"""

import random
import time

import faults
import service_session
import ssm_automation
import ssm_automation_actions
import ssm_automation_parameters
import switches
import timer
from ssm_automation import MORE_DETAILS, Execution, Step
from ssm_automation_actions import Done, StepFailed, Wait
from ssm_document_steps import is_true
from ssm_values import Context, as_text

_INTERNAL = f"Internal Server Error. {MORE_DETAILS}"
_NO_OUTPUT = "No output available yet because the step is not successfully executed"
# The same executions fail in every run.
_chance = random.Random(20260101)


def credentials(execution: Execution, role_arn: str) -> service_session.Credentials:
    """A session of Automation in a role."""
    return service_session.assume(role_arn, "ssm.amazonaws.com", f"Automation-{execution.id}", execution.account_id,
                                  execution.arn, execution.region)


class Run:
    """One execution at work."""

    def __init__(self, execution: Execution):
        self.execution = execution
        self.context = Context(*execution.scope, execution.id)
        self.credentials = execution.source
        self.critical_failure: tuple[str, str] | None = None
        self.planned = self._planned_failure()
        self.attempt = 1

    def _planned_failure(self) -> tuple[str, str, str] | None:
        """When it fails on purpose, with which status and message."""
        if fault := faults.take("automation", self.execution.document, self.execution.account_id):
            _, code, message = fault
            return "before", "TimedOut" if code == "TimedOut" else "Failed", message
        if _chance.random() * 100 < switches.get("automationFailurePercent"):
            return _chance.choice(("before", "after")), "Failed", _INTERNAL
        return None

    def begin(self) -> None:
        """Enter the first step; its action follows after the time that an execution takes."""
        execution = self.execution
        self.context.parameters = ssm_automation_parameters.values(
            execution.content, execution.parameters, self.context)
        if execution.role_arn:
            self.credentials = credentials(execution, execution.role_arn)
        step, seconds = execution.steps[0], switches.get("automationSeconds")
        step.status, step.started = "InProgress", time.time()
        timeout = float(step.definition.get("timeoutSeconds", seconds))
        if timeout < seconds:
            timer.after(timeout, self.fail, step, StepFailed("Step timed out.", "TimedOut"))
        else:
            timer.after(seconds, self.work, step)

    def enter(self, step: Step) -> None:
        """Go on to a step."""
        step.status, step.started, self.attempt = "InProgress", time.time(), 1
        self.work(step)

    def work(self, step: Step) -> None:
        """One attempt at a step."""
        if self.stopped(step):
            return
        try:
            if self.planned and self.planned[0] == "before":
                raise StepFailed(self.planned[2], self.planned[1])
            outcome = ssm_automation_actions.perform(step, self.context, self.credentials)
        except StepFailed as failure:
            self.fail(step, failure)
            return
        if isinstance(outcome, Wait):
            timeout = float(step.definition.get("timeoutSeconds", outcome.seconds))
            if timeout < outcome.seconds:
                timer.after(timeout, self.fail, step, StepFailed("Step timed out.", "TimedOut"))
            else:
                timer.after(outcome.seconds, self.succeed, step, Done())
        else:
            self.succeed(step, outcome)

    def stopped(self, step: Step) -> bool:
        """Whether the execution is over, be it because it was asked to stop."""
        if self.execution.is_over() or self.execution.stop is None:
            return self.execution.is_over()
        status = "Success" if self.execution.stop == "Complete" else "Cancelled"
        ssm_automation.end_step(self.execution, step, status)
        self.end(status)
        return True

    def fail(self, step: Step, failure: StepFailed) -> None:
        """An attempt failed: try again, or go on as the step says."""
        if self.stopped(step):
            return
        if self.attempt < int(step.definition.get("maxAttempts", 1)) and not self.planned:
            self.attempt += 1
            timer.after(switches.get("automationRetrySeconds"), self.work, step)
            return
        ssm_automation.end_step(self.execution, step, failure.status, str(failure))
        on_failure = str(step.definition.get("onFailure", "Abort"))
        goes_on = on_failure.lower() == "continue"
        if is_true(step.definition.get("isCritical", not goes_on)):
            self.critical_failure = self.critical_failure or (failure.status, str(failure))
        if self.planned or on_failure.lower() == "abort" or is_true(step.definition.get("isEnd")):
            self.end(*(self.critical_failure or (failure.status, str(failure))))
        elif goes_on:
            self.go_on(step, step.definition.get("nextStep"))
        else:
            self.go_on(step, on_failure.removeprefix("step:"))

    def succeed(self, step: Step, outcome: Done) -> None:
        """A step is done."""
        if self.execution.is_over():
            return
        step.outputs = {name: [as_text(item) for item in (value if isinstance(value, list) else [value])]
                        for name, value in outcome.outputs.items()}
        self.context.outputs |= {f"{step.name}.{name}": value for name, value in outcome.outputs.items()}
        ssm_automation.end_step(self.execution, step, "Success")
        if self.execution.stop is not None:
            self.end("Success" if self.execution.stop == "Complete" else "Cancelled")
        elif is_true(step.definition.get("isEnd")) and outcome.next_step is None:
            self.end_well()
        else:
            self.go_on(step, outcome.next_step or step.definition.get("nextStep"))

    def go_on(self, step: Step, name: str | None) -> None:
        """Enter the named step, or the following one; after the last one it is over."""
        steps = self.execution.steps
        if name:
            self.enter(next(other for other in steps if other.name == name))
        elif step is steps[-1]:
            self.end_well()
        else:
            self.enter(steps[steps.index(step) + 1])

    def end_well(self) -> None:
        """The steps are over."""
        if self.planned:
            self.end(self.planned[1], self.planned[2])
        else:
            self.end(*(self.critical_failure or ("Success",)))

    def end(self, status: str, failure: str | None = None) -> None:
        """The execution is over."""
        for name in self.execution.content.get("outputs") or ():
            value = self.context.outputs.get(name, _NO_OUTPUT)
            self.execution.outputs[name] = [as_text(item) for item in (value if isinstance(value, list) else [value])]
        self.credentials.release()
        self.execution.run = None
        ssm_automation.set_status(self.execution, status, failure)


def begin(execution: Execution) -> None:
    """Run an execution that has a slot."""
    execution.run = Run(execution)
    try:
        execution.run.begin()
    except service_session.AssumeRefused:
        execution.run.end("Failed", "The defined assume role is unable to be assumed.")
    except ValueError as problem:
        execution.run.end("Failed", f"A parameter is not of its type: {problem}")


def stop(execution: Execution, kind: str) -> None:
    """Stop an execution, and its children."""
    with ssm_automation.lock:
        waiting = execution.status == "Pending"
        execution.stop = kind
        children = [child for child in execution.children if not child.is_over()]
    for child in children:
        stop(child, kind)
    if waiting:
        ssm_automation.set_status(execution, "Success" if kind == "Complete" else "Cancelled")
    elif kind == "Cancel":
        ssm_automation.set_status(execution, "Cancelling")
    timer.soon(_look, execution)


def _look(execution: Execution) -> None:
    """End what only waits, asleep or for its children; an action at work ends by itself."""
    step = execution.current_step()
    if execution.rate is not None:
        execution.rate.dispatch(execution)
    elif execution.run is not None and step is not None:
        execution.run.stopped(step)
