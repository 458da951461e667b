"""Systems Manager: the agent on each instance, as the admin API sets it.

``PUT /_local_cloud/instances/{id}/agent?account=&region=`` takes any of ``status`` (online, offline, absent),
``agentVersion``, ``platformType``, ``platformName`` and ``platformVersion``; what is not set follows from the image.
An instance has an online agent unless told otherwise.
"""

import re
from dataclasses import dataclass

from ministack.core.responses import AccountRegionScopedDict

import ec2_images

VERSION = "3.3.2299.0"
_STATUSES = ("online", "offline", "absent")
_PLATFORM_TYPES = ("Linux", "Windows", "MacOS")
_SETTINGS = ("status", "agentVersion", "platformType", "platformName", "platformVersion")

_settings = AccountRegionScopedDict()


@dataclass(frozen=True)
class Agent:
    """An agent and what it says of its machine."""

    status: str
    version: str
    platform_type: str
    platform_name: str
    platform_version: str

    def version_numbers(self) -> tuple[int, ...]:
        """The version, to be compared."""
        return tuple(int(part) for part in self.version.split("."))


def put(instance_id: str, wanted: dict) -> None:
    """Set what an instance of the scope's account and region has."""
    if unknown := sorted(set(wanted) - set(_SETTINGS)):
        raise ValueError(f"unknown setting of an agent: {', '.join(unknown)}; known: {', '.join(_SETTINGS)}")
    if wanted.get("status", "online") not in _STATUSES:
        raise ValueError(f"status is one of {', '.join(_STATUSES)}")
    if wanted.get("platformType", "Linux") not in _PLATFORM_TYPES:
        raise ValueError(f"platformType is one of {', '.join(_PLATFORM_TYPES)}")
    if not re.fullmatch(r"\d+(\.\d+){2,3}", wanted.get("agentVersion", VERSION)):
        raise ValueError("agentVersion is three or four numbers with dots between them")
    _settings[instance_id] = {**_settings.get(instance_id, {}), **wanted}


def forget(instance_id: str) -> None:
    """Back to what the image says."""
    _settings.pop(instance_id, None)


def reset() -> None:
    """Forget all settings."""
    _settings.clear()


def on(instance: dict) -> Agent:
    """The agent of an instance."""
    own, platform = _settings.get(instance["InstanceId"], {}), ec2_images.platform(instance["ImageId"])
    return Agent(own.get("status", "online"), own.get("agentVersion", VERSION),
                 own.get("platformType", platform.type), own.get("platformName", platform.name),
                 own.get("platformVersion", platform.version))
