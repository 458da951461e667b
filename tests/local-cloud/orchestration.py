"""StackSets, EventBridge Scheduler and Step Functions: the parts that play them, and their routes of the admin API."""

import re

from ministack.core.concurrency import run_reentrant

import scheduler_api
import scheduler_delivery
import scheduler_resource
import stacksets
import stacksets_access
import stacksets_api
import stacksets_authorization
import stacksets_auto_deployment
import stacksets_deployment
import stacksets_instances_api
import stacksets_operations_api
import stacksets_permissions
import stacksets_resource
import stepfunctions_api
import stepfunctions_executions
import stepfunctions_history
import stepfunctions_map
import stepfunctions_retry
import stepfunctions_role
import stepfunctions_sdk
import stepfunctions_states
import stepfunctions_task

_PARTS = (stacksets_api, stacksets_access, stacksets_instances_api, stacksets_operations_api, stacksets_authorization,
          stacksets_auto_deployment, stacksets_deployment, stacksets_permissions, stacksets_resource,
          stepfunctions_history, stepfunctions_role, stepfunctions_retry, stepfunctions_task, stepfunctions_states,
          stepfunctions_map, stepfunctions_sdk, stepfunctions_api, stepfunctions_executions, scheduler_api,
          scheduler_delivery, scheduler_resource)

# Routes of the admin API that read.
READS = {"deliveries": scheduler_delivery.deliveries}
_FIRE = re.compile(r"schedules/([\w.-]+)/([\w.-]+)/fire")


async def answer(method: str, name: str, query: dict) -> tuple[int, object] | None:
    """Status and value for a route about schedules, None for any other."""
    found = _FIRE.fullmatch(name)
    if method != "POST" or not found:
        return None
    account, region = (query.get(key, [""])[0] for key in ("account", "region"))
    fired = await run_reentrant(scheduler_delivery.fire, account, region, *found.groups())
    return (200, fired) if fired else (404, {"message": "no such enabled schedule in this account and region"})


def reset() -> None:
    """Forget what is kept outside of the emulator's stores."""
    stacksets.reset()
    stacksets_access.reset()
    scheduler_delivery.reset()


def install() -> None:
    """Put every part in its place."""
    for part in _PARTS:
        part.install()
