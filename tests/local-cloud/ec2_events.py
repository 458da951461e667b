"""EC2: "EC2 Instance State-change Notification" events on the account's default bus (EC2 guide, "State change events
for your instances"), for each state that RunInstances, StartInstances, StopInstances and TerminateInstances pass
through. AWS delivers them on a best effort basis; here none is lost.

"""

import re

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

import ec2_api
import emulator
import service_events
from ec2_api import Call

emulator.require(ec2, "_instances")

_PASSED = {"running": ("pending", "running"), "stopped": ("stopping", "stopped"),
           "terminated": ("shutting-down", "terminated")}


def state_changed(account_id: str, region: str, instance_id: str, state: str) -> None:
    """The events of an instance on its way to a state."""
    arn = f"arn:aws:ec2:{region}:{account_id}:instance/{instance_id}"
    for passed in _PASSED[state]:
        service_events.put(account_id, region, "aws.ec2", "EC2 Instance State-change Notification",
                           {"instance-id": instance_id, "state": passed}, [arn])


def _launched(_call: Call):
    account_id, region = get_account_id(), get_region()

    def report(body: bytes) -> None:
        for instance_id in dict.fromkeys(re.findall(r"<instanceId>(i-[0-9a-f]+)</instanceId>", body.decode())):
            state_changed(account_id, region, instance_id, "running")
    return report


def _states(instance_ids: list[str]) -> dict[str, str]:
    return {name: ec2._instances[name]["State"]["Name"] for name in instance_ids if name in ec2._instances}


def _changed(call: Call):
    account_id, region = get_account_id(), get_region()
    ids = call.numbered("InstanceId")
    before = _states(ids)

    def report(_body: bytes) -> None:
        for instance_id, state in _states(ids).items():
            if state != before.get(instance_id):
                state_changed(account_id, region, instance_id, state)
    return report


def install() -> None:
    """Look at what changes instances' states."""
    ec2_api.watch(("RunInstances",), _launched)
    ec2_api.watch(("StartInstances", "StopInstances", "TerminateInstances"), _changed)
