"""AWS Organizations: what the rest of the local cloud may know of it, and how it hears of changes.

Others read organizations through this module alone. Ids are those of AWS: 12 digits for an account, ``r-…`` for a
root, ``ou-…`` for an organizational unit, ``o-…`` for an organization. An account is in one organization at most.
"""

from dataclasses import dataclass

import organizations_model
from organizations_model import (  # noqa: F401  what listeners are given and compare
    CREATED, JOINED, LEFT, MOVED, STATE_CHANGED, Change)


@dataclass(frozen=True)
class Account:
    """An account as its organization has it; ``state`` is ``State`` of the API ("ACTIVE", "SUSPENDED", …)."""

    id: str
    name: str
    email: str
    state: str
    parent: str

    @property
    def active(self) -> bool:
        """Whether the account is neither suspended nor closed, nor on its way there."""
        return self.state == organizations_model.ACTIVE


def organization_of(account_id: str) -> str | None:
    """The id of the organization that an account is in, be it its management account or a member."""
    found = organizations_model.of_account(account_id)
    return found.id if found else None


def management_account(account_id: str) -> str | None:
    """The management account of the organization that an account is in."""
    found = organizations_model.of_account(account_id)
    return found.management if found else None


def is_management(account_id: str) -> bool:
    """Whether an account is the management account of an organization."""
    return management_account(account_id) == account_id


def root_of(account_id: str) -> str | None:
    """The root of the organization that an account is in."""
    found = organizations_model.of_account(account_id)
    return found.root if found else None


def account(account_id: str) -> Account | None:
    """An account of any organization."""
    found = organizations_model.of_account(account_id)
    return _shown(found.accounts[account_id]) if found else None


def has_parent(account_id: str, parent_id: str) -> bool:
    """Whether the organization of an account has this root or unit."""
    found = organizations_model.of_account(account_id)
    return found is not None and found.has_parent(parent_id)


def accounts_in(parent_id: str, recursive: bool = True) -> list[Account]:
    """The accounts in a root or unit, the management account included if it lies there, in the order of their coming.

    ``recursive`` takes all units below in. An id that no organization has gives nothing.
    """
    with organizations_model.lock:
        found = organizations_model.of_parent(parent_id)
        if found is None:
            return []
        parents = {parent_id, *(found.units_below(parent_id) if recursive else ())}
        return [_shown(member) for member in found.accounts.values() if member.parent in parents]


def ancestors(account_id: str) -> tuple[str, ...]:
    """The parent of an account and all above it, the root last; nothing for an account outside."""
    found = organizations_model.of_account(account_id)
    return found.ancestors(found.accounts[account_id].parent) if found else ()


def has_service_access(account_id: str, service_principal: str) -> bool:
    """Whether the organization of an account trusts a service."""
    found = organizations_model.of_account(account_id)
    return found is not None and service_principal in found.services


def set_service_access(account_id: str, service_principal: str, trusted: bool) -> None:
    """Have the organization of an account trust a service or no longer, as a service's own API does it."""
    found = organizations_model.of_account(account_id)
    if found is None:
        raise ValueError(f"account {account_id} is in no organization")
    found.trust(service_principal, trusted)


def is_delegated_administrator(account_id: str, service_principal: str) -> bool:
    """Whether an account is registered as a delegated administrator of a service."""
    found = organizations_model.of_account(account_id)
    return found is not None and service_principal in found.delegated.get(account_id, ())


def on_change(listener) -> None:
    """Call ``listener(change: Change)`` after each change, on the thread that made it.

    A listener may read this module; what takes time it hands to another thread (``timer.soon``). The making of an
    organization is no change; ``POST /_local_cloud/organization`` tells of each account that it puts there.
    """
    organizations_model.listeners.append(listener)


def _shown(member: organizations_model.Account) -> Account:
    return Account(member.id, member.name, member.email, member.state, member.parent)
