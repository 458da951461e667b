"""StackSets: stack sets, their instances and their operations, as CloudFormation keeps them in one account and region.

``stacksets_api`` and ``stacksets_instances_api`` take requests, ``stacksets_operations`` carries operations out,
``stacksets_deployment`` deploys one instance, with the roles of ``stacksets_roles``, ``stacksets_resource`` is the
resource type AWS::CloudFormation::StackSet.
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
_access: set[str] = set()


@dataclass
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


@dataclass
class Result:
    """What one operation did with one instance."""

    instance: Instance
    status: str = "PENDING"
    reason: str = ""
    gate_reason: str = ""


@dataclass
class Operation:
    """One operation on a stack set. ``exclusive``: it has to do with every instance, present or to come."""

    stack_set: "StackSet"
    action: str
    preferences: dict
    results: list[Result]
    id: str = field(default_factory=new_uuid)
    retain_stacks: bool | None = None
    exclusive: bool = False
    status: str = "QUEUED"
    created: str = field(default_factory=now_iso)
    ended: str | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def failures(self) -> list[Result]:
        """The instances that failed."""
        return [result for result in self.results if result.status == "FAILED"]

    def conflicts_with(self, other: "Operation") -> bool:
        """Whether the two may not run at the same time."""
        own, others = ({id(result.instance) for result in operation.results} for operation in (self, other))
        return self.exclusive or other.exclusive or bool(own & others)


@dataclass
class StackSet:
    """One stack set."""

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
    organizational_units: list[str] = field(default_factory=list)

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


def organizations_access(account_id: str) -> bool:
    """Whether an account has switched on StackSets' trusted access to its organization."""
    return account_id in _access


def set_organizations_access(account_id: str, on: bool) -> None:
    """Switch trusted access on or off."""
    (_access.add if on else _access.discard)(account_id)


def reset() -> None:
    """Forget all stack sets; operations at work start nothing more."""
    with lock:
        for stack_set in [stack_set for stack_sets in _stack_sets.values() for stack_set in stack_sets]:
            for operation in stack_set.under_way():
                operation.status = "STOPPING"
        _stack_sets.clear()
        _access.clear()
