"""AWS::CloudFormation::StackSet with AccountFilterType: which requests about instances come of it.

As AltResourceModelAnalyzer and AltStackInstancesCalculator in the source of AWS's handlers have it: every region is a
request, and so an operation, of its own, one after the other whatever RegionConcurrencyType says; a unit that stays is
updated in each region with every update of the resource. Of a unit that changes its filter only the accounts that are
lost or won are deleted or created.
"""

from dataclasses import dataclass

import stacksets

NONE, INTERSECTION, DIFFERENCE = "NONE", "INTERSECTION", "DIFFERENCE"
_Request = tuple[dict, list | None]


class Invalid(ValueError):
    """Properties that the handler refuses."""


@dataclass(frozen=True)
class _Filter:
    """Which accounts of a unit are meant."""

    kind: str = NONE
    accounts: frozenset[str] = frozenset()

    def members(self, unit: str) -> dict | None:
        """It in a request; None where it means no account at all."""
        if not self.accounts:
            return None if self.kind == INTERSECTION else {"OrganizationalUnitIds": [unit], "AccountFilterType": NONE}
        return {"OrganizationalUnitIds": [unit], "Accounts": sorted(self.accounts), "AccountFilterType": self.kind}


def _groups(props: dict | None) -> list[dict]:
    return (props or {}).get("StackInstancesGroup") or []


def filtered(props: dict) -> bool:
    """Whether any of the groups has an AccountFilterType."""
    return props.get("PermissionModel") == stacksets.SERVICE_MANAGED and any(
        (group.get("DeploymentTargets") or {}).get("AccountFilterType") for group in _groups(props))


def _check(props: dict | None) -> None:
    for group in _groups(props):
        targets = group.get("DeploymentTargets") or {}
        kind, accounts = targets.get("AccountFilterType", NONE), targets.get("Accounts")
        if not targets.get("OrganizationalUnitIds"):
            raise Invalid("OrganizationalUnitIds should be specified in SERVICE_MANAGED mode")
        if kind not in (NONE, INTERSECTION, DIFFERENCE):
            raise Invalid(f"{kind} is not a valid AccountFilterType")
        if filtered(props) and kind == NONE and accounts:
            raise Invalid("AccountFilterType should be specified when both OrganizationalUnitIds and Accounts are "
                          "provided")
        if kind != NONE and not accounts:
            raise Invalid("Accounts should be specified when Account-level Targeting is enabled")


def _by_region(props: dict | None) -> dict[str, list[dict]]:
    """Region → groups, regions in RegionOrder first."""
    found = {}
    for group in _groups(props):
        for region in group["Regions"]:
            found.setdefault(region, []).append(group)
    order = ((props or {}).get("OperationPreferences") or {}).get("RegionOrder") or []
    return {region: found[region] for region in [*[name for name in order if name in found],
                                                 *[name for name in found if name not in order]]}


def _whole(region: str, groups: list[dict]) -> list[_Request]:
    return [({"Regions": [region], "DeploymentTargets": group["DeploymentTargets"]}, group.get("ParameterOverrides"))
            for group in groups]


def _overrides(by_region: dict[str, list[dict]]) -> dict[str, list | None]:
    """Unit → its overrides, of which it may have one list only."""
    found = {}
    for groups in by_region.values():
        for group in groups:
            overrides = group.get("ParameterOverrides")
            for unit in group["DeploymentTargets"]["OrganizationalUnitIds"]:
                if found.setdefault(unit, overrides) is not overrides:
                    raise Invalid("An OrganizationalUnitIds cannot be associated with more than one Parameters set")
    return found


def _filters(groups: list[dict]) -> dict[str, _Filter]:
    """Unit → the filters of all groups merged into one."""
    found = {}
    for group in groups:
        targets = group["DeploymentTargets"]
        kind, accounts = targets.get("AccountFilterType", NONE), frozenset(targets.get("Accounts") or ())
        for unit in targets["OrganizationalUnitIds"]:
            of_unit = found.setdefault(unit, {})
            merge = accounts.union if kind == INTERSECTION else accounts.intersection
            of_unit[kind] = merge(of_unit[kind]) if kind in of_unit else accounts
    return {unit: _merged(of_unit) for unit, of_unit in found.items()}


def _merged(of_unit: dict[str, frozenset[str]]) -> _Filter:
    if NONE in of_unit:
        return _Filter()
    if DIFFERENCE in of_unit:
        return _Filter(DIFFERENCE, of_unit[DIFFERENCE] - of_unit.get(INTERSECTION, frozenset()))
    return _Filter(INTERSECTION, of_unit[INTERSECTION])


def _without(one: _Filter, other: _Filter) -> _Filter:
    """What ``one`` means and ``other`` does not."""
    inverse = {INTERSECTION: DIFFERENCE, DIFFERENCE: INTERSECTION}
    if other.kind == NONE:
        return _Filter(INTERSECTION)
    return _both(one, _Filter(inverse[other.kind], other.accounts))


def _both(one: _Filter, other: _Filter) -> _Filter:
    """What both mean."""
    if NONE in (one.kind, other.kind):
        return other if one.kind == NONE else one
    if one.kind == other.kind == DIFFERENCE:
        return _Filter(DIFFERENCE, one.accounts | other.accounts)
    if one.kind == other.kind:
        return _Filter(INTERSECTION, one.accounts & other.accounts)
    few, less = (one, other) if one.kind == INTERSECTION else (other, one)
    return _Filter(INTERSECTION, few.accounts - less.accounts)


def _shared(region: str, before: list[dict], wanted: list[dict], overrides: dict[str, list | None]) -> tuple:
    old, new = _filters(before), _filters(wanted)
    nothing = _Filter(INTERSECTION)
    delete, create, update = [], [], []

    def add(requests: list[_Request], unit: str, chosen: _Filter, values: list | None) -> None:
        if members := chosen.members(unit):
            requests.append(({"Regions": [region], "DeploymentTargets": members}, values))

    for unit in {**old, **new}:
        one, other = old.get(unit, nothing), new.get(unit, nothing)
        add(delete, unit, _without(one, other), None)
        add(create, unit, _without(other, one), overrides.get(unit))
        add(update, unit, _both(one, other), overrides.get(unit))
    return delete, create, update


def changes(before: dict | None, wanted: dict | None) -> tuple[list[_Request], list[_Request], list[_Request]]:
    """Requests that delete, create and update instances, in their order."""
    _check(before)
    _check(wanted)
    old, new = _by_region(before), _by_region(wanted)
    overrides = _overrides(new)
    delete = [request for region in old if region not in new for request in _whole(region, old[region])]
    create = [request for region in new if region not in old for request in _whole(region, new[region])]
    update = []
    for region in (name for name in new if name in old):
        for requests, more in zip((delete, create, update), _shared(region, old[region], new[region], overrides),
                                  strict=True):
            requests += more
    return delete, create, update
