"""EventBridge: events that AWS's own services put on an account's default bus.

They are sent from the timer's thread: a request does not wait for the targets of rules.
"""

import json

from ministack.core.responses import request_scope
from ministack.services import eventbridge

import emulator
import timer

emulator.require(eventbridge, "_put_events")


def put(account_id: str, region: str, source: str, detail_type: str, detail: dict, resources: list[str]) -> None:
    """Put an event on the bus soon."""
    timer.soon(_put, account_id, region, {
        "Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources})


def _put(account_id: str, region: str, entry: dict) -> None:
    with request_scope(account_id, region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
