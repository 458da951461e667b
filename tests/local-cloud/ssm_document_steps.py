"""Systems Manager: the steps of Automation documents ("Properties shared by all actions" and the page of each action).

Steps whose action is not played here are accepted, and fail when they are run.
"""

import re

from ssm_values import REFERENCE, is_system_variable

_ELEMENTS = {"name", "action", "description", "maxAttempts", "timeoutSeconds", "onFailure", "onCancel", "isEnd",
             "isCritical", "nextStep", "inputs", "outputs"}
_INPUTS = {"aws:createTags": ({"ResourceType", "ResourceIds", "Tags"}, {"ResourceIds", "Tags"}),
           "aws:sleep": ({"Duration", "Timestamp"}, set()),
           "aws:branch": ({"Choices", "Default"}, {"Choices"})}
_OUTPUT_TYPES = {"String", "StringList", "Boolean", "Integer", "StringMap", "MapList"}
OPERATIONS = ("StringEquals", "EqualsIgnoreCase", "StartsWith", "EndsWith", "Contains", "NumericEquals",
              "NumericGreater", "NumericLesser", "NumericGreaterOrEquals", "NumericLesserOrEquals", "BooleanEquals")
PLAYED = ("aws:createTags", "aws:executeAwsApi", "aws:branch", "aws:sleep")


def is_true(value) -> bool:
    """A Boolean element, which CloudFormation may have made a string."""
    return str(value).lower() == "true"


def _check_shape(step, names: set, refuse) -> None:
    if not isinstance(step, dict) or not isinstance(step.get("name"), str) or not isinstance(step.get("action"), str):
        raise refuse("Each step needs a name and an action.")
    name = step["name"]
    if not re.fullmatch(r"[a-zA-Z0-9_]{1,128}", name):
        raise refuse(f"Step name {name} is not valid.")
    if name in names:
        raise refuse(f"Step name {name} is used more than once.")
    if unknown := sorted(set(step) - _ELEMENTS):
        raise refuse(f"Step {name} has unknown properties: [{', '.join(unknown)}].")
    if not re.fullmatch(r"aws:[a-zA-Z]{3,30}", step["action"]):
        raise refuse(f"Step {name} has action {step['action']}, which is not supported.")
    for element in ("maxAttempts", "timeoutSeconds"):
        if element in step and not re.fullmatch(r"[1-9]\d*", str(step[element])):
            raise refuse(f"{element} of step {name} is not a positive number.")
    for element in ("isEnd", "isCritical"):
        if element in step and str(step[element]).lower() not in ("true", "false"):
            raise refuse(f"{element} of step {name} is not a Boolean.")
    if not isinstance(step.get("inputs", {}), dict):
        raise refuse(f"inputs of step {name} is not an object.")


def _check_inputs(step: dict, refuse) -> None:
    inputs, action = step.get("inputs", {}), step["action"]
    if action == "aws:executeAwsApi":
        known, required = set(inputs), {"Service", "Api"}
    else:
        known, required = _INPUTS.get(action, (set(inputs), set()))
    if set(inputs) - known:
        raise refuse(f"Unknown input names provided. Known=[ [{', '.join(sorted(known))}] ], "
                     f"Provided=[ [{', '.join(inputs)}] ].")
    if required - set(inputs):
        raise refuse(f"Missing required input names. Required=[ [{', '.join(sorted(required))}] ], "
                     f"Provided=[ [{', '.join(inputs)}] ].")
    if action == "aws:sleep" and len(inputs) != 1:
        raise refuse(f"Step {step['name']} takes either Duration or Timestamp.")


def choice_operation(choice: dict) -> str | None:
    """The one operation of a choice, or None if it has not exactly one."""
    found = [name for name in choice if name in OPERATIONS or name in ("And", "Or", "Not")]
    return found[0] if len(found) == 1 else None


def _check_choice(choice, step: dict, refuse) -> None:
    operation = choice_operation(choice) if isinstance(choice, dict) else None
    if operation is None:
        raise refuse(f"A choice of step {step['name']} has no supported operation.")
    if operation in ("And", "Or"):
        for part in choice[operation]:
            _check_choice(part, step, refuse)
    elif operation == "Not":
        _check_choice(choice["Not"], step, refuse)
    elif "Variable" not in choice:
        raise refuse(f"A choice of step {step['name']} has no Variable.")


def _check_outputs(step: dict, refuse) -> None:
    for output in step.get("outputs") or ():
        if not isinstance(output, dict) or not {"Name", "Selector"} <= set(output):
            raise refuse(f"Outputs of step {step['name']} need a Name and a Selector.")
        if output.get("Type", "String") not in _OUTPUT_TYPES:
            raise refuse(f"Output {output['Name']} of step {step['name']} has type {output['Type']}.")
        if not str(output["Selector"]).startswith("$"):
            raise refuse(f"Selector {output['Selector']} of step {step['name']} is not a JSONPath.")


def _next_steps(step: dict) -> list[str]:
    found = [step["nextStep"]] if step.get("nextStep") else []
    found += [str(step[element])[5:] for element in ("onFailure", "onCancel")
              if str(step.get(element, "")).startswith("step:")]
    if step["action"] == "aws:branch":
        inputs = step["inputs"]
        found += [choice.get("NextStep", "") for choice in inputs["Choices"]]
        found += [inputs["Default"]] if "Default" in inputs else []
    return found


def _check_references(content: dict, steps: list, parameters: dict, refuse) -> None:
    outputs = {step["name"]: {output["Name"] for output in step.get("outputs") or ()} for step in steps}

    def check(name: str) -> None:
        step, _, output = name.partition(".")
        predetermined = step in outputs and (output == "OutputPayload" or not outputs[step])
        if not (name in parameters or is_system_variable(name) or predetermined or output in outputs.get(step, ())):
            raise refuse(f"{{{{ {name} }}}} refers to nothing in the document.")

    for step in steps:
        for name in REFERENCE.findall(str(step.get("inputs", ""))):
            check(name)
    for output in content.get("outputs") or ():
        check(str(output))


def check(content: dict, parameters: dict, refuse) -> None:
    """Refuse steps that Automation would not take."""
    steps, names = content.get("mainSteps"), set()
    if not isinstance(steps, list) or not steps:
        raise refuse("mainSteps is not a list of steps.")
    for step in steps:
        _check_shape(step, names, refuse)
        names.add(step["name"])
        _check_inputs(step, refuse)
        _check_outputs(step, refuse)
        if step["action"] == "aws:branch":
            if not isinstance(step["inputs"]["Choices"], list):
                raise refuse(f"Choices of step {step['name']} is not a list.")
            for choice in step["inputs"]["Choices"]:
                _check_choice(choice, step, refuse)
        on_failure = str(step.get("onFailure", "Abort"))
        if on_failure.lower() not in ("abort", "continue") and not on_failure.startswith("step:"):
            raise refuse(f"onFailure of step {step['name']} is {on_failure}.")
    for step in steps:
        for name in _next_steps(step):
            if name not in names:
                raise refuse(f"Step {step['name']} goes on to step {name}, which does not exist.")
    _check_references(content, steps, parameters, refuse)
