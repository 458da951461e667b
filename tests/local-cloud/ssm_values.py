"""Systems Manager: values in Automation documents, ``{{ references }}`` and JSONPath selectors.

A string that is nothing but a reference becomes the value itself; within a list, a list takes its elements' places, as
the guide's examples have it. Elsewhere a reference becomes text. Of "Automation system variables" the ``global:`` and
``automation:`` ones are played, ``{{ssm:...}}`` is not. A selector is ``$`` with ``.name``, ``..name``, ``['name']``,
``[n]`` and ``[*]``.
"""

import json
import re
import time
from dataclasses import dataclass, field

REFERENCE = re.compile(r"\{\{\s*([\w:.\-]+)\s*\}\}")
_SELECTOR = re.compile(r"\.\.(\w+)|\.(\w+)|\['([^']+)'\]|\[(\d+|\*)\]")
_GLOBALS = ("global:ACCOUNT_ID", "global:REGION", "global:DATE", "global:DATE_TIME", "global:AWS_PARTITION",
            "automation:EXECUTION_ID")


class Unresolved(Exception):
    """A reference to what is not there."""


@dataclass
class Context:
    """What references refer to."""

    account_id: str
    region: str
    execution_id: str
    parameters: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)

    def value(self, name: str):
        """The value that a name stands for."""
        now = time.gmtime()
        known = {"global:ACCOUNT_ID": self.account_id, "global:REGION": self.region, "global:AWS_PARTITION": "aws",
                 "global:DATE": time.strftime("%Y-%m-%d", now), "automation:EXECUTION_ID": self.execution_id,
                 "global:DATE_TIME": time.strftime("%Y-%m-%d_%H.%M.%S", now)}
        for values in (known, self.parameters, self.outputs):
            if name in values:
                return values[name]
        raise Unresolved(f"{name} has no value")


def is_system_variable(name: str) -> bool:
    """Whether a name is one that Automation itself knows."""
    return name in _GLOBALS


def as_text(value) -> str:
    """A value within a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def resolved(value, context: Context):
    """A value with its references resolved."""
    if isinstance(value, str):
        if whole := REFERENCE.fullmatch(value.strip()):
            return context.value(whole[1])
        return REFERENCE.sub(lambda found: as_text(context.value(found[1])), value)
    if isinstance(value, list):
        items = []
        for item in value:
            found = resolved(item, context)
            spread = isinstance(found, list) and isinstance(item, str)
            items += found if spread else [found]
        return items
    if isinstance(value, dict):
        return {key: resolved(item, context) for key, item in value.items()}
    return value


def _everywhere(value, name: str) -> list:
    found = []
    if isinstance(value, dict):
        found += [value[name]] if name in value else []
        value = value.values()
    elif not isinstance(value, list):
        return found
    for item in value:
        found += _everywhere(item, name)
    return found


def selected(selector: str, answer):
    """What a selector finds: None for nothing, a list where it may find more than one."""
    found, several, position = [answer], False, 1
    while position < len(selector):
        part = _SELECTOR.match(selector, position)
        if part is None:
            raise Unresolved(f"selector {selector} is not played")
        position = part.end()
        deep, name, quoted, index = part.groups()
        key = name or quoted
        if deep:
            several, found = True, [item for value in found for item in _everywhere(value, deep)]
        elif key:
            found = [value[key] for value in found if isinstance(value, dict) and key in value]
        elif index == "*":
            several, found = True, [item for value in found if isinstance(value, (list, dict))
                                    for item in (value.values() if isinstance(value, dict) else value)]
        else:
            found = [value[int(index)] for value in found if isinstance(value, list) and len(value) > int(index)]
    if several:
        return found
    return found[0] if found else None
