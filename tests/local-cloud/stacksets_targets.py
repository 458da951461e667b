"""StackSets: which accounts and instances a request means.

Self-managed stack sets take account ids. Service-managed ones take roots or organizational units, children included,
narrowed or widened by AccountFilterType; the management account is never among them. Requests about instances that
exist also mean those of accounts that have gone from a unit by which they were reached, which AWS does not document.
The words of refusals are those of the source of AWS's resource type where it has the rule too.
"""

import organizations_view
import stacksets
import stacksets_wire as wire

_MOST_UNITS = 50


def _refuse(message: str) -> wire.Refused:
    return wire.refusal("ValidationError", message)


def _in_units(stack_set: stacksets.StackSet, units: list[str]) -> dict[str, str]:
    """Account → the nearest asked unit that it is in."""
    found = {}
    for unit in units:
        if not organizations_view.has_parent(stack_set.account, unit):
            raise _refuse(f"OrganizationalUnitIds [{unit}] do not exist in the organization")
        for account in organizations_view.accounts_in(unit):
            found[account.id] = next(above for above in organizations_view.ancestors(account.id) if above in units)
    found.pop(stack_set.account, None)
    return found


def _filter(targets: dict, creating: bool) -> str:
    """How the accounts of a request narrow or widen its units."""
    accounts, given = targets.get("Accounts", []), targets.get("AccountFilterType")
    if "AccountsUrl" in targets:
        raise _refuse("The local cloud plays no AccountsUrl")
    if creating and accounts and given in (None, "NONE"):
        raise _refuse("AccountFilterType should be specified when both OrganizationalUnitIds and Accounts are provided")
    if creating and given == "UNION":
        raise _refuse("UNION is not supported for CreateStackInstances operations")
    chosen = given or ("UNION" if accounts else "NONE")
    if chosen == "NONE" and accounts:
        raise _refuse("Accounts should not be specified with AccountFilterType NONE")
    if chosen != "NONE" and not accounts:
        raise _refuse("Accounts should be specified when Account-level Targeting is enabled")
    return chosen


def units(targets: dict) -> list[str]:
    """The roots and units of a service-managed request."""
    found = targets.get("OrganizationalUnitIds", [])
    if not found:
        raise _refuse("OrganizationalUnitIds should be specified in SERVICE_MANAGED mode")
    if len(found) > _MOST_UNITS:
        raise _refuse(f"A maximum number of {_MOST_UNITS} OrganizationalUnitIds can be specified")
    return found


def _filtered(inside: dict[str, str], targets: dict, creating: bool = False) -> dict[str, str]:
    kind, accounts = _filter(targets, creating), targets.get("Accounts", [])
    if kind == "UNION":
        return inside | {account: "" for account in accounts if account not in inside}
    keep = {"INTERSECTION": lambda account: account in accounts, "DIFFERENCE": lambda account: account not in accounts}
    return {account: unit for account, unit in inside.items() if keep.get(kind, lambda _: True)(account)}


def _named(stack_set: stacksets.StackSet, request: dict) -> dict[str, str] | None:
    """The accounts that a self-managed request names; None for a service-managed one, checked so far."""
    targets = request.get("DeploymentTargets")
    if request.get("Accounts") and targets:
        raise _refuse("You can specify Accounts or DeploymentTargets, but not both")
    if stack_set.service_managed:
        if targets is None:
            raise _refuse("DeploymentTargets should be specified")
        return None
    if targets is not None and set(targets) - {"Accounts"}:
        raise _refuse("StackSets with SELF_MANAGED permission model can only have accounts as targets")
    named = request.get("Accounts") or (targets or {}).get("Accounts") or []
    if not named:
        raise _refuse("You must specify at least one account in Accounts")
    return dict.fromkeys(named, "")


def accounts(stack_set: stacksets.StackSet, request: dict) -> dict[str, str]:
    """The accounts that instances are to be created in, each with the unit that it was reached by."""
    named = _named(stack_set, request)
    if named is not None:
        return named
    targets = request["DeploymentTargets"]
    return dict(sorted(_filtered(_in_units(stack_set, units(targets)), targets, creating=True).items()))


def known(stack_set: stacksets.StackSet, request: dict) -> list[stacksets.Instance]:
    """The instances there are that a request means."""
    chosen = _named(stack_set, request)
    if chosen is None:
        targets = request["DeploymentTargets"]
        asked = units(targets)
        gone = {instance.account: instance.organizational_unit for instance in stack_set.instances
                if instance.organizational_unit in asked}
        chosen = _filtered(gone | _in_units(stack_set, asked), targets)
    return [instance for instance in stack_set.instances
            if instance.account in chosen and instance.region in request["Regions"]]


def remember(stack_set: stacksets.StackSet, request: dict) -> None:
    """From now on accounts that come into the units of this request get instances in its regions.

    Account filters are not looked at: "Automatic deployments do not consider account level targeting filters".
    """
    for unit in request["DeploymentTargets"].get("OrganizationalUnitIds", []):
        regions = stack_set.targets.setdefault(unit, [])
        regions += [region for region in request["Regions"] if region not in regions]


def forget(stack_set: stacksets.StackSet, request: dict, gone: list[stacksets.Instance]) -> None:
    """Deleting all instances of a unit in a region ends its being a target there; AWS does not say what does.

    Deleting those of single accounts (INTERSECTION) never does.
    """
    if request["DeploymentTargets"].get("AccountFilterType") == "INTERSECTION":
        return
    for unit in request["DeploymentTargets"].get("OrganizationalUnitIds", []):
        left = {instance.region for instance in stack_set.instances
                if instance.organizational_unit == unit and instance not in gone}
        kept = [region for region in stack_set.targets.get(unit, [])
                if region not in request["Regions"] or region in left]
        stack_set.targets.pop(unit, None)
        if kept:
            stack_set.targets[unit] = kept
