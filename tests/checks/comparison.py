"""A body that was sent beside what the SDK saw of it."""

from __future__ import annotations

import json
from typing import Any, Iterator

from sdk_models import ReadOnly, Undecoded, UnknownKind

DISCRIMINATOR = "offeringType"


def differences(sent: Any, seen: Any, before: list[Any], place: str = "") -> Iterator[str]:
    """Each place where they differ. What the SDK does not know may stand there as it stood there before, in one of
    the states `before`."""
    if isinstance(seen, Undecoded):
        yield f"{place}: {_short(sent)} is not {seen.expected}"
    elif isinstance(seen, UnknownKind):
        if not _kept(sent, before):
            yield f"{place}: {_short(sent)} is no {seen.expected} that the SDK knows"
    elif isinstance(seen, ReadOnly):
        yield f"{place}: read-only, the SDK would not send it"
    elif isinstance(sent, dict) and isinstance(seen, dict):
        yield from _of_maps(sent, seen, [one for one in before if isinstance(one, dict)], place)
    elif isinstance(sent, list) and isinstance(seen, list) and len(sent) == len(seen):
        for position, (one, other) in enumerate(zip(sent, seen)):
            name, counterparts = _counterparts(one, position, before)
            yield from differences(one, other, counterparts, f"{place}[{name}]")
    elif not _same(sent, seen):
        yield f"{place}: {_short(sent)} became {_short(seen)}"


def _of_maps(sent: dict, seen: dict, before: list[dict], place: str) -> Iterator[str]:
    for name, value in sent.items():
        inner = f"{place}.{name}" if place else name
        stood = [one[name] for one in before if name in one]
        if name in seen:
            yield from differences(value, seen[name], stood, inner)
        elif not _kept(value, stood):
            changed = f", and it was {_short(stood[-1])} before" if stood else ""
            yield f"{inner}: the SDK does not know this field{changed}"
    for name in seen.keys() - sent.keys():
        yield f"{place}.{name}: missing, the SDK would send {_short(seen[name])}"


def _counterparts(one: Any, position: int, before: list[Any]) -> tuple[Any, list[dict]]:
    """How an element of a list is called, and those of its kind that stood there before."""
    if not isinstance(one, dict) or DISCRIMINATOR not in one:
        return position, []
    kind = one[DISCRIMINATOR]
    others = [other for listed in before if isinstance(listed, list) for other in listed if isinstance(other, dict)]
    return kind, [other for other in others if other.get(DISCRIMINATOR) == kind]


def _kept(value: Any, before: list[Any]) -> bool:
    return any(_same(value, one) for one in before)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: to Python, true is 1 and 4.0 is 4."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
