"""Step Functions: state machine definitions that are refused before anything runs.

The rules are those of the Amazon States Language and of the guide's page of each field; the form of a refusal is known
from AWS, most of its words are not. What is looked at: structure, transitions, Retry and Catch, the fields of a Map.
"""

import json
import re

_MAP, _LABEL_LENGTH = "Map", 40
_LABEL_REFUSED = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")
_STATE_NAME_LENGTH, _DEFINITION_LENGTH = 80, 1_048_576
_TYPES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", _MAP)
_EXCLUSIVE = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")
_LONGEST_DELAY = 31_622_400


class InvalidDefinition(ValueError):
    """A definition that Step Functions refuses."""


def _refuse(problem: str, place: str):
    return InvalidDefinition(
        f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {problem} at {place or '/'}'")


def _required(owner: dict, names: tuple, place: str) -> None:
    if missing := [name for name in names if name not in owner]:
        raise _refuse(f"These fields are required: [{', '.join(missing)}]", place)


def _check_number(owner: dict, name: str, least: float, most: float, place: str, whole: bool = True) -> None:
    value = owner.get(name)
    if value is None or isinstance(value, str) and value.startswith("{%"):
        return
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not least <= value <= most:
        kind = "an integer" if whole else "a number"
        raise _refuse(f"The value for the field '{name}' must be {kind} between {least} and {most}", f"{place}/{name}")


def _check_retriers(state: dict, place: str) -> None:
    for field in ("Retry", "Catch"):
        entries = state.get(field, [])
        for number, entry in enumerate(entries):
            where, errors = f"{place}/{field}[{number}]", entry.get("ErrorEquals")
            _required(entry, ("ErrorEquals",) if field == "Retry" else ("ErrorEquals", "Next"), where)
            if not errors:
                raise _refuse("The field 'ErrorEquals' must not be empty", f"{where}/ErrorEquals")
            if "States.ALL" in errors and (len(errors) > 1 or number != len(entries) - 1):
                raise _refuse("'States.ALL' must appear alone and in the last entry", f"{where}/ErrorEquals")
            _check_number(entry, "IntervalSeconds", 1, 99_999_999, where)
            _check_number(entry, "MaxAttempts", 0, 99_999_999, where)
            _check_number(entry, "BackoffRate", 1, 99_999_999, where, whole=False)
            _check_number(entry, "MaxDelaySeconds", entry.get("IntervalSeconds", 1) + 1, _LONGEST_DELAY - 1, where)
            if entry.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
                raise _refuse("The value for the field 'JitterStrategy' must be FULL or NONE",
                              f"{where}/JitterStrategy")


def _check_label(label, place: str) -> None:
    if not label:
        raise _refuse("Label cannot be empty", place)
    if len(label) > _LABEL_LENGTH:
        raise _refuse(f"Label cannot exceed {_LABEL_LENGTH} characters", place)
    if found := _LABEL_REFUSED.search(label):
        raise _refuse(f"Label contains invalid character: '{found[0]}'", place)


def _check_either(owner: dict, names: tuple, place: str) -> None:
    for name in names:
        if name in owner and f"{name}Path" in owner:
            raise _refuse(f"You cannot specify both '{name}' and '{name}Path'", place)


def _check_distributed(state: dict, processor: dict, place: str) -> None:
    config = f"{place}/ItemProcessor/ProcessorConfig"
    if processor["ProcessorConfig"].get("ExecutionType") not in ("STANDARD", "EXPRESS"):
        raise _refuse("The field 'ExecutionType' must be STANDARD or EXPRESS when Mode is DISTRIBUTED", config)
    if "Label" in state:
        _check_label(state["Label"], f"{place}/Label")
    if "ItemReader" in state and {"ItemsPath", "Items"} & set(state):
        raise _refuse("You cannot specify both 'ItemReader' and the items", place)
    if "ItemReader" in state:
        _required(state["ItemReader"], ("Resource",), f"{place}/ItemReader")
    batcher, writer = state.get("ItemBatcher"), state.get("ResultWriter")
    if batcher is not None:
        sizes = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
        if not any(name.removesuffix("Path") in sizes for name in batcher):
            raise _refuse(f"At least one of [{', '.join(sizes)}] is required", f"{place}/ItemBatcher")
        _check_either(batcher, sizes, f"{place}/ItemBatcher")
        _check_number(batcher, "MaxItemsPerBatch", 1, 99_999_999, f"{place}/ItemBatcher")
        _check_number(batcher, "MaxInputBytesPerBatch", 1, 262_144, f"{place}/ItemBatcher")
    if writer is not None:
        if not {"Resource", "WriterConfig"} & set(writer):
            raise _refuse("At least one of [Resource, WriterConfig] is required", f"{place}/ResultWriter")
        if "Resource" in writer and not {"Parameters", "Arguments"} & set(writer):
            raise _refuse("These fields are required: [Parameters]", f"{place}/ResultWriter")


def _check_map(state: dict, place: str) -> None:
    processor = state.get("ItemProcessor") or state.get("Iterator")
    if processor is None:
        raise _refuse("These fields are required: [ItemProcessor]", place)
    _check_either(state, _EXCLUSIVE, place)
    _check_number(state, "MaxConcurrency", 0, 99_999_999, place)
    _check_number(state, "ToleratedFailureCount", 0, 99_999_999, place)
    _check_number(state, "ToleratedFailurePercentage", 0, 100, place, whole=False)
    if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
        _check_distributed(state, processor, place)
    else:
        inline = {"ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount",
                  "ToleratedFailurePercentage", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"}
        if refused := sorted(inline & set(state)):
            raise _refuse(f"These fields need a Map state in DISTRIBUTED mode: [{', '.join(refused)}]", place)
    _check_states(processor, f"{place}/ItemProcessor")


def _transitions(state: dict) -> list[str]:
    choices = [choice.get("Next") for choice in state.get("Choices", [])]
    catchers = [catcher.get("Next") for catcher in state.get("Catch", [])]
    return [name for name in (state.get("Next"), state.get("Default"), *choices, *catchers) if name]


def _check_state(name: str, state: dict, known: dict, place: str) -> None:
    if len(name) > _STATE_NAME_LENGTH:
        raise _refuse(f"State names may have {_STATE_NAME_LENGTH} characters", place)
    if state.get("Type") not in _TYPES:
        raise _refuse(f"The field 'Type' should have one of these values: [{', '.join(_TYPES)}]", f"{place}/Type")
    if missing := [target for target in _transitions(state) if target not in known]:
        raise InvalidDefinition("Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: "
                                f"{missing[0]} at {place}/Next'")
    if state["Type"] not in ("Choice", "Succeed", "Fail") and not ("Next" in state) ^ bool(state.get("End")):
        raise _refuse("Exactly one of 'Next' and 'End' is required", place)
    if state["Type"] == "Task":
        _required(state, ("Resource",), place)
    _check_retriers(state, place)
    if state["Type"] == _MAP:
        _check_map(state, place)
    for number, branch in enumerate(state.get("Branches", [])):
        _check_states(branch, f"{place}/Branches[{number}]")


def _check_states(owner: dict, place: str) -> None:
    _required(owner, ("States", "StartAt"), place)
    if owner["StartAt"] not in owner["States"]:
        raise InvalidDefinition("Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: "
                                f"{owner['StartAt']} at {place}/StartAt'")
    for name, state in owner["States"].items():
        _check_state(name, state, owner["States"], f"{place}/States/{name}")


def check(text: str) -> None:
    """Stop at a definition that Step Functions would refuse."""
    try:
        definition = json.loads(text)
    except ValueError as problem:
        raise InvalidDefinition(f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {problem}'") from None
    if not isinstance(definition, dict):
        raise _refuse("Definition must be a valid JSON object", "")
    if len(text.encode()) > _DEFINITION_LENGTH:
        raise _refuse(f"Definition may have {_DEFINITION_LENGTH} bytes", "")
    _check_states(definition, "")
