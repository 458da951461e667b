"""AWS::CloudFormation::StackSet: which requests about instances come of a StackInstancesGroup, or of its change.

As the source of AWS's handlers has it. Without account filters, targets and regions are compared one by one and asked
for in as few requests as possible; with one, before or after, ``stacksets_resource_targeting`` decides.
"""

from dataclasses import dataclass, field

import stacksets
import stacksets_resource_targeting as targeting


@dataclass
class Changes:
    """Requests by what they do: members of each, and its overrides where it has any."""

    delete: list[tuple[dict, list | None]] = field(default_factory=list)
    create: list[tuple[dict, list | None]] = field(default_factory=list)
    update: list[tuple[dict, list | None]] = field(default_factory=list)


def _target_name(props: dict) -> str:
    return "Accounts" if props.get("PermissionModel") == stacksets.SELF_MANAGED else "OrganizationalUnitIds"


def _targets(group: dict, props: dict) -> list[str]:
    name = _target_name(props)
    found = (group.get("DeploymentTargets") or {}).get(name)
    if not found:
        model = props["PermissionModel"]
        raise targeting.Invalid(f"{name} should be specified in DeploymentTargets in [{model}] model")
    return found


def _flat(props: dict) -> dict[tuple[str, str], tuple]:
    """(target, region) → overrides."""
    found = {}
    for group in props.get("StackInstancesGroup") or []:
        overrides = tuple(sorted((override["ParameterKey"], str(override["ParameterValue"]))
                                 for override in group.get("ParameterOverrides") or []))
        for target in _targets(group, props):
            for region in group.get("Regions") or []:
                if (target, region) in found:
                    raise targeting.Invalid(f"Stack instance [{target},{region}] is duplicated")
                found[target, region] = overrides
    return found


def _requests(places: dict[tuple[str, str], tuple], props: dict) -> list[tuple[dict, list | None]]:
    """As few requests as possible, each with its overrides."""
    regions, targets = {}, {}
    for (target, region), overrides in places.items():
        regions.setdefault((target, overrides), []).append(region)
    for (target, overrides), names in regions.items():
        targets.setdefault((tuple(names), overrides), []).append(target)
    return [({"Regions": list(names), "DeploymentTargets": {_target_name(props): chosen}},
             [{"ParameterKey": key, "ParameterValue": value} for key, value in overrides])
            for (names, overrides), chosen in targets.items()]


def changes(before: dict | None, wanted: dict | None) -> Changes:
    """The requests from one set of properties to another; None is before the resource is made, or after it is gone."""
    if any(targeting.filtered(props) for props in (before, wanted) if props):
        return Changes(*targeting.changes(before, wanted))
    old, new = ({} if props is None else _flat(props) for props in (before, wanted))
    props = wanted or before
    return Changes(
        delete=_requests({place: overrides for place, overrides in old.items() if place not in new}, props),
        create=_requests({place: overrides for place, overrides in new.items() if place not in old}, props),
        update=_requests({place: overrides for place, overrides in new.items()
                          if old.get(place, overrides) != overrides}, props))
