"""AWS Organizations: the routes by which tests build an organization, and by which others change it.

``POST /_local_cloud/organization?account=<management account>`` makes an organization, or adds to it, without any event
on a bus; listeners of ``organizations_view`` hear of each account::

    {"name", "email", "organizationId", "rootId", "services": [principal],
     "accounts": [{"id", "name", "email", "state", "joinedMethod", "tags"}],
     "units": [{"name", "id", "accounts": [...], "units": [...]}]}

All of it may be left out; an account may be its id alone. Units that are there by name are added to. What happens to
one account later, below ``organization/accounts``, is done as AWS, the management account's root user or the account's
own does it, events included.
"""

import json
import re
import time

import organizations_accounts
import organizations_api
import organizations_events
import organizations_model as model
import organizations_units
import organizations_wire as wire
from organizations_model import Account, Organization

_ROUTE = re.compile(r"organization(?:/accounts(?:/(\d{12})(?:/(move|close|remove|leave|clean))?)?)?")
_OF_TREE = {"name", "email", "organizationId", "rootId", "services", "accounts", "units"}
_OF_UNIT = {"name", "id", "accounts", "units"}
_OF_ACCOUNT = {"id", "name", "email", "state", "joinedMethod", "tags"}
_ACCOUNT_ID = re.compile(r"\d{12}")


def _known(given: dict, names: set[str]) -> dict:
    if unknown := sorted(set(given) - names):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(names))}")
    return given


def _of_management(account_id: str) -> Organization:
    found = model.of_account(account_id)
    if found is None or found.management != account_id:
        raise ValueError(f"{account_id} is no management account of an organization")
    return found


def _new_account(given: dict | str, parent: str) -> Account:
    given = _known({"id": given} if isinstance(given, str) else given, _OF_ACCOUNT)
    account_id = given.get("id") or organizations_accounts.new_account_id()
    state, method = given.get("state", model.ACTIVE), given.get("joinedMethod", "CREATED")
    if not _ACCOUNT_ID.fullmatch(account_id) or state not in model.STATES or method not in ("CREATED", "INVITED"):
        raise ValueError(f"an account has an id of 12 digits, a state of {', '.join(model.STATES)} and a joinedMethod "
                         "CREATED or INVITED")
    return Account(account_id, given.get("name", f"account {account_id}"),
                   given.get("email", f"{account_id}@accounts.example.com"), parent, state, method,
                   tags=dict(given.get("tags", {})))


def _fill(organization: Organization, parent: str, given: dict) -> None:
    for account in given.get("accounts", []):
        organization.add(_new_account(account, parent))
    for unit in given.get("units", []):
        _known(unit, _OF_UNIT)
        there = [found for found in organization.units.values() if (found.parent, found.name) == (parent, unit["name"])]
        made = there[0] if there else organizations_units.create(organization, unit["name"], parent, unit.get("id"))
        _fill(organization, made.id, unit)


def _build(account_id: str, tree: dict) -> dict:
    _known(tree, _OF_TREE)
    organization = model.of_account(account_id)
    if organization is None:
        named = {name: tree[name] for name in ("name", "email") if name in tree}
        management = _new_account({"id": account_id, **named}, "")
        organization = model.create(account_id, management.name, management.email, tree.get("organizationId"),
                                    tree.get("rootId"))
    organization = _of_management(account_id)
    for service in tree.get("services", []):
        organization.trust(service, True)
    _fill(organization, organization.root, tree)
    return shown(organization)


def _unit_path(organization: Organization, parent: str) -> str:
    names = [organization.units[unit].name for unit in organization.ancestors(parent)[:-1]]
    return "/".join(reversed(names))


def shown(organization: Organization) -> dict:
    """An organization with its units by path of names, and its accounts by id."""
    return {
        "organizationId": organization.id, "rootId": organization.root, "managementAccount": organization.management,
        "services": sorted(organization.services),
        "units": {_unit_path(organization, unit): unit for unit in organization.units},
        "accounts": {account.id: {"name": account.name, "email": account.email, "state": account.state,
                                  "parent": account.parent, "unit": _unit_path(organization, account.parent),
                                  "joinedMethod": account.joined_method}
                     for account in organization.accounts.values()}}


def _parent(organization: Organization, named: str) -> str:
    """A root or unit by its id, or a unit by its path of names; nothing is the root."""
    if not named or organization.has_parent(named):
        return named or organization.root
    for unit in organization.units:
        if _unit_path(organization, unit) == named:
            return unit
    raise ValueError(f"no unit {named}")


def _move(organization: Organization, account: Account, parent: str) -> None:
    organizations_api.perform(organization.management, "MoveAccount", {
        "AccountId": account.id, "SourceParentId": account.parent, "DestinationParentId": parent})


def _arrive(organization: Organization, given: dict) -> dict:
    """An account comes, as all do, into the root, and is then moved."""
    parent = _parent(organization, given.pop("parent", ""))
    account = _new_account(given, organization.root)
    organizations_accounts.join(organization, account)
    if account.joined_method == "CREATED":
        now = time.time()
        organizations_events.create_account_result(organization, {
            "Id": model.new_id("car-", 32), "AccountName": account.name, "AccountId": account.id, "State": "SUCCEEDED",
            "RequestedTimestamp": now, "CompletedTimestamp": now})
    if parent != organization.root:
        _move(organization, account, parent)
    return shown(organization)


def _change(organization: Organization, account: Account, given: dict) -> dict:
    _known(given, {"state", "name", "email"})
    if given.get("state", account.state) not in model.STATES:
        raise ValueError(f"a state is one of {', '.join(model.STATES)}")
    account.name, account.email = given.get("name", account.name), given.get("email", account.email)
    organization.set_state(account, given.get("state", account.state))
    return shown(organization)


def _do(organization: Organization, account: Account, deed: str, given: dict) -> dict:
    if deed == "move":
        _move(organization, account, _parent(organization, given.get("parent", "")))
    elif deed == "leave":
        organizations_api.perform(account.id, "LeaveOrganization", {})
    elif deed == "clean":
        organizations_accounts.clean_away(organization, account)
    else:
        action = {"close": "CloseAccount", "remove": "RemoveAccountFromOrganization"}[deed]
        organizations_api.perform(organization.management, action, {"AccountId": account.id})
    return shown(organization)


def _answer(method: str, name: str, account_id: str, deed: str | None, given: dict) -> dict | None:
    if method == "POST" and name == "organization":
        return _build(account_id, given)
    organization = model.of_account(account_id)
    if organization is None:
        raise ValueError(f"account {account_id} is in no organization")
    if method == "GET" and name == "organization":
        return shown(organization)
    if method == "POST" and name == "organization/accounts":
        return _arrive(_of_management(account_id), given)
    account = organization.accounts[account_id]
    if method == "POST" and deed:
        return _do(organization, account, deed, given)
    if method == "PUT" and name.endswith(account_id):
        return _change(organization, account, given)
    return None


def answer(method: str, name: str, query: dict, body: bytes) -> tuple[int, dict] | None:
    """Status and value for a route about organizations, None for any other."""
    found = _ROUTE.fullmatch(name)
    if not found:
        return None
    account_id, deed = found[1] or query.get("account", [""])[0], found[2]
    try:
        value = _answer(method, name, account_id, deed, json.loads(body or b"{}"))
    except (ValueError, TypeError, AttributeError, KeyError, wire.Refused) as problem:
        return 400, {"message": str(problem)}
    return (200, value) if value is not None else None
