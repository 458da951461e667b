"""EventBridge: a rule's target that is an automation definition (EventBridge guide, "Targets").

* The rule assumes the target's RoleArn as events.amazonaws.com and starts the automation with it, so the role needs
  ``ssm:StartAutomationExecution``, and ``iam:PassRole`` for the role that the automation is given.
* The target's input is the parameters: an object of lists. The whole event, which a target without input gets, is none.
"""

import json
import re

from ministack.services import eventbridge

import emulator
import events_delivery
import service_session
from events_delivery import Delivery, DeliveryFailed
from service_session import ServiceError

_DEFINITION = re.compile(r"arn:[^:]+:ssm:([^:]*):[^:]*:automation-definition/([^:]+)(?::(.+))?")
_CODES = {"AccessDeniedException": "NO_PERMISSIONS", "AutomationDefinitionNotFoundException": "NO_RESOURCE",
          "AutomationDefinitionVersionNotFoundException": "NO_RESOURCE",
          "AutomationExecutionLimitExceededException": "RESOURCE_LIMIT_EXCEEDED", "ThrottlingException": "THROTTLING",
          "Throttling": "THROTTLING", "TooManyRequestsException": "THROTTLING"}

emulator.require(eventbridge, "_invoke_target")


class _ToAutomation(Delivery):
    def send(self) -> None:
        region, name, version = _DEFINITION.fullmatch(self.target["Arn"]).groups()
        request = {"DocumentName": name, "Parameters": self.parameters()}
        if version:
            request["DocumentVersion"] = version
        credentials = self.credentials(region)
        try:
            service_session.call(credentials, region, "ssm", "StartAutomationExecution", request)
        except ServiceError as error:
            fallback = "INTERNAL_ERROR" if error.status >= 500 else "INVALID_PARAMETER"
            raise DeliveryFailed(_CODES.get(error.code, fallback), error.message) from None
        except ValueError as problem:
            raise DeliveryFailed("INVALID_PARAMETER", str(problem)) from None
        finally:
            credentials.release()

    def parameters(self) -> dict:
        """The input as parameters."""
        try:
            given = json.loads(self.given)
        except ValueError as problem:
            raise DeliveryFailed("INVALID_JSON", str(problem)) from None
        if not isinstance(given, dict) or not all(isinstance(value, list) for value in given.values()):
            raise DeliveryFailed("INVALID_PARAMETER", "Parameters of an automation are an object of lists.")
        return given


def _invoke(inner):
    def invoke_target(target, event, rule, view=None):
        if _DEFINITION.fullmatch(target.get("Arn", "")):
            events_delivery.start(_ToAutomation(target, rule, event, view))
        else:
            inner(target, event, rule, view)
    return invoke_target


def install() -> None:
    """Take the targets that are automations."""
    emulator.replace(eventbridge, "_invoke_target", _invoke(eventbridge._invoke_target))
