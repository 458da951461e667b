"""A CloudFormation template as written, and the values that its properties take under given parameters.

Only what policies use: an intrinsic function, an attribute or a parameter that is not known here is an error, never a
guess.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import yaml

ACCOUNT = "111122223333"
PARTITION = "aws"
REGION = "eu-west-1"

PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/defender-connector/0f1e2d3c",
    "AWS::StackName": "defender-connector",
    "AWS::URLSuffix": "amazonaws.com",
}

# The ARN that `Fn::GetAtt: [X, Arn]` gives, with the property that names the resource.
ARNS = {
    "AWS::IAM::InstanceProfile": ("iam::{account}:instance-profile/{name}", "InstanceProfileName"),
    "AWS::IAM::Role": ("iam::{account}:role/{name}", "RoleName"),
    "AWS::KMS::Key": ("kms:{region}:{account}:key/{name}", "KeyId"),
    "AWS::Logs::LogGroup": ("logs:{region}:{account}:log-group:{name}:*", "LogGroupName"),
    "AWS::S3::Bucket": ("s3:::{name}", "BucketName"),
    "AWS::Serverless::Function": ("lambda:{region}:{account}:function:{name}", "FunctionName"),
    "AWS::Serverless::StateMachine": ("states:{region}:{account}:stateMachine:{name}", "Name"),
    "AWS::SQS::Queue": ("sqs:{region}:{account}:{name}", "QueueName"),
}

# What our own custom resources answer, where a policy uses it.
ATTRIBUTES = {
    ("Custom::DeploymentScope", "OrganizationId"): "o-a1b2c3d4e5",
    ("Custom::ArcRegions", "StackSetPrincipals"):
        "cloudformation.amazonaws.com,cloudformation.ap-east-1.amazonaws.com",
}


class TemplateError(Exception):
    """What cannot be evaluated, with its place."""


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of intrinsic functions."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)
# A version such as 2012-10-17 without quotes is text to CloudFormation.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_str)


class Template:
    """One template file."""

    def __init__(self, name: str, document: dict):
        self.name = name
        self.parameters: dict[str, dict] = document.get("Parameters", {})
        self.conditions: dict[str, Any] = document.get("Conditions", {})
        self.resources: dict[str, dict] = document.get("Resources", {})

    @classmethod
    def read(cls, root: Path, name: str) -> Template:
        """The template in the file `name` below `root`."""
        return cls(name, yaml.load((root / name).read_text(encoding="utf-8"), _Loader))


def function_of(node: Any) -> tuple[str, Any] | None:
    """Name and argument, when the node is an intrinsic function."""
    if isinstance(node, dict) and len(node) == 1:
        (name, argument), = node.items()
        if name == "Ref" or name.startswith("Fn::"):
            return name, argument
    return None


_ABSENT = object()


class Evaluation:
    """A template under one set of parameters. `chosen` holds every branch of an `Fn::If` that was taken."""

    def __init__(self, template: Template, parameters: dict[str, Any]):
        self.template = template
        self.parameters = parameters
        self.chosen: set[tuple[int, bool]] = set()

    def makes(self, logical_id: str) -> bool:
        """Whether the stack makes the resource."""
        condition = self.template.resources[logical_id].get("Condition")
        return condition is None or self.condition(condition)

    def condition(self, name: str) -> bool:
        """The value of a condition of the template."""
        if name not in self.template.conditions:
            raise TemplateError(f"{self.template.name} has no condition {name}")
        return self._truth(self.template.conditions[name])

    def _truth(self, node: Any) -> bool:
        (name, argument), = node.items()
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = (self.value(one) for one in argument)
            return left == right
        operators: dict[str, Callable] = {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda found: not any(found)}
        if name in operators:
            return operators[name]([self._truth(one) for one in argument])
        raise TemplateError(f"{self.template.name}: {name} is not known in a condition")

    def value(self, node: Any) -> Any:
        """A property's value; what `AWS::NoValue` takes away is left out."""
        resolved = self._resolve(node)
        if resolved is _ABSENT:
            raise TemplateError(f"{self.template.name}: nothing is left of {node}")
        return resolved

    def _resolve(self, node: Any) -> Any:
        called = function_of(node)
        if called:
            return self._call(*called, node)
        if isinstance(node, dict):
            pairs = ((key, self._resolve(one)) for key, one in node.items())
            return {key: one for key, one in pairs if one is not _ABSENT}
        if isinstance(node, list):
            return [one for one in map(self._resolve, node) if one is not _ABSENT]
        return node

    def _call(self, name: str, argument: Any, node: dict) -> Any:
        if name == "Ref":
            return _ABSENT if argument == "AWS::NoValue" else self._reference(argument)
        if name == "Fn::If":
            condition, when_true, when_false = argument
            chosen = self.condition(condition)
            self.chosen.add((id(node), chosen))
            return self._resolve(when_true if chosen else when_false)
        if name == "Fn::GetAtt":
            return self._attribute(*argument)
        if name == "Fn::Sub":
            text, values = argument if isinstance(argument, list) else (argument, {})
            return self._substitute(text, {key: self.value(one) for key, one in values.items()})
        if name == "Fn::Join":
            separator, parts = argument
            return separator.join(self.value(parts))
        if name == "Fn::Split":
            separator, text = argument
            return self.value(text).split(separator)
        if name == "Fn::Select":
            position, values = argument
            return self.value(values)[int(position)]
        raise TemplateError(f"{self.template.name}: {name} is not known")

    def _substitute(self, text: str, values: dict[str, str]) -> str:
        def replacement(match: re.Match) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in values:
                return values[name]
            return self._attribute(*name.split(".", 1)) if "." in name else self._reference(name)
        return re.sub(r"\$\{([^}]+)\}", replacement, text)

    def _reference(self, name: str) -> Any:
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        if name in self.parameters:
            return self.parameters[name]
        if name in self.template.resources:
            return self._name_of(name)
        raise TemplateError(f"{self.template.name}: Ref to {name}, which has no value here")

    def _name_of(self, logical_id: str) -> str:
        resource = self.template.resources[logical_id]
        if resource["Type"] not in ARNS:
            raise TemplateError(f"{self.template.name}: Ref to {logical_id}, whose kind is not known here")
        _, property_name = ARNS[resource["Type"]]
        return self.value(resource.get("Properties", {}).get(property_name, logical_id.lower()))

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self.template.resources.get(logical_id, {}).get("Type")
        if (kind, attribute) in ATTRIBUTES:
            return ATTRIBUTES[kind, attribute]
        if attribute != "Arn" or kind not in ARNS:
            raise TemplateError(f"{self.template.name}: {logical_id}.{attribute} is not known here")
        rest, _ = ARNS[kind]
        name = self._name_of(logical_id)
        return f"arn:{PARTITION}:" + rest.format(account=ACCOUNT, region=REGION, name=name)
