"""AWS Organizations: its API in place of the emulator's, which has one organization for every account that asks.

Who may call what follows the API reference: an account outside of any organization is told so, a member may describe
the organization and leave it, the management account may do everything, and a member registered as a delegated
administrator may read what the management account may. Requests of roles and users are authorised by IAM before they
come here. Policies, handshakes and billing are not played; their actions are unknown.
"""

import json
from dataclasses import dataclass

from ministack.core.responses import get_account_id
from ministack.services import organizations

import emulator
import organizations_bucket
import organizations_events
import organizations_model
import organizations_wire as wire

#: Who may call an action.
OUTSIDER, MEMBER, READER, MANAGEMENT = range(4)
_READS = ("List", "Describe")

emulator.require(organizations, "handle_request")


@dataclass(frozen=True)
class _Action:
    run: object
    allowed: int


_actions: dict[str, _Action] = {}


def serve(allowed: int, **actions) -> None:
    """Have ``name(call) -> answer`` serve actions that some accounts may call."""
    _actions.update({name: _Action(run, allowed) for name, run in actions.items()})


def _admit(call: wire.Call) -> None:
    """Refuse an account that may not call this action."""
    allowed, organization = _actions[call.action].allowed, call.organization
    if organization is None and allowed != OUTSIDER:
        raise wire.Refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    if allowed in (OUTSIDER, MEMBER) or call.caller == organization.management:
        return
    if allowed == READER and call.caller in organization.delegated:
        return
    raise wire.Refused("AccessDeniedException", "You don't have permissions to access this resource.")


def _run(call: wire.Call, identity: dict, throttled: bool = True) -> dict:
    writes = not call.action.startswith(_READS)
    try:
        if throttled:
            organizations_bucket.take(call)
        _admit(call)
        wire.check(call.action, call.request)
        response = _actions[call.action].run(call)
    except wire.Refused as refused:
        if writes:
            organizations_events.api_call(call, identity, None, refused)
        raise
    if writes:
        organizations_events.api_call(call, identity, response)
    return response


def perform(account_id: str, action: str, request: dict) -> dict:
    """Do what a person with an account's root user does at the console."""
    call = wire.Call(action, request, account_id, organizations_model.of_account(account_id))
    return _run(call, organizations_events.root(account_id), throttled=False)


def _request(body: bytes) -> dict:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise wire.Refused("SerializationException", "the body is not a JSON object")
    return request


async def _handle(_method, _path, headers, body, query_params):
    action = (headers.get("x-amz-target") or headers.get("X-Amz-Target") or "").partition(".")[2]
    account_id = get_account_id()
    try:
        if action not in _actions:
            raise wire.Refused("UnknownOperationException", f"the local cloud does not play {action}")
        call = wire.Call(action, _request(body), account_id, organizations_model.of_account(account_id))
        return wire.answer(_run(call, organizations_events.identity(headers, query_params, account_id)))
    except wire.Refused as refused:
        return wire.refusal(refused)


def install() -> None:
    """Answer in the emulator's place."""
    emulator.replace(organizations, "handle_request", _handle)
