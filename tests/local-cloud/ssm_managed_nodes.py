"""Systems Manager: which instances are managed nodes, and DescribeInstanceInformation.

An instance is a managed node if its agent is there (``ssm_agents``) and may register: the role of its instance profile
allows ``ssm:UpdateInstanceInformation``, as AmazonSSMManagedInstanceCore does, or else Default Host Management is on,
its role does, and the agent is version 3.2.582.0 or later ("Configure instance permissions required for Systems
Manager"). A node that is stopped, or whose agent is offline, stays in the list with ConnectionLost; a terminated one
leaves it. A node counts as registered before only here: there is no registration that outlives a lost permission.

Not played: IMDSv2 as a condition of Default Host Management, activations, associations.
"""

import time

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, iam

import emulator
import ssm_agents
import ssm_api
import ssm_host_management
from iam_authorization import role_allows
from ssm_api import Caller, SsmError

_ACTION = "ssm:UpdateInstanceInformation"
_FIRST_VERSION_FOR_HOST_MANAGEMENT = (3, 2, 582, 0)

emulator.require(ec2, "_instances", "_resource_matches_tag_filters", "_INSTANCE_ID_RE")
emulator.require(iam, "_roles", "_lookup_instance_profile")


class _Permissions:
    """Which roles may register an instance, asked once per request."""

    def __init__(self):
        self.known: dict[str, bool] = {}
        self.profiles: dict[str, str | None] = {}
        self.host_management = ssm_host_management.role()

    def role_of_profile(self, arn: str) -> str | None:
        """The role in an instance profile."""
        if arn not in self.profiles:
            profile = iam._lookup_instance_profile(arn=arn)
            self.profiles[arn] = profile["Roles"][0] if profile and profile["Roles"] else None
        return self.profiles[arn]

    def may_register(self, role_name: str | None) -> bool:
        """Whether a role lets an agent register."""
        role = iam._roles.get(role_name) if role_name else None
        if role is None:
            return False
        if role_name not in self.known:
            resource = f"arn:aws:ec2:{get_region()}:{get_account_id()}:instance/*"
            self.known[role_name] = role_allows(role["Arn"], _ACTION, resource, get_region())
        return self.known[role_name]


def _registered_role(instance: dict, permissions: _Permissions) -> str | None:
    """The role by which an instance is a managed node, or None."""
    agent = ssm_agents.on(instance)
    if agent.status == "absent" or instance["State"]["Name"] == "terminated":
        return None
    profile = instance.get("IamInstanceProfile")
    own = permissions.role_of_profile(profile["Arn"]) if profile else None
    if permissions.may_register(own):
        return own
    host_management = permissions.host_management
    if agent.version_numbers() >= _FIRST_VERSION_FOR_HOST_MANAGEMENT and permissions.may_register(host_management):
        return host_management
    return None


def _information(instance: dict, role_name: str) -> dict:
    agent = ssm_agents.on(instance)
    online = agent.status == "online" and instance["State"]["Name"] == "running"
    return {"InstanceId": instance["InstanceId"], "PingStatus": "Online" if online else "ConnectionLost",
            "LastPingDateTime": time.time() - (0 if online else 3600), "AgentVersion": agent.version,
            "IsLatestVersion": agent.version == ssm_agents.VERSION, "PlatformType": agent.platform_type,
            "PlatformName": agent.platform_name, "PlatformVersion": agent.platform_version,
            "ResourceType": "EC2Instance", "IPAddress": instance.get("PrivateIpAddress", ""),
            "ComputerName": instance.get("PrivateDnsName", ""), "IamRole": role_name,
            "SourceId": instance["InstanceId"], "SourceType": "AWS::EC2::Instance"}


_FILTERS = {"InstanceIds": "InstanceId", "PingStatus": "PingStatus", "PlatformTypes": "PlatformType",
            "AgentVersion": "AgentVersion", "ResourceType": "ResourceType", "IamRole": "IamRole",
            "SourceIds": "SourceId", "SourceTypes": "SourceType"}


def _filters(request: dict) -> dict[str, list[str]]:
    newer, older = request.get("Filters") or [], request.get("InstanceInformationFilterList") or []
    if newer and older:
        raise SsmError("ValidationException", "Filters and InstanceInformationFilterList cannot be used together.")
    found = {entry["Key"]: list(entry["Values"]) for entry in newer}
    found |= {entry["key"]: list(entry["valueSet"]) for entry in older}
    by_tag = [key for key in found if key.startswith("tag:") or key == "tag-key"]
    for key in found:
        if key not in _FILTERS and key not in by_tag:
            raise SsmError("InvalidFilterKey", f"The specified filter key {key} is not valid.")
    if by_tag and len(by_tag) < len(found):
        raise SsmError("InvalidFilterKey", "Tag filters cannot be combined with other filter types.")
    for instance_id in found.get("InstanceIds", ()):
        if not ec2._INSTANCE_ID_RE.match(instance_id) and not instance_id.startswith("mi-"):
            raise SsmError("InvalidInstanceInformationFilterValue", f"The filter value {instance_id} is not valid.")
    return found


def _candidates(filters: dict[str, list[str]]) -> list[dict]:
    if "InstanceIds" in filters:
        found = (ec2._instances.get(instance_id) for instance_id in dict.fromkeys(filters["InstanceIds"]))
        return [instance for instance in found if instance is not None]
    instances = ec2._instances.values()
    if any(key not in _FILTERS for key in filters):
        instances = [instance for instance in instances
                     if ec2._resource_matches_tag_filters(instance["InstanceId"], filters)]
    return instances


def _describe(request: dict, _caller: Caller) -> dict:
    filters, permissions = _filters(request), _Permissions()
    nodes = [(instance, role_name) for instance in _candidates(filters)
             if (role_name := _registered_role(instance, permissions))]
    fields = {_FILTERS[key]: values for key, values in filters.items() if key in _FILTERS}
    if fields:
        nodes = [node for node in nodes if (information := _information(*node))
                 and all(information[field] in values for field, values in fields.items())]
    shown, more = ssm_api.page(request, nodes, 5, 50, 10)
    return {"InstanceInformationList": [_information(*node) for node in shown], **more}


def install() -> None:
    """Answer DescribeInstanceInformation."""
    ssm_api.serve({"DescribeInstanceInformation": _describe})
    ssm_api.on_reset(ssm_agents.reset)
