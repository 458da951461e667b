"""Systems Manager: the parameters of an execution, as a runbook declares them.

Every value arrives as a list of strings, of one for all types but lists; a value has one to 512 characters, a list 50
values, and a value in a target map 50 characters (API reference, "StartAutomationExecution"). What is wrong is
InvalidAutomationExecutionParametersException; the words are AWS's where users have quoted them, else assumed.

A system variable within a default gets its value: AWS's own samples do so, the guide has them in steps only. Switch
``systemVariablesInDefaults``.
"""

import json

import ssm_document_content
import switches
from ssm_api import SsmError
from ssm_values import Context, as_text, resolved

_KEY_CHARACTERS, _VALUE_CHARACTERS, _VALUES, _MAP_CHARACTERS, _MAP_VALUES = 50, 512, 50, 50, 25


def invalid(message: str) -> SsmError:
    """The refusal of parameters."""
    return SsmError("InvalidAutomationExecutionParametersException", message)


def _checked_map(given, characters: int, values_at_most: int, label: str) -> dict[str, list[str]]:
    if not isinstance(given, dict):
        raise SsmError("SerializationException", f"{label} is not a map")
    for name, values in given.items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise SsmError("SerializationException", f"{label}.{name} is not a list of strings")
        if len(name) > _KEY_CHARACTERS or len(values) > values_at_most:
            raise SsmError("ValidationException", f"{label}.{name} has too many characters or values")
        for value in values:
            if not 1 <= len(value) <= characters:
                raise SsmError("ValidationException", f"1 validation error detected: Value '{value}' at "
                               f"'{label}.{name}' failed to satisfy constraint: Member must have length between 1 "
                               f"and {characters}")
    return given


def given(request: dict) -> dict[str, list[str]]:
    """The parameters of a request."""
    return _checked_map(request.get("Parameters") or {}, _VALUE_CHARACTERS, _VALUES, "parameters")


def given_maps(request: dict) -> list[dict[str, list[str]]]:
    """The target maps of a request."""
    return [_checked_map(entry, _MAP_CHARACTERS, _MAP_VALUES, "targetMaps")
            for entry in request.get("TargetMaps") or ()]


def check(content: dict, parameters: dict[str, list[str]], targeted: frozenset[str] | set[str] = frozenset()) -> None:
    """Refuse what the runbook does not take; ``targeted`` names the parameters that each child gets from its target."""
    declared = content.get("parameters") or {}
    for name in (*parameters, *targeted):
        if name not in declared:
            raise invalid(f'Parameter "{name}" is not defined in the automation document.')
    missing = [name for name, parameter in declared.items()
               if "default" not in parameter and name not in parameters and name not in targeted]
    if missing:
        raise invalid(f"Some of the required inputs are not provided: {', '.join(missing)}.")
    for name, values in parameters.items():
        ssm_document_content.check_value(name, declared[name], values, invalid)


def check_targeted(content: dict, own: dict[str, list[str]]) -> None:
    """Refuse a target map that the runbook does not take."""
    declared = content.get("parameters") or {}
    for name, values_of in own.items():
        if name not in declared:
            raise invalid(f'Parameter "{name}" is not defined in the automation document.')
        ssm_document_content.check_value(name, declared[name], values_of, invalid)


def _typed(parameter: dict, values: list):
    kind = parameter["type"]
    if ssm_document_content.is_list_type(kind):
        return [as_text(value) for value in values]
    value = values[0] if values else ""
    if kind in ("StringMap", "MapList"):
        return json.loads(value) if isinstance(value, str) and value else value
    if value == "":
        return value
    if kind == "Boolean":
        return str(value).lower() == "true"
    return int(value) if kind == "Integer" else as_text(value)


def values(content: dict, parameters: dict[str, list[str]], context: Context) -> dict:
    """The values that ``{{ references }}`` get, by name."""
    found = {}
    for name, parameter in (content.get("parameters") or {}).items():
        if name in parameters:
            found[name] = _typed(parameter, parameters[name])
        else:
            default = parameter.get("default", "")
            if switches.get("systemVariablesInDefaults"):
                default = resolved(default, context)
            found[name] = _typed(parameter, default if isinstance(default, list) else [default])
    return found


def shown(content: dict, parameters: dict[str, list[str]]) -> dict[str, list[str]]:
    """The parameters as GetAutomationExecution tells them, defaults included."""
    found = {}
    for name, parameter in (content.get("parameters") or {}).items():
        default = ssm_document_content.default_values(parameter) if "default" in parameter else []
        found[name] = parameters.get(name, [as_text(value) for value in default])
    return found
