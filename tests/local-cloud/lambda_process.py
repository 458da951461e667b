"""Lambda: the life and death of a function's process.

Lambda ends an execution environment without a warning: no SIGTERM reaches a runtime that registered no extension
(Lambda guide, "Lambda execution environment lifecycle"). A function that overruns its Timeout is killed so, and a
request to ``/_local_cloud/functions/<name>/kill`` plays the kernel that kills one for its memory. A process that ends
before it asks for its first event is a Runtime.ExitError like any other, which the emulator knows no name for.
"""

import threading
import time

from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc

import emulator
import switches

_LONGEST_INVOCATION_SECONDS = 900

emulator.require(lambda_runtime, "_workers", "_lock", "ProvidedWorker", "ProvidedRuntimeError", "reset", "kill_workers")
emulator.require(lambda_runtime.ProvidedWorker, "invoke", "_await_init")
emulator.require(lambda_svc, "invalidate_worker")


def _kill_at_once(process) -> None:
    if process is not None and process.poll() is None:
        process.kill()


def _running(account_id: str | None, function_name: str) -> list:
    with lambda_runtime._lock:
        return [worker for key, workers in lambda_runtime._workers.items() for worker in workers
                if key.split(":")[2] == function_name and account_id in (None, key.split(":")[0])
                and worker.in_use and worker._proc is not None and worker._proc.poll() is None]


def kill(account_id: str | None, function_name: str) -> list[int]:
    """SIGKILL every process of the function that is working on an event; returns their ids."""
    killed = []
    for worker in _running(account_id, function_name):
        process = worker._proc
        if process is not None:
            _kill_at_once(process)
            killed.append(process.pid)
    return killed


def retire(account_id: str, region: str, function_name: str) -> None:
    """End a deleted function's processes; what is being worked on is finished first, as on AWS."""
    with lambda_runtime._lock:
        keys = [key for key in lambda_runtime._workers
                if key.split(":")[:3] == [account_id, region, function_name]]
        workers = [worker for key in keys for worker in lambda_runtime._workers.pop(key)]

    def end() -> None:
        until = time.monotonic() + _LONGEST_INVOCATION_SECONDS
        while any(worker.in_use for worker in workers) and time.monotonic() < until:
            time.sleep(0.1)
        lambda_runtime.kill_workers(workers)

    threading.Thread(target=end, daemon=True).start()


def stop_all() -> None:
    """End every function's process, so that none outlives this one."""
    lambda_runtime.reset()


def _invoke_within(inner):
    def invoke(worker, *args, **kwargs):
        configured = worker.config
        timeout = switches.capped("functionTimeoutSeconds", configured.get("Timeout", 3))
        worker.config = {**configured, "Timeout": timeout}
        try:
            return inner(worker, *args, **kwargs)
        finally:
            worker.config = configured
    return invoke


def _of_this_account(inner):
    """The emulator ends the processes of all functions of a name where it is not told whose."""
    def invalidate(function_name, qualifier=None, account=None, region=None):
        return inner(function_name, qualifier, account or get_account_id(), region or get_region())
    return invalidate


def _await_init(inner):
    def await_init(worker, init_timeout=None):
        try:
            inner(worker, init_timeout)
        except RuntimeError as problem:
            process = worker._proc
            if worker._init_error is not None or process is not None and process.poll() is None:
                raise
            raise lambda_runtime.ProvidedRuntimeError(str(problem), "Runtime.ExitError") from None
    return await_init


def install() -> None:
    """Kill instead of asking, leave other accounts' functions alone, and let a switch shorten timeouts."""
    emulator.replace(lambda_svc, "invalidate_worker", _of_this_account(lambda_svc.invalidate_worker))
    emulator.replace(lambda_runtime, "_signal", _kill_at_once)
    worker = lambda_runtime.ProvidedWorker
    emulator.replace(worker, "invoke", _invoke_within(worker.invoke))
    emulator.replace(worker, "_await_init", _await_init(worker._await_init))
