"""Systems Manager: the content of Automation documents, schema 0.3 ("Data elements and parameters" and "Automation
actions reference" of the guide).

Refused as InvalidDocumentContent: what is no JSON or YAML, unknown elements, parameters of unknown types or with
defaults that break their own rules, and references to parameters that do not exist; ``ssm_document_steps`` looks at
the steps. Another schema is InvalidDocumentSchemaVersion. The words of most messages are assumed.
"""

import json
import re

import yaml

import ssm_document_steps
from ssm_api import SsmError
from ssm_values import REFERENCE, is_system_variable

_ELEMENTS = {"schemaVersion", "description", "assumeRole", "parameters", "variables", "mainSteps", "outputs", "files"}
_PARAMETER_ELEMENTS = {"type", "description", "default", "allowedValues", "allowedPattern", "displayType", "minItems",
                       "maxItems", "minChars", "maxChars"}
_SINGLE_TYPES = {"String", "Boolean", "Integer", "AWS::EC2::Instance::Id", "AWS::IAM::Role::Arn",
                 "AWS::S3::Bucket::Name"}
_LIST_TYPES = {"StringList", "List<AWS::EC2::Instance::Id>", "List<AWS::IAM::Role::Arn>",
               "List<AWS::S3::Bucket::Name>"}
_MAP_TYPES = {"StringMap", "MapList"}
_LARGEST = 64 * 1024


def invalid(message: str) -> SsmError:
    """The refusal of a document's content."""
    return SsmError("InvalidDocumentContent", message)


def is_list_type(kind: str) -> bool:
    """Whether a parameter of this type takes more than one value."""
    return kind in _LIST_TYPES


def _loaded(text: str, document_format: str):
    if len(text.encode()) > _LARGEST:
        raise SsmError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    try:
        return json.loads(text) if document_format == "JSON" else yaml.safe_load(text)
    except json.JSONDecodeError as problem:
        raise invalid(f"JSON not well-formed. at Line: {problem.lineno}, Column: {problem.colno}") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" at Line: {mark.line + 1}, Column: {mark.column + 1}" if mark else ""
        raise invalid(f"YAML not well-formed.{where}") from None


def check_value(name: str, parameter: dict, values: list, refuse) -> None:
    """Refuse values that a parameter's declaration rules out."""
    kind = parameter["type"]
    if kind not in _LIST_TYPES | _MAP_TYPES and len(values) != 1:
        raise refuse(f'Parameter "{name}" of type {kind} takes one value, not {len(values)}.')
    allowed, pattern = parameter.get("allowedValues"), parameter.get("allowedPattern")
    for value in values:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if kind == "Boolean" and text not in ("true", "false"):
            raise refuse(f'Parameter type error. The value supplied for "{name}" is not a valid Boolean.')
        if kind == "Integer" and not re.fullmatch(r"-?\d+", text):
            raise refuse(f'Parameter type error. The value supplied for "{name}" is not a valid Integer.')
        known = [str(item).lower() if isinstance(item, bool) else str(item) for item in allowed or ()]
        if allowed and text not in known:
            raise refuse(f'Parameter "{name}" has value "{text}" not found in [{", ".join(known)}].')
        if pattern and not re.search(pattern, text):
            raise refuse(f'Parameter "{name}" has value "{text}" that does not match pattern {pattern}.')
    for bound, broken in (("minItems", lambda limit: len(values) < limit),
                          ("maxItems", lambda limit: len(values) > limit)):
        if bound in parameter and broken(int(parameter[bound])):
            raise refuse(f'Parameter "{name}" has {len(values)} values, {bound} is {parameter[bound]}.')


def default_values(parameter: dict) -> list:
    """A parameter's default as values."""
    default = parameter["default"]
    return default if isinstance(default, list) else [default]


def _check_parameter(name: str, parameter) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_]{1,50}", str(name)):
        raise invalid(f"Parameter name {name} is not valid.")
    if not isinstance(parameter, dict) or set(parameter) - _PARAMETER_ELEMENTS:
        raise invalid(f"Parameter {name} has elements that are not known.")
    if parameter.get("type") not in _SINGLE_TYPES | _LIST_TYPES | _MAP_TYPES:
        raise invalid(f"Parameter {name} has type {parameter.get('type')}, which is not supported.")
    default = parameter.get("default")
    # An empty default stands for "not given" and need not keep the other rules; a variable is not known yet.
    if default in (None, "", []) or any(REFERENCE.search(str(value)) for value in default_values(parameter)):
        return
    check_value(name, parameter, default_values(parameter), invalid)


def _check_references(content: dict, parameters: dict) -> None:
    role = content.get("assumeRole")
    if role is not None and not isinstance(role, str):
        raise invalid("assumeRole is not a string.")
    for name in REFERENCE.findall(role or ""):
        if name not in parameters and not is_system_variable(name):
            raise invalid(f"Parameter {name} that assumeRole refers to is not defined.")
    for name, parameter in parameters.items():
        for found in REFERENCE.findall(str(parameter.get("default", ""))):
            if not is_system_variable(found):
                raise invalid(f"The default of parameter {name} refers to {found}.")


def parse(text: str, document_format: str, document_type: str = "Automation") -> dict:
    """A document's content; refuses what is none."""
    content = _loaded(text, document_format)
    if not isinstance(content, dict):
        raise invalid("The document is not an object.")
    if str(content.get("schemaVersion")) != "0.3":
        raise SsmError("InvalidDocumentSchemaVersion", f"Document schema version, {content.get('schemaVersion')}, is "
                       f"not supported by {document_type} document type.")
    if unknown := sorted(map(str, set(content) - _ELEMENTS)):
        raise invalid(f"Unknown properties found in the document: [{', '.join(unknown)}].")
    parameters = content.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise invalid("parameters is not an object.")
    for name, parameter in parameters.items():
        _check_parameter(name, parameter)
    _check_references(content, parameters)
    ssm_document_steps.check(content, parameters, invalid)
    return content
