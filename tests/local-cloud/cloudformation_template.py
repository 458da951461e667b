"""CloudFormation: templates that are refused before anything is made, a nested stack's too.

* A reference to a parameter or resource that is not there, or that its condition leaves out, is "Unresolved resource
  dependencies"; Fn::If counts with the branch that is taken. DependsOn may name what a condition leaves out.
* A condition that is not defined. AWS's words for it on a resource or output are not documented.
* In a condition, pseudo parameters and the functions of values resolve as elsewhere.

The emulator evaluates Rules itself; a rule that fails is a ValidationError with its AssertDescription.
"""

import copy

from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

import emulator

_OPERATORS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")

emulator.require(engine, "_intrinsic_references", "_resolve_refs")


def _taken(node, conditions: dict):
    """A value with the branch of every Fn::If that its condition takes."""
    if isinstance(node, list):
        return [_taken(item, conditions) for item in node]
    if not isinstance(node, dict):
        return node
    choice = node.get("Fn::If")
    if not isinstance(choice, list) or len(choice) != 3 or not isinstance(choice[0], str):
        return {key: _taken(value, conditions) for key, value in node.items()}
    if choice[0] not in conditions:
        raise ValueError(f"Template error: unresolved condition dependency {choice[0]} in Fn::If")
    return _taken(choice[1 if conditions[choice[0]] else 2], conditions)


def _active(definitions: dict, conditions: dict) -> dict:
    unknown = sorted({definition["Condition"] for definition in definitions.values()
                      if definition.get("Condition", "") not in ("", *conditions)})
    if unknown:
        raise ValueError(f"Template format error: Unresolved condition dependency [{', '.join(unknown)}]")
    return {name: definition for name, definition in definitions.items()
            if conditions.get(definition.get("Condition"), True)}


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]


def _unknown(values, known) -> set[str]:
    """What values refer to that is neither known nor a pseudo parameter."""
    return {name for name, _ in engine._intrinsic_references(values)
            if name not in known and not name.startswith("AWS::")}


def check_references(template: dict, conditions: dict) -> None:
    """Stop at a reference that CloudFormation could not resolve."""
    everything, parameters = template.get("Resources") or {}, template.get("Parameters") or {}
    if missing := _unknown(template.get("Conditions") or {}, parameters):
        raise ValueError(f"Template format error: Unresolved dependencies [{', '.join(sorted(missing))}]. Cannot "
                         "reference resources in the Conditions block of the template")
    resources, outputs = _active(everything, conditions), _active(template.get("Outputs") or {}, conditions)
    known = {*resources, *parameters}
    missing = {
        "Resources": _unknown(_taken([made.get("Properties") for made in resources.values()], conditions), known) | {
            name for made in resources.values() for name in _listed(made.get("DependsOn", []))
            if name not in everything},
        "Outputs": _unknown(_taken([[shown.get("Value"), shown.get("Export")] for shown in outputs.values()],
                                   conditions), known),
    }
    for section, names in missing.items():
        if names:
            raise ValueError(f"Template format error: Unresolved resource dependencies [{', '.join(sorted(names))}] "
                             f"in the {section} block of the template")


def _supported(inner):
    def supported(template, conditions, params=None):
        inner(template, conditions, params)
        # Without parameters (ValidateTemplate) or before its transform a template cannot be judged.
        if params is not None and not template.get("Transform"):
            check_references(template, conditions)
    return supported


def _with_values(node, params: dict, mappings: dict):
    """A condition in which all that is no operator of conditions has become its value."""
    if isinstance(node, list):
        return [_with_values(item, params, mappings) for item in node]
    if isinstance(node, dict) and node.get("Ref") in params:
        return node
    if isinstance(node, dict) and not any(operator in node for operator in _OPERATORS):
        return engine._resolve_refs(node, {}, params, {}, mappings, "", "")
    if isinstance(node, dict):
        return {key: value if key == "Condition" else _with_values(value, params, mappings)
                for key, value in node.items()}
    return node


def _conditions(inner):
    def evaluate(template, params):
        definitions = {name: _with_values(copy.deepcopy(definition), params, template.get("Mappings") or {})
                       for name, definition in (template.get("Conditions") or {}).items()}
        try:
            return inner({**template, "Conditions": definitions}, params)
        except KeyError as unknown:
            raise ValueError(f"Template format error: Unresolved condition dependency [{unknown.args[0]}] "
                             "in the Conditions block of the template") from None
    return evaluate


def install() -> None:
    """Join the checks that every operation starts with."""
    supported = _supported(engine.validate_template_support)
    for module in (engine, handlers, changesets):
        emulator.replace(module, "validate_template_support", supported)
    conditions = _conditions(engine._evaluate_conditions)
    for module in (engine, handlers, changesets, stacks):
        emulator.replace(module, "_evaluate_conditions", conditions)
