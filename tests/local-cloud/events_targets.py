"""EventBridge: rules whose target is a queue or an event bus.

* A queue has to be in the rule's account and region, and its policy has to let events.amazonaws.com send, for the
  rule's ARN (aws:SourceArn) and account (aws:SourceAccount).
* An event bus may be in another region: the rule assumes the target's RoleArn, which needs events:PutEvents on the
  bus. The event arrives as it was, with the account, region and id of its origin ("Amazon EventBridge events").
* What a bus received from another bus goes to no third one ("Sending and receiving events between event buses"), so
  rules that forward to one another do not go round in circles.

Not played: event buses of other accounts, the policies of event buses.
"""

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import request_scope
from ministack.services import eventbridge

import emulator
import events_delivery
from events_delivery import Delivery, DeliveryFailed, send_to_queue, take_fault
from iam_authorization import role_allows

_FORWARDED = "_ForwardedFromBus"

emulator.require(eventbridge, "_invoke_target", "_dispatch_event", "_archive_event", "_event_buses",
                 "_ensure_default_bus")
emulator.require(iam_actions, "identity_denial_message")


class _ToQueue(Delivery):
    def send(self) -> None:
        arn = self.target["Arn"]
        _, _, _, region, account_id, _ = arn.split(":")
        if (account_id, region) != (self.account_id, self.region):
            raise DeliveryFailed("INVALID_PARAMETER", f"The queue {arn} is not in the rule's account and region.")
        take_fault("sqs", "SendMessage", self.account_id)
        group = (self.target.get("SqsParameters") or {}).get("MessageGroupId")
        send_to_queue(arn, self.rule_arn, self.account_id, self.given, **({"MessageGroupId": group} if group else {}))


class _ToBus(Delivery):
    def send(self) -> None:
        _, _, _, region, account_id, resource = self.target["Arn"].split(":", 5)
        if account_id != self.account_id:
            raise DeliveryFailed("NO_PERMISSIONS", "The local cloud plays no event buses of other accounts.")
        self._check_role(region)
        take_fault("events", "PutEvents", self.account_id)
        name = resource.removeprefix("event-bus/")
        with request_scope(account_id, region):
            eventbridge._ensure_default_bus()
            if name not in eventbridge._event_buses:
                raise DeliveryFailed("NO_RESOURCE", f"Event bus {name} does not exist.")
            forwarded = {**self.event, "EventBusName": name, _FORWARDED: self.rule_arn}
            if self.given != self.whole:
                forwarded["Detail"] = self.given
            eventbridge._dispatch_event(forwarded)
            eventbridge._archive_event(forwarded)

    def _check_role(self, region: str) -> None:
        """A rule without a role may reach the buses beside its own."""
        role, bus = self.target.get("RoleArn"), self.target["Arn"]
        if not app.AUTH or not role and region == self.region:
            return
        self.credentials(region).release()
        if not role_allows(role, "events:PutEvents", bus, region):
            session = f"arn:aws:sts::{self.account_id}:assumed-role/{role.rsplit('/', 1)[-1]}/events"
            raise DeliveryFailed("NO_PERMISSIONS", iam_actions.identity_denial_message(
                "events:PutEvents", session, bus, False))


def _invoke(inner):
    def invoke_target(target, event, rule, view=None):
        _, _, service, _, _, resource = (target.get("Arn", "").split(":", 5) + [""] * 6)[:6]
        if service == "sqs":
            events_delivery.start(_ToQueue(target, rule, event, view))
        elif service == "events" and resource.startswith("event-bus/"):
            if _FORWARDED not in event:
                events_delivery.start(_ToBus(target, rule, event, view))
        else:
            inner(target, event, rule, view)
    return invoke_target


def install() -> None:
    """Take the targets that are queues and event buses."""
    emulator.replace(eventbridge, "_invoke_target", _invoke(eventbridge._invoke_target))
