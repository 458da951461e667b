"""AWS Organizations: organizational units, and the tags of units, accounts and the root.

Quotas: five levels of units below the root, 2,000 units, 50 tags.
"""

import organizations_api
import organizations_wire as wire
from organizations_api import MANAGEMENT, READER
from organizations_model import Organization, lock
from organizations_reads import shown_unit

_LEVELS, _UNITS, _TAGS = 5, 2_000, 50


def constraint(reason: str, message: str) -> wire.Refused:
    """A refusal of what a limit forbids."""
    return wire.Refused("ConstraintViolationException", message, reason)


def _check_name(organization: Organization, parent: str, name: str, but: str | None = None) -> None:
    if any(unit.parent == parent and unit.name == name and unit.id != but for unit in organization.units.values()):
        raise wire.Refused("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")


def create(organization: Organization, name: str, parent: str, unit_id: str | None = None):
    """A new unit, within the quotas."""
    with lock:
        _check_name(organization, parent, name)
        if len(organization.ancestors(parent)) > _LEVELS:
            raise constraint("OU_DEPTH_LIMIT_EXCEEDED",
                             "You attempted to create an OU tree that is too many levels deep.")
        if len(organization.units) >= _UNITS:
            raise constraint("OU_NUMBER_LIMIT_EXCEEDED",
                             "You attempted to exceed the number of OUs that you can have in an organization.")
        return organization.add_unit(name, parent, unit_id)


def _create(call: wire.Call) -> dict:
    parent = call.parent("ParentId", "ParentNotFoundException")
    tags = _given_tags(call)
    unit = create(call.organization, call.request["Name"], parent)
    unit.tags.update(tags)
    return {"OrganizationalUnit": shown_unit(call.organization, unit)}


def _update(call: wire.Call) -> dict:
    unit, name = call.unit(), call.request.get("Name")
    if name:
        _check_name(call.organization, unit.parent, name, but=unit.id)
        unit.name = name
    return {"OrganizationalUnit": shown_unit(call.organization, unit)}


def _delete(call: wire.Call) -> dict:
    unit = call.unit()
    with lock:
        inside = [*call.organization.units.values(), *call.organization.accounts.values()]
        if any(item.parent == unit.id for item in inside):
            raise wire.Refused("OrganizationalUnitNotEmptyException", "The specified OU is not empty. Move all "
                               "accounts to another root or to other OUs, remove all child OUs, and try the operation "
                               "again.")
        del call.organization.units[unit.id]
    return {}


def _given_tags(call: wire.Call) -> dict[str, str]:
    """The tags of a request."""
    given = {tag["Key"]: tag["Value"] for tag in call.request.get("Tags", [])}
    if len(given) < len(call.request.get("Tags", [])):
        raise wire.invalid("DUPLICATE_TAG_KEY", "Tag keys must be unique among the tags attached to the same entity.")
    return given


def _tags(call: wire.Call) -> dict[str, str]:
    organization, name = call.organization, call.request["ResourceId"]
    if name == organization.root:
        return organization.root_tags
    if found := organization.accounts.get(name) or organization.units.get(name):
        return found.tags
    raise wire.Refused("TargetNotFoundException", "We can't find a root, OU, account, or policy with the TargetId that "
                                                  "you specified.")


def _tag(call: wire.Call) -> dict:
    tags, given = _tags(call), _given_tags(call)
    if len({*tags, *given}) > _TAGS:
        raise constraint("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource.")
    tags.update(given)
    return {}


def _untag(call: wire.Call) -> dict:
    tags = _tags(call)
    for key in call.request["TagKeys"]:
        tags.pop(key, None)
    return {}


def _list_tags(call: wire.Call) -> dict:
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tags(call).items()]}


def install() -> None:
    """Add the actions."""
    organizations_api.serve(READER, ListTagsForResource=_list_tags)
    organizations_api.serve(
        MANAGEMENT, CreateOrganizationalUnit=_create, UpdateOrganizationalUnit=_update,
        DeleteOrganizationalUnit=_delete, TagResource=_tag, UntagResource=_untag)
