"""StackSets: stack sets, their instances and their operations, as CloudFormation keeps them in one account and region.

``stacksets_api`` and ``stacksets_instances_api`` take requests, ``stacksets_operations`` carries operations out,
``stacksets_execution`` one instance of them and ``stacksets_deployment`` its stack, with the roles of
``stacksets_roles``; ``stacksets_auto_deployment`` follows the organization; ``stacksets_resource`` is the resource type
AWS::CloudFormation::StackSet.
"""

import threading
from dataclasses import dataclass, field

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso

import stacksets_wire as wire

SERVICE_MANAGED = "SERVICE_MANAGED"
SELF_MANAGED = "SELF_MANAGED"

#: Held while records change; never while a stack is deployed.
lock = threading.RLock()
_stack_sets: dict[tuple[str, str], list["StackSet"]] = {}


@dataclass(eq=False)
class Instance:
    """One stack instance: what is wanted in one account and region, and how far it is."""

    account: str
    region: str
    organizational_unit: str = ""
    overrides: list[dict] = field(default_factory=list)
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str = ""
    stack_id: str | None = None
    last_operation_id: str | None = None


@dataclass(eq=False)
class Result:
    """What one operation did with one instance."""

    instance: Instance
    status: str = "PENDING"
    reason: str = ""
    gate_reason: str = ""


@dataclass(eq=False)
class Operation:
    """One operation on a stack set. ``exclusive``: it has to do with every instance, present or to come.

    An ``automatic`` one follows the organization: it begins once all that it ``waits_for`` have ended, and comes to
    nothing unless those that it ``needs`` have succeeded.
    """

    stack_set: "StackSet"
    action: str
    preferences: dict
    results: list[Result]
    id: str = field(default_factory=new_uuid)
    retain_stacks: bool | None = None
    exclusive: bool = False
    targets: dict | None = None
    automatic: bool = False
    waits_for: list["Operation"] = field(default_factory=list)
    needs: list["Operation"] = field(default_factory=list)
    followers: list["Operation"] = field(default_factory=list)
    status: str = "QUEUED"
    status_reason: str | None = None
    created: str = field(default_factory=now_iso)
    ended: str | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def failures(self) -> list[Result]:
        """The instances that failed."""
        return [result for result in self.results if result.status == "FAILED"]

    def conflicts_with(self, other: "Operation") -> bool:
        """Whether the two may not run at the same time."""
        if self.exclusive or other.exclusive or not self.stack_set.managed_execution:
            return True
        own, others = ({id(result.instance) for result in operation.results} for operation in (self, other))
        return bool(own & others)


@dataclass(eq=False)
class StackSet:
    """One stack set. ``targets``: root or unit → regions in which accounts that come into it get an instance."""

    name: str
    id: str
    account: str
    region: str
    permission_model: str
    template_body: str
    template: dict
    parameters: dict
    capabilities: list[str]
    tags: list[dict]
    description: str | None = None
    administration_role: str | None = None
    execution_role: str | None = None
    auto_deployment: dict | None = None
    managed_execution: bool = False
    status: str = "ACTIVE"
    instances: list[Instance] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    targets: dict[str, list[str]] = field(default_factory=dict)
    at_work: int = 0

    @property
    def service_managed(self) -> bool:
        """Whether it deploys by AWS's own roles into accounts of an organization."""
        return self.permission_model == SERVICE_MANAGED

    @property
    def arn(self) -> str:
        """The stack set's ARN."""
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stackset/{self.id}"

    def instance(self, account: str, region: str) -> Instance | None:
        """The instance in one account and region."""
        return next((found for found in self.instances if (found.account, found.region) == (account, region)), None)

    def under_way(self) -> list[Operation]:
        """Operations that have not ended, oldest first."""
        return [operation for operation in self.operations if not operation.ended]


def here() -> list[StackSet]:
    """All stack sets of the account and region that the request is for."""
    return _stack_sets.setdefault((get_account_id(), get_region()), [])


def of_account(account_id: str) -> list[StackSet]:
    """The stack sets of an account that are not deleted, in all regions, oldest first in each."""
    with lock:
        return [stack_set for (owner, _), stack_sets in _stack_sets.items() if owner == account_id
                for stack_set in stack_sets if stack_set.status == "ACTIVE"]


def find(name_or_id: str) -> StackSet:
    """A stack set by its name, or by its id even when it was deleted."""
    for stack_set in here():
        if stack_set.id == name_or_id or (stack_set.name == name_or_id and stack_set.status == "ACTIVE"):
            return stack_set
    raise wire.refusal("StackSetNotFoundException", f"StackSet {name_or_id} not found")


def active(name_or_id: str) -> StackSet:
    """A stack set that can still be changed."""
    stack_set = find(name_or_id)
    if stack_set.status != "ACTIVE":
        raise wire.refusal("StackSetNotFoundException", f"StackSet {name_or_id} not found")
    return stack_set


def find_operation(stack_set: StackSet, operation_id: str) -> Operation:
    """An operation of a stack set."""
    for operation in stack_set.operations:
        if operation.id == operation_id:
            return operation
    raise wire.refusal("OperationNotFoundException", f"Operation {operation_id} not found")


def reset() -> None:
    """Forget all stack sets; operations at work start nothing more."""
    with lock:
        for stack_set in [stack_set for stack_sets in _stack_sets.values() for stack_set in stack_sets]:
            for operation in stack_set.under_way():
                operation.status = "STOPPING"
        _stack_sets.clear()
