"""StackSets: the template, parameters and capabilities of a stack set, and what of them is refused.

A service-managed stack set takes neither transforms nor nested stacks ("Considerations when creating StackSets with
service-managed permissions"); a nested stack set is refused in either model. AWS's words for it are known from the
source of its resource type only, and are used for the API as well.
"""

from ministack.services.cloudformation import engine, handlers, helpers

import emulator
import stacksets
import stacksets_wire as wire

_STACK, _STACK_SET = "AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet"
_EXCLUSIVE = "You must specify only one of TemplateBody, TemplateURL and UsePreviousTemplate"

emulator.require(engine, "_parse_template", "_apply_transforms", "_resolve_parameters", "_evaluate_conditions",
                 "validate_template_support")
emulator.require(handlers, "_required_iam_capabilities", "_missing_capabilities", "_uses_macro",
                 "_insufficient_capabilities_message", "_capabilities_enforced")
emulator.require(helpers, "_resolve_template", "_validate_stack_tags")


def body(request: dict, previous: str | None = None) -> str:
    """The template that a request brings, or asks to keep."""
    given = [name for name in ("TemplateBody", "TemplateURL") if request.get(name)]
    keep = request.get("UsePreviousTemplate", False)
    if len(given) + keep != 1:
        raise wire.refusal("ValidationError", _EXCLUSIVE if given or previous is None else
                           "Either Template URL or Template Body must be specified.")
    if keep:
        return previous
    found, problem = helpers._resolve_template({name: [request[name]] for name in given})
    if problem is not None:
        raise wire.Refused(problem)
    return found


def _check_resources(template: dict, permission_model: str) -> None:
    service_managed = permission_model == stacksets.SERVICE_MANAGED
    if service_managed and handlers._uses_macro(template):
        raise wire.refusal("ValidationError", f"Transforms are not supported in service managed {_STACK_SET}")
    for resource in (template.get("Resources") or {}).values():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if kind == _STACK and service_managed:
            raise wire.refusal("ValidationError", f"Nested {_STACK} is not supported in service managed {_STACK_SET}")
        if kind == _STACK_SET:
            raise wire.refusal("ValidationError", f"Nested {_STACK_SET} is not supported in {_STACK_SET}")


def _check_capabilities(sent: dict, template: dict, given: list[str]) -> None:
    if not handlers._capabilities_enforced():
        return
    required = handlers._required_iam_capabilities(template)
    if handlers._uses_macro(sent):
        required.append("CAPABILITY_AUTO_EXPAND")
    if missing := handlers._missing_capabilities(set(given), required):
        raise wire.refusal("InsufficientCapabilitiesException", handlers._insufficient_capabilities_message(missing))


def members(parameters: list[dict]) -> list[dict]:
    """Parameters of a request in the emulator's form."""
    return [{"Key": parameter.get("ParameterKey", ""), "Value": parameter.get("ParameterValue", ""),
             "UsePreviousValue": parameter.get("UsePreviousValue", False)} for parameter in parameters]


def checked(text: str, permission_model: str, parameters: list[dict], capabilities: list[str],
            previous: dict | None = None) -> tuple[dict, dict]:
    """The template as sent, and its parameters' values; stops at what CloudFormation would refuse."""
    try:
        sent = engine._parse_template(text)
    except Exception as problem:  # whatever the parser finds is a format error
        raise wire.refusal("ValidationError", f"Template format error: {problem}") from None
    _check_resources(sent, permission_model)
    check_names(sent.get("Parameters") or {}, parameters)
    try:
        template = engine._apply_transforms(sent, members(parameters))
        values = engine._resolve_parameters(template, members(parameters), previous or {})
        engine.validate_template_support(template, engine._evaluate_conditions(template, values), params=values)
    except ValueError as problem:
        raise wire.refusal("ValidationError", str(problem)) from None
    _check_capabilities(sent, template, capabilities)
    return sent, values


def check_names(known: dict, parameters: list[dict]) -> None:
    """Stop at a parameter that is not among the known ones."""
    if unknown := sorted({parameter.get("ParameterKey", "") for parameter in parameters} - set(known)):
        raise wire.refusal("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")


def check_tags(tags: list[dict]) -> None:
    """Stop at tags that CloudFormation refuses on a stack."""
    if (problem := helpers._validate_stack_tags(tags)) is not None:
        raise wire.Refused(problem)
