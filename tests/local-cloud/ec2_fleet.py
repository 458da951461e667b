"""EC2: many instances at once, and instances that vanish, by the admin API.

``POST /_local_cloud/instances?account=&region=`` takes a list of ``{count, imageId, instanceType, instanceProfile,
tags, state, events, agent}``, all but ``count`` optional: ``instanceProfile`` is a name, ``state`` one of running,
stopped and terminated, ``events`` asks for state-change events, ``agent`` is as ``ssm_agents`` takes it. The answer
lists the ids, group by group. Such instances are not new: they are taggable at once.

``DELETE /_local_cloud/instances/{id}?account=&region=`` takes one away as if it had never been.
"""

import time

from ministack.core.responses import request_scope
from ministack.services import ec2

import ec2_events
import emulator
import ssm_agents

emulator.require(ec2, "_launch_instances_internal", "_resolve_iam_instance_profile", "_tags", "_instances",
                 "_ensure_defaults_initialized", "_DEFAULT_SUBNET_ID", "_upsert_iam_instance_profile_association",
                 "_volumes", "_iam_instance_profile_associations")

_DEFAULTS = {"imageId": "ami-0c2023a1b2c3d4e5f", "instanceType": "t3.micro", "instanceProfile": None, "tags": {},
             "state": "running", "events": False, "agent": None}
_STATES = {"running": 16, "stopped": 80, "terminated": 48}


def _checked(group: dict) -> dict:
    if not isinstance(group.get("count"), int) or set(group) - {"count", *_DEFAULTS}:
        raise ValueError(f"a group has count and any of {', '.join(sorted(_DEFAULTS))}")
    group = {**_DEFAULTS, **group}
    if group["state"] not in _STATES:
        raise ValueError(f"state is one of {', '.join(_STATES)}")
    return group


def _launch(group: dict) -> list[dict]:
    profile = None
    if group["instanceProfile"]:
        profile, problem = ec2._resolve_iam_instance_profile(iam_name=group["instanceProfile"])
        if problem:
            raise ValueError(f"no instance profile {group['instanceProfile']}")
    instances = ec2._launch_instances_internal(
        group["imageId"], group["instanceType"], ec2._DEFAULT_SUBNET_ID, group["count"], iam_profile=profile)
    for instance in instances:
        instance["_launched_at"] = 0
        instance["State"] = {"Code": _STATES[group["state"]], "Name": group["state"]}
        if group["state"] == "terminated":
            instance["_terminated_at"] = time.time()
        if group["tags"]:
            ec2._tags[instance["InstanceId"]] = [{"Key": key, "Value": value} for key, value in group["tags"].items()]
        if group["agent"]:
            ssm_agents.put(instance["InstanceId"], group["agent"])
    return instances


def create(account_id: str, region: str, groups: list[dict]) -> list[list[str]]:
    """Make instances; their ids, group by group."""
    checked = [_checked(group) for group in groups]
    with request_scope(account_id, region):
        ec2._ensure_defaults_initialized()
        made = [[instance["InstanceId"] for instance in _launch(group)] for group in checked]
    for group, ids in zip(checked, made, strict=True):
        for instance_id in ids if group["events"] else ():
            ec2_events.state_changed(account_id, region, instance_id, group["state"])
    return made


def delete(account_id: str, region: str, instance_id: str) -> bool:
    """Take an instance away, with all that is its own; False if there is none."""
    with request_scope(account_id, region):
        instance = ec2._instances.pop(instance_id, None)
        if instance is None:
            return False
        ec2._tags.pop(instance_id, None)
        ec2._iam_instance_profile_associations.pop(instance.get("IamInstanceProfileAssociationId"), None)
        for mapping in instance.get("BlockDeviceMappings", ()):
            ec2._volumes.pop(mapping["Ebs"]["VolumeId"], None)
        ssm_agents.forget(instance_id)
    return True
