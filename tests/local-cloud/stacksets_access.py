"""StackSets: trusted access to an organization, and who may operate service-managed stack sets.

CloudFormation has a switch of its own (ActivateOrganizationsAccess), which lets the organization trust
member.org.stacksets.cloudformation.amazonaws.com as well. Users report that the second alone (EnableAWSServiceAccess)
is not enough; AWS does not say: switch ``serviceAccessActivatesStackSets``. Delegated administrators are not played.
AWS's words are known for the two refusals of stack sets only.
"""

from ministack.core.responses import get_account_id

import organizations_view
import stacksets
import stacksets_wire as wire
import switches

PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
_NO_ACCESS = "You must enable organizations access to operate a service managed stack set"
_NOT_MANAGEMENT = ("You must be the management account or delegated admin account of an organization before operating "
                   "a SERVICE_MANAGED stack set")

#: Organizations in which CloudFormation's own switch is on.
_activated: set[str] = set()


def enabled(account_id: str) -> bool:
    """Whether StackSets may reach the organization of this management account."""
    activated = (organizations_view.organization_of(account_id) in _activated
                 or switches.get("serviceAccessActivatesStackSets"))
    return activated and organizations_view.has_service_access(account_id, PRINCIPAL)


def check() -> None:
    """Refuse to operate a service-managed stack set where that is not allowed."""
    if not organizations_view.is_management(get_account_id()):
        raise wire.refusal("ValidationError", _NOT_MANAGEMENT)
    if not enabled(get_account_id()):
        raise wire.refusal("ValidationError", _NO_ACCESS)


def _organization() -> str:
    if not organizations_view.is_management(get_account_id()):
        raise wire.refusal("InvalidOperationException",
                           f"Account {get_account_id()} is not the management account of an organization")
    return organizations_view.organization_of(get_account_id())


def _activate(_request: dict) -> dict:
    _activated.add(_organization())
    organizations_view.set_service_access(get_account_id(), PRINCIPAL, True)
    return {}


def _deactivate(_request: dict) -> dict:
    organization, account = _organization(), get_account_id()
    members = organizations_view.accounts_in(organizations_view.root_of(account))
    if any(organizations_view.is_delegated_administrator(member.id, PRINCIPAL) for member in members):
        raise wire.refusal("InvalidOperationException", "You must deregister all delegated administrators first")
    _activated.discard(organization)
    organizations_view.set_service_access(account, PRINCIPAL, False)
    for stack_set in stacksets.of_account(account):  # "Dependencies are removed when … Organizations are deactivated"
        (stack_set.auto_deployment or {}).pop("DependsOn", None)
    return {}


def _describe(_request: dict) -> dict:
    _organization()
    return {"Status": "ENABLED" if enabled(get_account_id()) else "DISABLED"}


def reset() -> None:
    """All switches off."""
    _activated.clear()


def install() -> None:
    """Take the operations."""
    wire.serve({"ActivateOrganizationsAccess": _activate, "DeactivateOrganizationsAccess": _deactivate,
                "DescribeOrganizationsAccess": _describe})
