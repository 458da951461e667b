"""The few things that connectors have and Microsoft's SDK does not know, each with all that may be sent for it."""

from __future__ import annotations

import copy
from typing import Any, Callable

SDK_API_VERSION = "2024-08-01-preview"
NEWER_API_VERSION = "2026-08-01-preview"


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _switch(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["enabled"] and _boolean(value["enabled"])


def _arc_or_helm(value: Any) -> bool:
    return value in ("Arc", "Helm")


# Fields that 2026-08-01-preview has added to offerings.
ADDED: dict[str, dict[str, Callable[[Any], bool]]] = {
    "DefenderCspmAws": {"serverlessContainers": _switch},
    "DefenderForContainersAws": {
        "installationMethod": _arc_or_helm,
        "securityGatingEnabled": _boolean,
        "containerAntiMalwareEnabled": _boolean,
    },
}

# Every specification has an object here, published bodies have a bare string as well; AzureSubPlanForm chooses.
SUB_PLANS = ("P1", "P2")


def without(api_version: str, body: dict) -> tuple[dict, list[str]]:
    """The body without what only newer versions have, and what is wrong with that."""
    if api_version not in (SDK_API_VERSION, NEWER_API_VERSION):
        return body, [f"API version {api_version} is none that the SDK or this check knows"]
    rest = copy.deepcopy(body)
    problems = []
    for offering in offerings(rest):
        kind = offering.get("offeringType")
        if kind == "DefenderForServersAws" and offering.get("subPlan") in SUB_PLANS:
            offering["subPlan"] = {"type": offering["subPlan"]}
        for name, accepts in ADDED.get(kind, {}).items():
            if api_version == NEWER_API_VERSION and name in offering and not accepts(value := offering.pop(name)):
                problems.append(f"properties.offerings[{kind}].{name}: {value!r} is not allowed")
    return rest, problems


def offerings(body: dict) -> list[dict]:
    """The body's offerings, as far as they look like some."""
    properties = body.get("properties")
    listed = properties.get("offerings") if isinstance(properties, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
