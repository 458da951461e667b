"""StackSets: automatic deployments of service-managed stack sets, when accounts come, move and leave.

"Enable or disable automatic deployments": an account that comes into a target unit gets instances in the regions that
the unit was targeted in, with the stack set's own parameters and whatever account filters say; one that is in no target
unit any more loses its instances, their stacks too unless RetainStacksOnAccountRemoval. Deletes run first and creates
are queued behind them; either waits for the same of the stack sets in AutoDeployment.DependsOn, and comes to nothing
when one of these fails. Operation preferences do not apply; what applies instead is not documented, here the defaults:
one region after the other, and none after a failure. Moving within one target unit changes nothing, and switching
automatic deployments on does not make up for accounts that came before.
"""

import organizations_view
import stacksets
import stacksets_access
import stacksets_dependencies
import stacksets_operations
import timer

_Operations = dict[str, stacksets.Operation]


def _deploying(stack_set: stacksets.StackSet) -> bool:
    return stack_set.service_managed and bool((stack_set.auto_deployment or {}).get("Enabled"))


def _wanted(stack_set: stacksets.StackSet, units: tuple[str, ...]) -> dict[str, str]:
    """Region → the nearest of these units (nearest first) that is targeted there."""
    found = {}
    for unit in units:
        for region in stack_set.targets.get(unit, ()):
            found.setdefault(region, unit)
    return found


def _gone(stack_set: stacksets.StackSet, account: str, above: tuple[str, ...]) -> list[stacksets.Instance]:
    """Instances that an account loses."""
    wanted = _wanted(stack_set, above)
    return [instance for instance in stack_set.instances
            if instance.account == account and instance.region not in wanted]


def _come(stack_set: stacksets.StackSet, change: organizations_view.Change,
          above: tuple[str, ...]) -> list[stacksets.Instance]:
    """Instances that an account gets because of a change; ``above`` is where it is by now."""
    new = tuple(unit for unit in above if unit in change.new_ancestors and unit not in change.old_ancestors)
    instances = []
    for region, unit in _wanted(stack_set, new).items():
        instance = stack_set.instance(change.account, region)
        if instance is None:
            instance = stacksets.Instance(change.account, region)
            stack_set.instances.append(instance)
        instance.organizational_unit = unit
        instances.append(instance)
    return instances


def _operation(stack_set: stacksets.StackSet, action: str, instances: list[stacksets.Instance], before: _Operations,
               after: list[stacksets.Operation]) -> stacksets.Operation:
    """An operation behind the same of the stack sets that this one depends on, and ``after`` others."""
    needs = [before[arn] for arn in stacksets_dependencies.of(stack_set) if arn in before]
    units = dict.fromkeys(instance.organizational_unit for instance in instances)
    operation = stacksets.Operation(
        stack_set, action, {}, [stacksets.Result(instance) for instance in instances], automatic=True, needs=needs,
        waits_for=[*needs, *after], targets={"OrganizationalUnitIds": list(units)})
    for other in operation.waits_for:
        other.followers.append(operation)
    return operation


def _plan(change: organizations_view.Change) -> list[stacksets.Operation]:
    above = organizations_view.ancestors(change.account)
    stack_sets = stacksets_dependencies.in_order(
        [stack_set for stack_set in stacksets.of_account(change.management_account) if _deploying(stack_set)])
    deletes, creates = {}, {}
    for stack_set in stack_sets:
        if gone := _gone(stack_set, change.account, above):
            deletes[stack_set.arn] = _operation(stack_set, "DELETE", gone, deletes, [])
            deletes[stack_set.arn].retain_stacks = bool(stack_set.auto_deployment.get("RetainStacksOnAccountRemoval"))
    for stack_set in stack_sets:
        if come := _come(stack_set, change, above):
            creates[stack_set.arn] = _operation(stack_set, "CREATE", come, creates, list(deletes.values()))
    return [*deletes.values(), *creates.values()]


def follow(change: organizations_view.Change) -> None:
    """Begin what a change of an organization asks for."""
    if change.account == change.management_account or change.kind == organizations_view.STATE_CHANGED:
        return
    if not stacksets_access.enabled(change.management_account):
        return
    with stacksets.lock:
        for operation in _plan(change):
            stacksets_operations.begin(operation)


def install() -> None:
    """Hear of changes; they are followed one at a time, in their order."""
    organizations_view.on_change(lambda change: timer.soon(follow, change))
