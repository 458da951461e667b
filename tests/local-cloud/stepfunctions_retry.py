"""Step Functions: Retry and Catch ("Handling errors in Step Functions workflows").

The delay grows by BackoffRate up to MaxDelaySeconds, and JitterStrategy FULL takes a random part of it. States.Runtime
is neither retried nor caught. The emulator's wait scale shortens the delays.
"""

import random

from ministack.services import stepfunctions

import emulator

emulator.require(stepfunctions, "_scaled_sleep", "_error_matches", "_find_matching_retrier", "_find_matching_catcher",
                 "_apply_catcher", "_state_query_language", "_ExecutionError")

ABORTED = "LocalCloud.Aborted"
_FINAL = ("States.Runtime", ABORTED)


def delay(retrier: dict, retries: int) -> float:
    """Seconds before another attempt, after a number of retries."""
    seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds


def with_retry_and_catch(state_def: dict, raw_input, ctx: dict, attempt):
    """Run an attempt at a state under its Retry and Catch fields."""
    state, retries = ctx["State"], {}
    while True:
        # Branches leave their own State in the context that they share.
        ctx["State"] = {**state, "RetryCount": sum(retries.values())}
        try:
            return attempt()
        except stepfunctions._ExecutionError as problem:
            retrier, index = stepfunctions._find_matching_retrier(state_def.get("Retry", []), problem.error, retries)
            if retrier is not None:
                stepfunctions._scaled_sleep(delay(retrier, retries.get(index, 0)))
                retries[index] = retries.get(index, 0) + 1
                continue
            catcher = stepfunctions._find_matching_catcher(state_def.get("Catch", []), problem.error)
            if catcher is None:
                raise
            output = stepfunctions._apply_catcher(
                catcher, raw_input, ctx, stepfunctions._state_query_language(state_def, ctx),
                {"Error": problem.error, "Cause": problem.cause})
            return output, catcher["Next"]


def install() -> None:
    """Take the attempts at Map and Parallel states; tasks are ``stepfunctions_task``'s."""
    inner = stepfunctions._error_matches
    emulator.replace(stepfunctions, "_error_matches",
                     lambda error_equals, error: error not in _FINAL and inner(error_equals, error))
    emulator.replace(stepfunctions, "_with_retry_and_catch", with_retry_and_catch)
