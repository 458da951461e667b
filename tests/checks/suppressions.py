"""Findings that stand, each with its reason, from suppressions.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

import yaml

from findings import Finding

REQUIRED = {"role", "statement", "linter", "finding", "reason"}
OPTIONAL = {"about"}


class SuppressionError(Exception):
    """An entry that says too little or too much."""


@dataclass(frozen=True)
class Suppression:
    """One finding of one role. Without `about` it stands whatever the finding names."""

    role: str
    statement: str
    linter: str
    finding: str
    about: tuple[str, ...] | None

    def covers(self, finding: Finding) -> bool:
        """Whether it is this finding that stands."""
        same = (self.role, self.statement, self.linter, self.finding) == (
            finding.resource, finding.statement, finding.linter, finding.name)
        return same and self.about in (None, finding.about)

    def __str__(self) -> str:
        about = f" ({', '.join(self.about)})" if self.about else ""
        return f"{self.role}, {self.statement}: {self.linter} {self.finding}{about}"


def read(file: Path) -> list[Suppression]:
    """All of them. An entry for several roles counts as one for each."""
    entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    return [one for position, entry in enumerate(entries, 1) for one in _suppressions(position, entry)]


def _suppressions(position: int, entry: dict[str, Any]) -> Iterable[Suppression]:
    missing, unknown = REQUIRED - entry.keys(), entry.keys() - REQUIRED - OPTIONAL
    if missing or unknown:
        raise SuppressionError(f"suppression {position}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    if not isinstance(entry["reason"], str) or len(entry["reason"].split()) < 3:
        raise SuppressionError(f"suppression {position}: that is no reason: {entry['reason']}")
    roles = entry["role"] if isinstance(entry["role"], list) else [entry["role"]]
    about = tuple(sorted(entry["about"])) if "about" in entry else None
    for role in roles:
        yield Suppression(role, str(entry["statement"]), entry["linter"], entry["finding"], about)


def judge(findings: Iterable[Finding], suppressions: list[Suppression]) -> list[str]:
    """What is wrong: a finding that nothing covers or that two cover, a suppression that covers nothing."""
    problems = []
    used: set[Suppression] = set()
    for finding in sorted(findings):
        covering = [one for one in suppressions if one.covers(finding)]
        used.update(covering)
        if len(covering) != 1:
            problems.append(f"{finding}" if not covering else f"suppressed {len(covering)} times: {finding}")
    return problems + [f"nothing to suppress: {one}" for one in suppressions if one not in used]
