"""AWS Organizations: requests and refusals as its API has them.

Requests are held against the API model that botocore carries: required members, lengths, patterns and enumerations,
refused with InvalidInputException and its reason.
"""

import json
import re
from dataclasses import dataclass
from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

import organizations_model
from organizations_model import Account, Organization

_INVALID = "InvalidInputException"


class Refused(Exception):
    """A request that the service answers with an error."""

    def __init__(self, code: str, message: str, reason: str | None = None):
        super().__init__(message)
        self.code, self.message, self.reason = code, message, reason


@dataclass(frozen=True)
class Call:
    """A request, and who makes it; ``organization`` is None for a caller outside of any."""

    action: str
    request: dict
    caller: str
    organization: Organization | None

    def parent(self, name: str, code: str) -> str:
        """The root or unit that a member of the request names."""
        if not self.organization.has_parent(self.request[name]):
            raise Refused(code, f"We can't find a root or OU with the {name} that you specified.")
        return self.request[name]

    def unit(self) -> organizations_model.Unit:
        """The unit that ``OrganizationalUnitId`` names."""
        if found := self.organization.units.get(self.request["OrganizationalUnitId"]):
            return found
        raise Refused("OrganizationalUnitNotFoundException",
                      "We can't find an OU with the OrganizationalUnitId that you specified.")

    def account(self) -> Account:
        """The account that ``AccountId`` names."""
        if found := self.organization.accounts.get(self.request["AccountId"]):
            return found
        raise Refused("AccountNotFoundException", "You specified an account that doesn't exist.")


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("organizations", "service-2"), "organizations")


def operation(action: str) -> OperationModel | None:
    """An operation of the API, or None."""
    try:
        return _model().operation_model(action)
    except OperationNotFoundError:
        return None


def invalid(reason: str, message: str) -> Refused:
    """A refusal of what a request says."""
    return Refused(_INVALID, message, reason)


def _check_text(value, shape: Shape) -> None:
    if not isinstance(value, str):
        raise Refused("SerializationException", "a string was expected")
    if shape.enum and value not in shape.enum:
        raise invalid("INVALID_ENUM", "You specified an invalid value.")
    if len(value) < shape.metadata.get("min", 0):
        raise invalid("MIN_LENGTH_EXCEEDED", "You provided a string parameter that is shorter than allowed.")
    if len(value) > shape.metadata.get("max", len(value)):
        raise invalid("MAX_LENGTH_EXCEEDED", "You provided a string parameter that is longer than allowed.")
    if not re.search(shape.metadata.get("pattern", ""), value):
        raise invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern.")


def _check_number(value, shape: Shape) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("SerializationException", "a number was expected")
    if value < shape.metadata.get("min", value):
        raise invalid("MIN_VALUE_EXCEEDED", "You provided a numeric value that is lower than allowed.")
    if value > shape.metadata.get("max", value):
        raise invalid("MAX_VALUE_EXCEEDED", "You provided a numeric value that is higher than allowed.")


def check(action: str, request: dict) -> None:
    """Refuse a request that is not of the API's form; what is within lists is left to the action."""
    shape = operation(action).input_shape
    if shape is None:
        return
    if missing := [name for name in shape.required_members if name not in request]:
        raise invalid("INPUT_REQUIRED", f"You must include a value for {missing[0]}.")
    for name, value in request.items():
        member = shape.members.get(name)
        if member is not None and member.type_name == "string":
            _check_text(value, member)
        elif member is not None and member.type_name == "integer":
            _check_number(value, member)


def answer(value: dict, status: int = 200) -> tuple[int, dict, bytes]:
    """A response."""
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(value).encode()


def refusal(refused: Refused) -> tuple[int, dict, bytes]:
    """A response that refuses."""
    reason = {"Reason": refused.reason} if refused.reason else {}
    return answer({"__type": refused.code, "Message": refused.message, **reason}, 400)
