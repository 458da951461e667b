"""Lambda: what functions print, kept in a file as well, each line after ``<account>/<function>``.

A log group goes with its stack, and what was printed while the stack was deleted goes with it. The check that no
secret is ever printed has to read that too: ``LOCAL_CLOUD_FUNCTION_LOG`` names the file.
"""

import os
import threading

import emulator
from ministack.services import lambda_svc

_lock = threading.Lock()


def _write(path: str, place: str, text: str) -> None:
    lines = "".join(f"{place} {line}\n" for line in text.splitlines())
    with _lock, open(path, "a", encoding="utf-8") as file:
        file.write(lines)


def _kept_in(path: str, inner):
    def emit(func, request_id, log_text, *args, **kwargs):
        configured = func.get("config") or func
        account = (configured.get("FunctionArn") or "").split(":")[4:5]
        _write(path, "/".join([*account, configured.get("FunctionName", "unknown")]), log_text or "")
        return inner(func, request_id, log_text, *args, **kwargs)
    return emit


def install() -> None:
    """Write to the file that the environment names; without one, do nothing."""
    path = os.environ.get("LOCAL_CLOUD_FUNCTION_LOG")
    if path:
        emulator.replace(lambda_svc, "_emit_lambda_logs", _kept_in(path, lambda_svc._emit_lambda_logs))
