"""Every policy document of a template, as IAM would get it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterator

from cases import parameter_sets
from template import Evaluation, Template, TemplateError, function_of

TRUST = "AssumeRolePolicyDocument"


@dataclass(frozen=True)
class Document:
    """A policy document with its place. `text` is its JSON, so that equal ones are looked at once."""

    template: str
    resource: str
    name: str
    owner_arn: str = field(repr=False)
    text: str = field(repr=False)

    @property
    def is_trust(self) -> bool:
        """Whether it says who may assume the role."""
        return self.name == TRUST

    def statements(self) -> list[tuple[str, dict]]:
        """Its statements, each with its place: name of the policy, then the Sid or the number."""
        found = json.loads(self.text)["Statement"]
        listed = found if isinstance(found, list) else [found]
        return [(f"{self.name}/{one.get('Sid', position)}", one) for position, one in enumerate(listed, 1)]


def documents_of(template: Template) -> list[list[Document]]:
    """All documents of each resource in each variant, none twice. Fails where a part of a policy is never seen."""
    _refuse_roles_that_sam_makes(template)
    unseen = _branches(template)
    never_made = {name for name in template.resources if _policy_properties(template, name)}
    variants: dict[tuple[Document, ...], None] = {}
    for parameters in parameter_sets(template):
        evaluation = Evaluation(template, parameters)
        for logical_id in template.resources:
            if not _policy_properties(template, logical_id) or not evaluation.makes(logical_id):
                continue
            never_made.discard(logical_id)
            variants[tuple(_documents_of_resource(evaluation, logical_id))] = None
        for branch in evaluation.chosen:
            unseen.pop(branch, None)
    problems = [f"{template.name}: {name} is never made" for name in sorted(never_made)] + sorted(unseen.values())
    if problems:
        raise TemplateError("\n".join(problems))
    return [list(variant) for variant in variants]


def _documents_of_resource(evaluation: Evaluation, logical_id: str) -> Iterator[Document]:
    properties = evaluation.template.resources[logical_id]["Properties"]
    for name in _policy_properties(evaluation.template, logical_id):
        for policy_name, document in _policies_in(name, evaluation.value(properties[name])):
            yield Document(
                template=evaluation.template.name,
                resource=logical_id,
                name=policy_name,
                owner_arn=evaluation.value({"Fn::GetAtt": [logical_id, "Arn"]}) if policy_name == TRUST else "",
                text=json.dumps(document),
            )


def _policies_in(name: str, value: Any) -> Iterator[tuple[str, dict]]:
    """Policies with their names in a property's value. A policy may be written as a string of JSON."""
    if isinstance(value, str) and name.endswith("PolicyDocument"):
        value = json.loads(value)
    if isinstance(value, list):
        for one in value:
            yield from _policies_in(name, one)
    elif isinstance(value, dict) and "Statement" in value:
        yield name, value
    elif isinstance(value, dict) and "PolicyDocument" in value:
        for _, document in _policies_in("PolicyDocument", value["PolicyDocument"]):
            yield value["PolicyName"], document
    else:
        raise TemplateError(f"{name} holds something that is no policy: {value}")


def _policy_properties(template: Template, logical_id: str) -> list[str]:
    properties = template.resources[logical_id].get("Properties", {})
    return [name for name, value in properties.items() if name.endswith("PolicyDocument") or _holds_statements(value)]


def _holds_statements(node: Any) -> bool:
    if isinstance(node, dict):
        return "Effect" in node or any(map(_holds_statements, node.values()))
    return isinstance(node, list) and any(map(_holds_statements, node))


def _branches(template: Template) -> dict[tuple[int, bool], str]:
    """Both branches of every `Fn::If` in a policy, each with what to say when no variant takes it."""
    found: dict[tuple[int, bool], str] = {}
    for logical_id, resource in template.resources.items():
        for name in _policy_properties(template, logical_id):
            for node in _ifs(resource["Properties"][name]):
                condition = node["Fn::If"][0]
                for taken in (True, False):
                    place = f"{template.name}: {logical_id}.{name}"
                    found[(id(node), taken)] = f"{place} is never looked at with {condition} {str(taken).lower()}"
    return found


def _ifs(node: Any) -> Iterator[dict]:
    called = function_of(node)
    if called and called[0] == "Fn::If":
        yield node
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for one in inner:
        yield from _ifs(one)


def _refuse_roles_that_sam_makes(template: Template) -> None:
    for logical_id, resource in template.resources.items():
        if resource["Type"] == "AWS::Serverless::Function" and "Role" not in resource["Properties"]:
            raise TemplateError(f"{template.name}: SAM makes the role of {logical_id}, which nobody would look at")
