"""EC2: what an instance runs, by its image and type.

The emulator's images are known by id; any other image counts as Amazon Linux 2023. A type of the Graviton families
(a "g" after the generation's number: t4g, m7gd) is arm64. DescribeInstances says ``platform`` for Windows only, and
``platformDetails`` always (EC2 API reference, "Instance").
"""

import re
import time
from dataclasses import dataclass

from ministack.services import ec2

import emulator

emulator.require(ec2, "_launch_instances_internal", "_instance_xml", "_STUB_AMIS")


@dataclass(frozen=True)
class Platform:
    """An operating system in the words of Systems Manager."""

    type: str
    name: str
    version: str


_AMAZON_LINUX_2023 = Platform("Linux", "Amazon Linux", "2023")
_PLATFORMS = {
    "ami-0abcdef1234567890": Platform("Linux", "Amazon Linux", "2"),
    "ami-0c2023a1b2c3d4e5f": _AMAZON_LINUX_2023,
    "ami-0123456789abcdef0": Platform("Linux", "Ubuntu", "22.04"),
    "ami-0fedcba9876543210": Platform("Windows", "Microsoft Windows Server 2022 Datacenter", "10.0.20348"),
}
_GRAVITON = re.compile(r"[a-z]+\d+g[a-z]*\.|a1\.")


def platform(image_id: str) -> Platform:
    """What instances of an image run."""
    return _PLATFORMS.get(image_id, _AMAZON_LINUX_2023)


def _launch(inner):
    def launch(*arguments, **named):
        instances = inner(*arguments, **named)
        for instance in instances:
            instance["_launched_at"] = time.time()
            if _GRAVITON.match(instance["InstanceType"]):
                instance["Architecture"] = "arm64"
        return instances
    return launch


def _instance_xml(inner):
    def instance_xml(instance):
        windows = platform(instance["ImageId"]).type == "Windows"
        more = "<platform>windows</platform>" if windows else ""
        more += f"<platformDetails>{'Windows' if windows else 'Linux/UNIX'}</platformDetails>"
        return inner(instance).removesuffix("</item>") + more + "</item>"
    return instance_xml


def install() -> None:
    """Join the launch and the description of instances."""
    unknown = set(_PLATFORMS) - {image[0] for image in ec2._STUB_AMIS}
    if unknown:
        raise SystemExit(f"local cloud: the emulator has no image {', '.join(sorted(unknown))}")
    emulator.replace(ec2, "_launch_instances_internal", _launch(ec2._launch_instances_internal))
    emulator.replace(ec2, "_instance_xml", _instance_xml(ec2._instance_xml))
