"""What a linter says about a statement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One finding. `about` are the actions, principals or other details that it names."""

    template: str
    resource: str
    statement: str
    linter: str
    name: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        about = f" ({', '.join(self.about)})" if self.about else ""
        return f"{self.template}: {self.resource}, {self.statement}: {self.linter} {self.name}{about}"
