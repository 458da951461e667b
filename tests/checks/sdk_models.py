"""What Microsoft's Python SDK makes of a connector's JSON.

Its models carry along fields that they do not declare, so decoding and encoding alone would prove nothing. Here a
resource is decoded by the SDK and then read back field by declared field, each with the value that the SDK hands out.
"""

from __future__ import annotations

import enum
import typing
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import DeserializationError
from azure.mgmt.security import models
# Private to the SDK, as are the fields' names in JSON: hence its exact version in requirements.txt.
from azure.mgmt.security._utils.model_base import Model

READ_ONLY = ["read"]


@dataclass(frozen=True)
class Undecoded:
    """Stands where the SDK could not decode what was sent."""

    expected: str


@dataclass(frozen=True)
class UnknownKind:
    """Stands where the SDK chooses a model by a discriminator and has none for this one."""

    expected: str


@dataclass(frozen=True)
class ReadOnly:
    """Stands where the SDK reads a field but does not send it."""

    value: Any


def decoded(connector: dict) -> Any:
    """The connector as the SDK sees it: its declared fields by their names in JSON, read-only ones marked."""
    return fields(models.SecurityConnector(connector))


def fields(model: Model) -> dict[str, Any]:
    """The declared fields that a decoded model has."""
    hints = typing.get_type_hints(type(model), localns={"_models": models})
    found = {}
    for attribute, field in model._attr_to_rest_field.items():
        if field._rest_name in model:
            seen = _attribute(model, attribute, hints[attribute])
            found[field._rest_name] = ReadOnly(seen) if field._visibility == READ_ONLY else seen
    return found


def plain(value: Any) -> Any:
    """The same without marks. Fails where something could not be decoded."""
    if isinstance(value, (Undecoded, UnknownKind)):
        raise ValueError(f"the SDK found something that is not {value.expected}")
    if isinstance(value, ReadOnly):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def _attribute(model: Model, attribute: str, expected: Any) -> Any:
    try:
        return _value(expected, getattr(model, attribute))
    except DeserializationError:
        return Undecoded(str(expected))


def _value(expected: Any, value: Any) -> Any:
    origin, inner = typing.get_origin(expected), typing.get_args(expected)
    if value is None:
        # The SDK writes no null, and no field of a connector may be one.
        return Undecoded("a value")
    if origin is typing.Union:
        kinds = [one for one in inner if one is not type(None)]
        return _of_enumeration(kinds[1], value) if len(kinds) == 2 else _value(kinds[0], value)
    if origin is typing.Literal:
        return inner[0].value if value == inner[0] else Undecoded(inner[0].value)
    if origin is list:
        return [_value(inner[0], one) for one in value] if isinstance(value, list) else Undecoded("a list")
    if origin is dict:
        if not isinstance(value, dict):
            return Undecoded("a map")
        return {key: _value(inner[1], one) for key, one in value.items()}
    if isinstance(expected, type) and issubclass(expected, Model):
        if not isinstance(value, expected):
            return Undecoded(expected.__name__)
        return UnknownKind(expected.__name__) if "__mapping__" in vars(type(value)) else fields(value)
    return value


def _of_enumeration(values: type[enum.Enum], value: Any) -> Any:
    """A text for which the SDK knows a set of values; it hands out any other as well."""
    known = [one.value for one in values]
    return value if value in known else Undecoded(f"one of {', '.join(known)}")
