"""StackSets: requests and answers of CloudFormation's Query protocol, read and written by the service's own model.

The emulator knows none of these operations, so members, required fields, limits and error codes come from botocore.
"""

import re
from functools import cache
from html import escape

from botocore.loaders import Loader
from botocore.model import ServiceModel
from ministack.services.cloudformation import handlers, helpers

import emulator

emulator.require(handlers, "_ACTION_HANDLERS")
emulator.require(helpers, "_error", "_xml", "validation_error_message")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, response: tuple):
        super().__init__(response[2].decode())
        self.response = response

    @property
    def message(self) -> str:
        """The error's text alone."""
        found = re.search(r"<Message>(.*?)</Message>", str(self), re.DOTALL)
        return found[1] if found else str(self)


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("cloudformation", "service-2"), "cloudformation")


def refusal(code: str, message: str) -> Refused:
    """An error of the service: the name of an exception in its model, or ValidationError."""
    shapes = _model().shape_names
    error = _model().shape_for(code).metadata.get("error", {}) if code in shapes else {}
    return Refused(helpers._error(error.get("code", code), message, error.get("httpStatusCode", 400)))


def _present(params: dict, prefix: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for name in params)


def _value(shape, prefix: str, params: dict):
    if shape.type_name == "structure":
        return {name: _value(member, f"{prefix}.{name}", params) for name, member in shape.members.items()
                if _present(params, f"{prefix}.{name}")}
    if shape.type_name == "list":
        items = []
        while _present(params, place := f"{prefix}.member.{len(items) + 1}"):
            items.append(_value(shape.member, place, params))
        return items
    text = params[prefix]
    text = text[0] if isinstance(text, list) else text
    if shape.type_name == "boolean":
        return str(text).lower() == "true"
    return int(text) if shape.type_name == "integer" else str(text)


def _limits(shape, value) -> list[str]:
    limits, problems = shape.metadata, []
    size = value if isinstance(value, int) else len(value)
    measured = "value" if isinstance(value, int) else "length"
    if size < limits.get("min", size):
        problems.append(f"have {measured} greater than or equal to {limits['min']}")
    if size > limits.get("max", size):
        problems.append(f"have {measured} less than or equal to {limits['max']}")
    if isinstance(value, str) and limits.get("enum") and value not in limits["enum"]:
        problems.append(f"satisfy enum value set: [{', '.join(limits['enum'])}]")
    if isinstance(value, str) and "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        problems.append(f"satisfy regular expression pattern: {limits['pattern']}")
    return problems


def _problems(shape, value, path: str) -> list[str]:
    if shape.type_name == "structure":
        found = [f"Value null at '{path}{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
                 "Member must not be null" for name in shape.required_members if name not in value]
        for name, member in value.items():
            found += _problems(shape.members[name], member, f"{path}{name[0].lower()}{name[1:]}.")
        return found
    if shape.type_name == "list":
        return [problem for item in value for problem in _problems(shape.member, item, f"{path}member.")]
    if shape.type_name == "boolean":
        return []
    return [f"Value '{value}' at '{path[:-1]}' failed to satisfy constraint: Member must {limit}"
            for limit in _limits(shape, value)]


def request(action: str, params: dict) -> dict:
    """The members of a request, checked against the model."""
    shape = _model().operation_model(action).input_shape
    try:
        found = {name: _value(member, name, params) for name, member in shape.members.items()
                 if _present(params, name)}
    except ValueError as problem:
        raise refusal("ValidationError", str(problem)) from None
    if problems := _problems(shape, found, ""):
        raise refusal("ValidationError", helpers.validation_error_message(problems))
    if found.get("CallAs", "SELF") != "SELF":
        raise refusal("ValidationError", "The local cloud plays no delegated administrators of StackSets")
    return found


def _element(shape, name: str, value) -> str:
    if value is None:
        return ""
    if shape.type_name == "structure":
        inner = "".join(_element(shape.members[key], key, member) for key, member in value.items())
    elif shape.type_name == "list":
        inner = "".join(_element(shape.member, "member", item) for item in value)
    elif shape.type_name == "boolean":
        inner = str(value).lower()
    else:
        inner = escape(str(value), quote=False)
    return f"<{name}>{inner}</{name}>"


def answer(action: str, result: dict) -> tuple:
    """The response of an operation."""
    shape = _model().operation_model(action).output_shape
    inner = "".join(_element(shape.members[key], key, value) for key, value in result.items())
    return helpers._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def page(request_members: dict, items: list) -> tuple[list, str | None]:
    """The part of a list that a request asks for, and the token for the rest; 100 at most, as on AWS."""
    size, token = request_members.get("MaxResults", 100), request_members.get("NextToken", "0")
    if not token.isdecimal():
        raise refusal("ValidationError", "Invalid NextToken")
    start = int(token)
    end = start + size
    return items[start:end], str(end) if end < len(items) else None


def serve(operations: dict) -> None:
    """Answer operations (name → function of the request's members) from now on."""
    for action, operation in operations.items():
        handlers._ACTION_HANDLERS[action] = _served(action, operation)


def _served(action: str, operation):
    def handler(params):
        try:
            return answer(action, operation(request(action, params)))
        except Refused as refused:
            return refused.response
    return handler
