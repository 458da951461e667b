"""EC2: DescribeInstances in pages, with filters that are told apart, and errors that name the instances.

* MaxResults is 5 to 1000 and does not go with instance ids (EC2 API reference, "DescribeInstances").
* Unknown ids fail the whole call with InvalidInstanceID.NotFound, which names all of them; malformed ones with
  InvalidInstanceID.Malformed ("Error codes for the Amazon EC2 API").
* A terminated instance stays visible for the switch ``terminatedVisibleSeconds`` ("usually about an hour").

A filter that AWS knows and this does not is refused like one that AWS does not know.
"""

import fnmatch
import time
from collections.abc import Callable, Iterable

from ministack.core.responses import get_account_id
from ministack.services import ec2

import ec2_api
import ec2_images
import emulator
import switches
from ec2_api import Call, Refused

emulator.require(ec2, "_instances", "_INSTANCE_ID_RE", "_instance_xml", "_cleanup_terminated", "_tags",
                 "_resource_matches_tag_filters")

_FIELDS: dict[str, Callable[[dict], str]] = {
    "architecture": lambda instance: instance["Architecture"],
    "availability-zone": lambda instance: instance["Placement"]["AvailabilityZone"],
    "iam-instance-profile.arn": lambda instance: (instance.get("IamInstanceProfile") or {}).get("Arn", ""),
    "image-id": lambda instance: instance["ImageId"],
    "instance-id": lambda instance: instance["InstanceId"],
    "instance-state-code": lambda instance: str(instance["State"]["Code"]),
    "instance-state-name": lambda instance: instance["State"]["Name"],
    "instance-type": lambda instance: instance["InstanceType"],
    "key-name": lambda instance: instance.get("KeyName", ""),
    "platform": lambda instance: "windows" if ec2_images.platform(instance["ImageId"]).type == "Windows" else "",
    "private-ip-address": lambda instance: instance["PrivateIpAddress"],
    "subnet-id": lambda instance: instance["SubnetId"],
    "vpc-id": lambda instance: instance["VpcId"],
}
_TAG_FILTERS = ("tag-key", "tag-value")


def unknown(instance_ids: list[str]) -> Refused:
    """The refusal of ids that no instance has."""
    if len(instance_ids) == 1:
        return Refused("InvalidInstanceID.NotFound", f"The instance ID '{instance_ids[0]}' does not exist")
    return Refused("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(instance_ids)}' do not exist")


def check_ids(instance_ids: Iterable[str], exists: Callable[[str], bool]) -> None:
    """Refuse ids that are malformed, then those that do not exist."""
    missing = []
    for instance_id in instance_ids:
        if not ec2._INSTANCE_ID_RE.match(instance_id):
            raise Refused("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
        if not exists(instance_id):
            missing.append(instance_id)
    if missing:
        raise unknown(missing)


def _predicate(name: str, values: list[str]) -> Callable[[dict], bool]:
    if name.startswith("tag:") or name in _TAG_FILTERS:
        return lambda instance: ec2._resource_matches_tag_filters(instance["InstanceId"], {name: values})
    field = _FIELDS.get(name)
    if field is None:
        raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
    if any("*" in value or "?" in value for value in values):
        return lambda instance: any(fnmatch.fnmatchcase(field(instance), value) for value in values)
    wanted = set(values)
    return lambda instance: field(instance) in wanted


def _selected(call: Call) -> list[dict]:
    ids = call.numbered("InstanceId")
    if ids and (call.one("MaxResults") or call.one("NextToken")):
        raise Refused("InvalidParameterCombination",
                      "The parameter instancesSet cannot be used with the parameter maxResults")
    ec2._cleanup_terminated()
    predicates = [_predicate(name, values) for name, values in call.filters().items()]
    if ids:
        check_ids(ids, ec2._instances.__contains__)
        instances = [ec2._instances[instance_id] for instance_id in dict.fromkeys(ids)]
    else:
        instances = ec2._instances.values()
    return [instance for instance in instances if all(predicate(instance) for predicate in predicates)]


def _describe(call: Call) -> tuple:
    instances, token = ec2_api.page(call, _selected(call), lambda instance: instance["InstanceId"])
    if call.is_dry_run():
        raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    owner = get_account_id()
    reservations = "".join(
        f"<item><reservationId>r-{instance['InstanceId'][2:]}</reservationId><ownerId>{owner}</ownerId><groupSet/>"
        f"<instancesSet>{ec2._instance_xml(instance)}</instancesSet></item>" for instance in instances)
    return ec2._xml(200, "DescribeInstancesResponse", f"<reservationSet>{reservations}</reservationSet>{token}")


def _forget_terminated() -> None:
    oldest = time.time() - switches.get("terminatedVisibleSeconds")
    for instance_id, instance in ec2._instances.items():
        if instance["State"]["Name"] == "terminated" and instance.get("_terminated_at", 0) < oldest:
            ec2._instances.pop(instance_id, None)
            ec2._tags.pop(instance_id, None)


def install() -> None:
    """Answer DescribeInstances, and decide what is forgotten."""
    ec2_api.serve("DescribeInstances", _describe)
    emulator.replace(ec2, "_cleanup_terminated", _forget_terminated)
