"""Systems Manager: aws:branch ("Run conditional automation steps" of the guide).

The first choice that holds names the next step, then ``Default``; without one the automation goes on with the following
step, or ends where the step has ``isEnd``. A variable without a value holds in no comparison.
"""

from ssm_document_steps import choice_operation
from ssm_values import Context, Unresolved, as_text, resolved

_TEXT = {
    "StringEquals": lambda actual, wanted: actual == wanted,
    "EqualsIgnoreCase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StartsWith": lambda actual, wanted: actual.startswith(wanted),
    "EndsWith": lambda actual, wanted: actual.endswith(wanted),
    "Contains": lambda actual, wanted: wanted in actual,
    "BooleanEquals": lambda actual, wanted: actual.lower() == wanted.lower(),
}
_NUMBERS = {
    "NumericEquals": lambda actual, wanted: actual == wanted,
    "NumericGreater": lambda actual, wanted: actual > wanted,
    "NumericLesser": lambda actual, wanted: actual < wanted,
    "NumericGreaterOrEquals": lambda actual, wanted: actual >= wanted,
    "NumericLesserOrEquals": lambda actual, wanted: actual <= wanted,
}


def _holds(choice: dict, context: Context) -> bool:
    operation = choice_operation(choice)
    if operation == "And":
        return all(_holds(part, context) for part in choice["And"])
    if operation == "Or":
        return any(_holds(part, context) for part in choice["Or"])
    if operation == "Not":
        return not _holds(choice["Not"], context)
    try:
        actual, wanted = as_text(resolved(choice["Variable"], context)), as_text(resolved(choice[operation], context))
    except Unresolved:
        return False
    if operation in _TEXT:
        return _TEXT[operation](actual, wanted)
    try:
        return _NUMBERS[operation](float(actual), float(wanted))
    except ValueError:
        return False


def chosen(inputs: dict, context: Context) -> str | None:
    """The next step by the choices, or None."""
    for choice in inputs["Choices"]:
        if _holds(choice, context):
            return choice["NextStep"]
    return inputs.get("Default")
