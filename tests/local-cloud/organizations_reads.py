"""AWS Organizations: its actions that read the tree.

``State`` tells of an account; ``Status``, which AWS has retired on 2026-09-09, only by the switch
``organizationsStatusField``. ``Paths`` and ``Path`` are entity paths of ids.
"""

import organizations_api
import organizations_model
import organizations_wire as wire
import switches
from organizations_api import MEMBER, READER
from organizations_model import Account, Organization, Unit
from organizations_pages import page

_POLICY_TYPES = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
_STATUS = {organizations_model.ACTIVE: "ACTIVE", organizations_model.PENDING_CLOSURE: "PENDING_CLOSURE"}


def shown_account(organization: Organization, account: Account) -> dict:
    """An Account of the API."""
    status = {"Status": _STATUS.get(account.state, "SUSPENDED")} if switches.get("organizationsStatusField") else {}
    return {"Id": account.id, "Arn": organization.arn("account", account.id), "Email": account.email,
            "Name": account.name, "State": account.state, **status,
            "Paths": [organization.path(account.parent, account.id)],
            "JoinedMethod": account.joined_method, "JoinedTimestamp": account.joined}


def shown_unit(organization: Organization, unit: Unit) -> dict:
    """An OrganizationalUnit of the API."""
    return {"Id": unit.id, "Arn": organization.arn("ou", unit.id), "Name": unit.name,
            "Path": organization.path(unit.id)}


def shown_organization(organization: Organization) -> dict:
    """An Organization of the API."""
    management = organization.management
    return {"Id": organization.id, "Arn": f"arn:aws:organizations::{management}:organization/{organization.id}",
            "FeatureSet": "ALL", "MasterAccountArn": organization.arn("account", management),
            "MasterAccountId": management, "MasterAccountEmail": organization.accounts[management].email,
            "AvailablePolicyTypes": _POLICY_TYPES}


def _describe_organization(call: wire.Call) -> dict:
    return {"Organization": shown_organization(call.organization)}


def _describe_account(call: wire.Call) -> dict:
    return {"Account": shown_account(call.organization, call.account())}


def _describe_unit(call: wire.Call) -> dict:
    return {"OrganizationalUnit": shown_unit(call.organization, call.unit())}


def _accounts(call: wire.Call, name: str, items: list) -> dict:
    return page(call, name, items, lambda account: shown_account(call.organization, account))


def _within(call: wire.Call, items: dict) -> list:
    parent = call.parent("ParentId", "ParentNotFoundException")
    return [item for item in list(items.values()) if item.parent == parent]


def _list_accounts(call: wire.Call) -> dict:
    return _accounts(call, "Accounts", list(call.organization.accounts.values()))


def _list_accounts_for_parent(call: wire.Call) -> dict:
    return _accounts(call, "Accounts", _within(call, call.organization.accounts))


def _list_units_for_parent(call: wire.Call) -> dict:
    return page(call, "OrganizationalUnits", _within(call, call.organization.units),
                lambda unit: shown_unit(call.organization, unit))


def _list_children(call: wire.Call) -> dict:
    kind = call.request["ChildType"]
    items = call.organization.accounts if kind == "ACCOUNT" else call.organization.units
    return page(call, "Children", _within(call, items), lambda item: {"Id": item.id, "Type": kind})


def _list_parents(call: wire.Call) -> dict:
    organization, child_id = call.organization, call.request["ChildId"]
    child = organization.accounts.get(child_id) or organization.units.get(child_id)
    if child is None:
        raise wire.Refused("ChildNotFoundException", "We can't find an organizational unit (OU) or AWS account with "
                                                     "the ChildId that you specified.")
    kind = "ROOT" if child.parent == organization.root else "ORGANIZATIONAL_UNIT"
    return page(call, "Parents", [child], lambda item: {"Id": item.parent, "Type": kind})


def _list_roots(call: wire.Call) -> dict:
    root = call.organization.root
    shown = {"Id": root, "Arn": call.organization.arn("root", root), "Name": "Root", "PolicyTypes": _POLICY_TYPES}
    management = call.organization.accounts[call.organization.management]
    return page(call, "Roots", [management], lambda _: shown)


def install() -> None:
    """Add the actions."""
    organizations_api.serve(MEMBER, DescribeOrganization=_describe_organization)
    organizations_api.serve(
        READER, DescribeAccount=_describe_account, DescribeOrganizationalUnit=_describe_unit,
        ListAccounts=_list_accounts, ListAccountsForParent=_list_accounts_for_parent, ListChildren=_list_children,
        ListOrganizationalUnitsForParent=_list_units_for_parent, ListParents=_list_parents, ListRoots=_list_roots)
