"""What happens later: one thread that calls functions when their time has come.

Automations and event deliveries are many and short; none of them gets a thread of its own. What AWS's services do among
themselves counts as done over TLS.
"""

import contextvars
import heapq
import itertools
import logging
import threading
import time

from ministack import app

import emulator

emulator.require(app, "pin_request_origin")

_log = logging.getLogger("local-cloud")
_condition = threading.Condition()
_due: list[tuple] = []
_order = itertools.count()
_thread: threading.Thread | None = None


def after(seconds: float, function, *arguments) -> None:
    """Call ``function(*arguments)`` in ``seconds``, on the timer's thread."""
    global _thread
    with _condition:
        heapq.heappush(_due, (time.monotonic() + seconds, next(_order), function, arguments))
        if _thread is None:
            _thread = threading.Thread(target=_run, daemon=True, name="local-cloud-timer")
            _thread.start()
        _condition.notify()


def soon(function, *arguments) -> None:
    """Call ``function(*arguments)`` on the timer's thread as soon as it is free."""
    after(0, function, *arguments)


def reset() -> None:
    """Forget what is due."""
    with _condition:
        _due.clear()


def _next() -> tuple:
    with _condition:
        while True:
            if not _due:
                _condition.wait()
            elif (left := _due[0][0] - time.monotonic()) > 0:
                _condition.wait(left)
            else:
                return heapq.heappop(_due)


def _call(function, arguments: tuple) -> None:
    app.pin_request_origin("127.0.0.1", True)
    function(*arguments)


def _run() -> None:
    while True:
        _, _, function, arguments = _next()
        try:
            # A context of its own: nothing of one request may be seen by another.
            contextvars.Context().run(_call, function, arguments)
        except Exception:  # one failure must not stop what else is due
            _log.exception("local cloud: %s failed", getattr(function, "__qualname__", function))
