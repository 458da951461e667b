"""AWS Organizations: the organizations there are, their units and accounts, and the changes of who is where.

Several organizations live side by side, each with a management account of its own; an account is in one at most.
Changes are told to ``listeners`` once they are done.
"""

import itertools
import random
import string
import threading
import time
from dataclasses import dataclass, field

#: Kinds of changes.
CREATED, JOINED, MOVED, LEFT, STATE_CHANGED = "created", "joined", "moved", "left", "state-changed"
#: States of an account.
ACTIVE, SUSPENDED, CLOSED = "ACTIVE", "SUSPENDED", "CLOSED"
PENDING_ACTIVATION, PENDING_CLOSURE = "PENDING_ACTIVATION", "PENDING_CLOSURE"
STATES = (PENDING_ACTIVATION, ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED)

_ALPHABET = string.ascii_lowercase + string.digits
_random = random.Random()
_serials = itertools.count(1)
_organizations: dict[str, "Organization"] = {}
_by_account: dict[str, "Organization"] = {}
#: Held while anything of an organization is changed; never while listeners are told.
lock = threading.RLock()
#: Functions of one ``Change``.
listeners: list = []


def new_id(prefix: str, length: int) -> str:
    """An id of AWS's form that is not guessable from another one."""
    return prefix + "".join(_random.choices(_ALPHABET, k=length))


@dataclass
class Account:
    """A member of an organization, or its management account; ``parent`` is a root or unit."""

    id: str
    name: str
    email: str
    parent: str
    state: str = ACTIVE
    joined_method: str = "CREATED"
    joined: float = field(default_factory=time.time)
    tags: dict[str, str] = field(default_factory=dict)
    serial: int = field(default_factory=lambda: next(_serials))


@dataclass
class Unit:
    """An organizational unit."""

    id: str
    name: str
    parent: str
    tags: dict[str, str] = field(default_factory=dict)
    serial: int = field(default_factory=lambda: next(_serials))


@dataclass(frozen=True)
class Change:
    """One thing that has happened to an account.

    ``kind`` is CREATED, JOINED (by invitation), MOVED, LEFT or STATE_CHANGED; ``state`` is the account's state after
    it. ``how`` tells of LEFT whether the account left (``Left``), was removed (``Removed``), or was cleaned away after
    its closure (``Cleaned``). ``old_parent`` is None for an account that was not in the organization, ``new_parent``
    None for one that no longer is; the ancestors are that parent and all above it, the root last.
    """

    kind: str
    organization_id: str
    management_account: str
    account: str
    state: str
    how: str = ""
    old_parent: str | None = None
    new_parent: str | None = None
    old_ancestors: tuple[str, ...] = ()
    new_ancestors: tuple[str, ...] = ()


@dataclass
class Organization:
    """An organization with all features; ``services`` are those it trusts, ``delegated`` its administrators of them."""

    id: str
    root: str
    management: str
    accounts: dict[str, Account] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    services: dict[str, float] = field(default_factory=dict)
    delegated: dict[str, dict[str, float]] = field(default_factory=dict)
    requests: dict[str, dict] = field(default_factory=dict)
    root_tags: dict[str, str] = field(default_factory=dict)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of an account, a unit ("ou") or the root."""
        return f"arn:aws:organizations::{self.management}:{kind}/{self.id}/{name}"

    def has_parent(self, parent: str) -> bool:
        """Whether something can lie there."""
        return parent == self.root or parent in self.units

    def ancestors(self, parent: str) -> tuple[str, ...]:
        """A parent and all above it, the root last."""
        above = []
        while parent != self.root:
            above.append(parent)
            parent = self.units[parent].parent
        return (*above, self.root)

    def units_below(self, parent: str) -> set[str]:
        """All units within a root or unit, however deep."""
        return {unit.id for unit in self.units.values() if parent in self.ancestors(unit.parent)}

    def path(self, parent: str, *last: str) -> str:
        """An entity path: ``o-…/r-…/ou-…/`` and what is last."""
        return "/".join((self.id, *reversed(self.ancestors(parent)), *last, ""))

    def add_unit(self, name: str, parent: str, unit_id: str | None = None) -> Unit:
        """Make a unit."""
        with lock:
            unit = Unit(unit_id or new_id(f"ou-{self.root.removeprefix('r-')}-", 8), name, parent)
            self.units[unit.id] = unit
        return unit

    def add(self, account: Account) -> None:
        """Take an account in; its ``joined_method`` says which way it came."""
        with lock:
            if account.id in _by_account:
                raise ValueError(f"account {account.id} is in organization {_by_account[account.id].id}")
            self.accounts[account.id] = account
            _by_account[account.id] = self
        self._tell(JOINED if account.joined_method == "INVITED" else CREATED, account, new=account.parent)

    def move(self, account: Account, parent: str) -> None:
        """Put an account below another parent."""
        with lock:
            old, account.parent = account.parent, parent
        self._tell(MOVED, account, old, parent)

    def remove(self, account: Account, how: str) -> None:
        """Let an account go."""
        with lock:
            del self.accounts[account.id], _by_account[account.id]
            self.delegated.pop(account.id, None)
        self._tell(LEFT, account, old=account.parent, how=how)

    def set_state(self, account: Account, state: str) -> None:
        """Suspend an account, close it, and so on."""
        with lock:
            changed, account.state = account.state != state, state
        if changed:
            self._tell(STATE_CHANGED, account, account.parent, account.parent)

    def trust(self, service: str, trusted: bool) -> None:
        """Trust a service, or no longer."""
        with lock:
            if trusted:
                self.services.setdefault(service, time.time())
            else:
                self.services.pop(service, None)

    def _tell(self, kind: str, account: Account, old: str | None = None, new: str | None = None,
              how: str = "") -> None:
        change = Change(kind, self.id, self.management, account.id, account.state, how, old, new,
                        self.ancestors(old) if old else (), self.ancestors(new) if new else ())
        for listener in list(listeners):
            listener(change)


def create(management: str, name: str, email: str, organization_id: str | None = None,
           root: str | None = None) -> Organization:
    """An organization of one account."""
    with lock:
        if management in _by_account:
            raise ValueError(f"account {management} is in organization {_by_account[management].id}")
        made = Organization(organization_id or new_id("o-", 10), root or new_id("r-", 4), management)
        _organizations[made.id] = made
        # The management account counts as invited (API reference, CreateOrganization: it joins with the creation).
        made.accounts[management] = Account(management, name, email, made.root, joined_method="INVITED")
        _by_account[management] = made
    return made


def of_account(account_id: str) -> Organization | None:
    """The organization that an account is in."""
    return _by_account.get(account_id)


def of_parent(parent: str) -> Organization | None:
    """The organization that has a root or unit."""
    return next((found for found in list(_organizations.values()) if found.has_parent(parent)), None)


def reset() -> None:
    """No organization any more; listeners stay."""
    with lock:
        _organizations.clear()
        _by_account.clear()
