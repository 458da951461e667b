"""AWS Organizations: accounts that are created, moved, closed, removed, or that leave.

CreateAccount and CloseAccount are done in the background, after the seconds of the switches ``createAccountSeconds``
and ``closeAccountSeconds``. A created account has the role that its management account may assume, by default
OrganizationAccountAccessRole. A closed account stays for 90 days on AWS; here until it is cleaned away by the admin
API. Not played: the days that a created account has to wait before it leaves, and the quotas of closed accounts.
"""

import json
import random
import time

from ministack.core.responses import request_scope
from ministack.services import iam

import emulator
import organizations_api
import organizations_events as events
import organizations_model as model
import organizations_wire as wire
import switches
import timer
from organizations_api import MANAGEMENT, MEMBER, OUTSIDER, READER
from organizations_model import Account, Organization
from organizations_reads import shown_organization
from organizations_units import constraint

_ROLE = "OrganizationAccountAccessRole"
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

emulator.require(iam._IAM_HANDLERS, "CreateRole", "AttachRolePolicy")


def new_account_id() -> str:
    """The id of an account that is in no organization yet."""
    while model.of_account(found := str(random.randrange(10**11, 10**12))):
        pass
    return found


def _create_organization(call: wire.Call) -> dict:
    if call.organization is not None:
        raise wire.Refused("AlreadyInOrganizationException", "This account is already a member of an organization. An "
                           "account can belong to only one organization at a time.")
    if call.request.get("FeatureSet", "ALL") != "ALL":
        raise wire.invalid("INVALID_ENUM", "the local cloud plays organizations with all features only")
    made = model.create(call.caller, f"account {call.caller}", f"{call.caller}@accounts.example.com")
    events.joined(made, made.accounts[call.caller])
    return {"Organization": shown_organization(made)}


def _make_role(organization: Organization, account_id: str, name: str) -> None:
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{organization.management}:root"}}]}
    with request_scope(account_id, "us-east-1"):
        iam._IAM_HANDLERS["CreateRole"]({"RoleName": [name], "AssumeRolePolicyDocument": [json.dumps(trust)]})
        iam._IAM_HANDLERS["AttachRolePolicy"]({"RoleName": [name], "PolicyArn": [_ADMINISTRATOR]})


def join(organization: Organization, account: Account) -> None:
    """Have an account come into the organization, one way or the other, and AWS tell of it."""
    organization.add(account)
    events.joined(organization, account)


def _finish_creation(organization: Organization, status: dict, account: Account, role: str) -> None:
    if any(account.email == other.email for other in list(organization.accounts.values())):
        status |= {"State": "FAILED", "FailureReason": "EMAIL_ALREADY_EXISTS"}
    else:
        account.joined = time.time()
        _make_role(organization, account.id, role)
        join(organization, account)
        status |= {"State": "SUCCEEDED", "AccountId": account.id}
    status["CompletedTimestamp"] = time.time()
    events.create_account_result(organization, status)


def _create(call: wire.Call) -> dict:
    organization, request = call.organization, call.request
    status = {"Id": model.new_id("car-", 32), "AccountName": request["AccountName"], "State": "IN_PROGRESS",
              "RequestedTimestamp": time.time()}
    organization.requests[status["Id"]] = status
    account = Account(new_account_id(), request["AccountName"], request["Email"], organization.root,
                      tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])})
    answer = {"CreateAccountStatus": dict(status)}
    timer.after(switches.get("createAccountSeconds"), _finish_creation, organization, status, account,
                request.get("RoleName", _ROLE))
    return answer


def _describe_creation(call: wire.Call) -> dict:
    found = call.organization.requests.get(call.request["CreateAccountRequestId"])
    if found is None:
        raise wire.Refused("CreateAccountStatusNotFoundException", "We can't find an create account request with the "
                           "CreateAccountRequestId that you specified.")
    return {"CreateAccountStatus": dict(found)}


def _move(call: wire.Call) -> dict:
    account = call.account()
    source = call.parent("SourceParentId", "SourceParentNotFoundException")
    destination = call.parent("DestinationParentId", "DestinationParentNotFoundException")
    if account.parent == destination:
        raise wire.Refused("DuplicateAccountException",
                           "That account is already present in the specified destination.")
    if account.parent != source:
        raise wire.Refused("SourceParentNotFoundException",
                           "We can't find a source root or OU with the ParentId that you specified.")
    call.organization.move(account, destination)
    return {}


def _finish_closure(organization: Organization, account: Account, requested: float) -> None:
    organization.set_state(account, model.CLOSED)
    events.close_account_result(organization, account, requested)


def _close(call: wire.Call) -> dict:
    account = call.account()
    if account.id == call.organization.management:
        raise constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You attempted to close the management account.")
    if account.state in (model.PENDING_CLOSURE, model.CLOSED):
        raise wire.Refused("AccountAlreadyClosedException", "You attempted to close an account that is already closed.")
    call.organization.set_state(account, model.PENDING_CLOSURE)
    timer.after(switches.get("closeAccountSeconds"), _finish_closure, call.organization, account, time.time())
    return {}


def _depart(organization: Organization, account: Account, how: str) -> None:
    if account.id == organization.management:
        raise wire.Refused("MasterCannotLeaveOrganizationException",
                           "You can't remove a management account from an organization.")
    if account.id in organization.delegated:
        raise constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
                         "You attempted to remove an account that is registered as a delegated administrator for a "
                         "service integrated with your organization.")
    organization.remove(account, how)
    events.departed(organization, account, how)


def _remove(call: wire.Call) -> dict:
    _depart(call.organization, call.account(), "Removed")
    return {}


def _leave(call: wire.Call) -> dict:
    _depart(call.organization, call.organization.accounts[call.caller], "Left")
    return {}


def clean_away(organization: Organization, account: Account) -> None:
    """What AWS does 90 days after an account was closed."""
    _depart(organization, account, "Cleaned")


def install() -> None:
    """Add the actions."""
    organizations_api.serve(OUTSIDER, CreateOrganization=_create_organization)
    organizations_api.serve(MEMBER, LeaveOrganization=_leave)
    organizations_api.serve(READER, DescribeCreateAccountStatus=_describe_creation)
    organizations_api.serve(MANAGEMENT, CreateAccount=_create, MoveAccount=_move, CloseAccount=_close,
                            RemoveAccountFromOrganization=_remove)
