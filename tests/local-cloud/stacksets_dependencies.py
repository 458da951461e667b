"""StackSets: AutoDeployment.DependsOn, the stack sets whose automatic deployments come before another's.

"Enable or disable automatic deployments": at most 10 a stack set and 100 an account, no cycles, gone with the stack set
that is depended on. That they are active, service-managed stack sets of the same account and region is not documented,
nor are the words of refusals.
"""

import stacksets
import stacksets_wire as wire

_MOST, _MOST_OF_ACCOUNT = 10, 100


def of(stack_set: stacksets.StackSet) -> list[str]:
    """The ARNs of the stack sets that one depends on."""
    return (stack_set.auto_deployment or {}).get("DependsOn", [])


def in_order(stack_sets: list[stacksets.StackSet]) -> list[stacksets.StackSet]:
    """Stack sets so that those depended on come first."""
    left, ordered = list(stack_sets), []
    while left:
        waiting = {stack_set.arn for stack_set in left}
        ready = [stack_set for stack_set in left if not waiting & set(of(stack_set))]
        ordered += ready
        left = [stack_set for stack_set in left if stack_set not in ready]
    return ordered


def _reaches(arn: str, wanted: str, graph: dict[str, list[str]]) -> bool:
    return arn == wanted or any(_reaches(further, wanted, graph) for further in graph.get(arn, []))


def check(arns: list[str], own_arn: str | None) -> None:
    """Refuse dependencies of a stack set; one that is yet to be made has no ARN."""
    if len(arns) > _MOST:
        raise wire.refusal("ValidationError", f"A maximum number of {_MOST} StackSet dependencies can be specified")
    usable = {stack_set.arn: of(stack_set) for stack_set in stacksets.here()
              if stack_set.status == "ACTIVE" and stack_set.service_managed}
    if unknown := [arn for arn in arns if arn not in usable]:
        raise wire.refusal("ValidationError", f"StackSet dependency {unknown[0]} does not exist")
    if own_arn and any(_reaches(arn, own_arn, usable) for arn in arns):
        raise wire.refusal("ValidationError", f"Circular dependency between StackSets: {own_arn}")
    others = sum(len(depends) for arn, depends in usable.items() if arn != own_arn)
    if others + len(arns) > _MOST_OF_ACCOUNT:
        raise wire.refusal("LimitExceededException",
                           f"An account can have {_MOST_OF_ACCOUNT} StackSet dependencies at most")


def forget(deleted: stacksets.StackSet) -> None:
    """Take a deleted stack set out of the others' dependencies."""
    for stack_set in stacksets.of_account(deleted.account):
        if deleted.arn in of(stack_set):
            stack_set.auto_deployment["DependsOn"] = [arn for arn in of(stack_set) if arn != deleted.arn]
