"""EC2: the token buckets of CreateTags and DeleteTags, one for each action, account and region.

100 requests at once and 10 a second ("Request throttling for the Amazon EC2 API"); beyond that
RequestLimitExceeded, HTTP 503. Switches: ``tagRequestBurst`` (0 turns the buckets off), ``tagRequestsPerSecond``.
"""

import threading
import time

from ministack.core.responses import get_account_id, get_region

import ec2_api
import switches
from ec2_api import Call, Refused

_lock = threading.Lock()
_buckets: dict[tuple, tuple[float, float]] = {}


def _taken(key: tuple) -> bool:
    burst, rate, now = switches.get("tagRequestBurst"), switches.get("tagRequestsPerSecond"), time.monotonic()
    if not burst:
        return True
    with _lock:
        tokens, since = _buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - since) * rate)
        _buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
    return tokens >= 1


def _check(call: Call) -> None:
    if not _taken((get_account_id(), get_region(), call.action)):
        raise Refused("RequestLimitExceeded", "Request limit exceeded.", 503)


def install() -> None:
    """Stand before both actions."""
    ec2_api.check(("CreateTags", "DeleteTags"), _check)
    ec2_api.on_reset(_buckets.clear)
