"""StackSets: which accounts a request means.

Self-managed stack sets take account ids. Service-managed ones take roots or organizational units, children included,
narrowed or widened by AccountFilterType; the management account is never among them.
"""

from ministack.services import organizations

import emulator
import stacksets
import stacksets_wire as wire

_MOST_UNITS = 50

emulator.require(organizations, "_accounts", "_ous", "_ensure_org")


def _refuse(message: str):
    return wire.refusal("ValidationError", message)


def _lineage(account: dict) -> list[str]:
    """The units and the root above an account."""
    above, place = [], account.get("_ParentId")
    while place:
        above.append(place)
        place = (organizations._ous.get(place) or {}).get("_ParentId")
    return above


def _in_units(units: list[str]) -> dict[str, str]:
    """Account → the asked unit that it is in."""
    found = {}
    for account_id, account in organizations._accounts.items():
        for unit in _lineage(account):
            if unit in units:
                found[account_id] = unit
                break
    return found


def _service_managed(stack_set: stacksets.StackSet, targets: dict) -> list[tuple[str, str]]:
    organizations._ensure_org()
    units, accounts = targets.get("OrganizationalUnitIds", []), targets.get("Accounts", [])
    filtered = targets.get("AccountFilterType", "UNION" if accounts else "NONE")
    if not units:
        raise _refuse("OrganizationalUnitIds should be specified in SERVICE_MANAGED mode")
    if len(units) > _MOST_UNITS:
        raise _refuse(f"A maximum number of {_MOST_UNITS} OrganizationalUnitIds can be specified")
    if (filtered == "NONE") == bool(accounts):
        raise _refuse("Accounts should be specified when Account-level Targeting is enabled")
    inside = _in_units(units)
    inside.pop(stack_set.account, None)
    if filtered == "UNION":
        inside |= {account: "" for account in accounts if account not in inside}
    chosen = {"INTERSECTION": lambda account: account in accounts,
              "DIFFERENCE": lambda account: account not in accounts}.get(filtered, lambda account: True)
    return [(account, unit) for account, unit in sorted(inside.items()) if chosen(account)]


def accounts(stack_set: stacksets.StackSet, request: dict) -> list[tuple[str, str]]:
    """Account ids with the organizational unit that each was reached by."""
    targets = request.get("DeploymentTargets")
    if request.get("Accounts") and targets:
        raise _refuse("You can specify Accounts or DeploymentTargets, but not both")
    if stack_set.permission_model == stacksets.SERVICE_MANAGED:
        if targets is None:
            raise _refuse("DeploymentTargets should be specified")
        return _service_managed(stack_set, targets)
    if targets is not None and set(targets) - {"Accounts"}:
        raise _refuse("StackSets with SELF_MANAGED permission model can only have accounts as targets")
    named = request.get("Accounts") or (targets or {}).get("Accounts") or []
    if not named:
        raise _refuse("You must specify at least one account in Accounts")
    return [(account, "") for account in dict.fromkeys(named)]
