"""AWS Organizations: lists in pages of 20.

"These operations can occasionally return an empty set of results even when more results are available. Continue making
requests until NextToken returns null" (API reference): the switch ``organizationsShortPages`` has pages with half of
what they may hold, and every third with nothing. A token is good for its own request only: another organization's,
another action's or a made-up one is refused.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets

import organizations_wire as wire
import switches

PAGE = 20
_KEY = secrets.token_bytes(16)
_NOT_A_FILTER = ("NextToken", "MaxResults")


def _about(call: wire.Call) -> list:
    filters = sorted((name, value) for name, value in call.request.items() if name not in _NOT_A_FILTER)
    return [call.organization.id, call.action, filters]


def _signature(call: wire.Call, place: list) -> str:
    return hmac.new(_KEY, json.dumps([place, _about(call)]).encode(), hashlib.sha256).hexdigest()


def _token(call: wire.Call, page: int, after: int) -> str:
    place = [page, after]
    return base64.urlsafe_b64encode(json.dumps([*place, _signature(call, place)]).encode()).decode()


def _place(call: wire.Call) -> tuple[int, int]:
    """Number of the page that is asked for, and the serial of the last item before it."""
    token = call.request.get("NextToken")
    if not token:
        return 0, 0
    try:
        *place, signature = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        place, signature = [], ""
    if not hmac.compare_digest(str(signature).encode(), _signature(call, place).encode()):
        raise wire.invalid("INVALID_NEXT_TOKEN", "You specified a NextToken that did not come from a previous call of "
                                                 "this operation.")
    return place[0], place[1]


def _size(call: wire.Call, page: int) -> int:
    size = min(call.request.get("MaxResults", PAGE), PAGE)
    if not switches.get("organizationsShortPages"):
        return size
    return 0 if page % 3 == 1 else max(size // 2, 1)


def page(call: wire.Call, name: str, items: list, shown) -> dict:
    """One page of ``items``, which have serials and are in the order of these; ``shown`` turns one into the API's."""
    number, after = _place(call)
    left = [item for item in items if item.serial > after]
    now = left[:_size(call, number)]
    answer = {name: [shown(item) for item in now]}
    if len(now) < len(left):
        answer["NextToken"] = _token(call, number + 1, now[-1].serial if now else after)
    return answer
