"""AWS Organizations: throttling by token buckets, one for each action and account, and one for each organization.

Requests a second and burst as "Quotas and service limits for AWS Organizations" publishes them; actions that it does
not list are not throttled here. Beyond them TooManyRequestsException. The switch ``organizationsThrottling`` turns the
buckets off.
"""

import threading
import time

import organizations_wire as wire
import switches

_PARENTS = ((5, 8), (6, 10))
#: Action → (requests a second, burst) of an account, then of its organization.
_RATES = {
    "ListAccounts": ((8, 12), (9, 15)), "ListAccountsForParent": _PARENTS, "ListParents": _PARENTS,
    "ListOrganizationalUnitsForParent": _PARENTS, "ListChildren": ((6, 10),), "DescribeAccount": ((20, 30),),
    "DescribeOrganization": ((1, 2),), "ListRoots": ((1, 2),), "ListTagsForResource": ((10, 15),),
    "ListDelegatedAdministrators": ((5, 8),),
}

_lock = threading.Lock()
_buckets: dict[tuple, tuple[float, float]] = {}


def _filled(key: tuple, rate: float, burst: float, now: float) -> float:
    tokens, since = _buckets.get(key, (burst, now))
    return min(burst, tokens + (now - since) * rate)


def take(call: wire.Call) -> None:
    """Let a call pass, or refuse it; a refused one takes no token."""
    if not switches.get("organizationsThrottling"):
        return
    owners = (call.caller, call.organization.id if call.organization else call.caller)
    now = time.monotonic()
    with _lock:
        tokens = {(owner, call.action, place): _filled((owner, call.action, place), *limit, now)
                  for place, (owner, limit) in enumerate(zip(owners, _RATES.get(call.action, ())))}
        passes = all(count >= 1 for count in tokens.values())
        for key, count in tokens.items():
            _buckets[key] = (count - passes, now)
    if not passes:
        raise wire.Refused("TooManyRequestsException",
                           "You have sent too many requests in too short a period of time. Try again later.")


def reset() -> None:
    """Full buckets."""
    with _lock:
        _buckets.clear()
