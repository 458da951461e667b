"""Decodes every connector body that the tests sent with Microsoft's own Python SDK.

    python connector_bodies.py FOLDER

FOLDER holds what the Azure double recorded: files of JSON lines with apiVersion, path, status, body, and stored, the
resource as it was before, if there was one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Iterable, Iterator

import newer_than_sdk
from comparison import differences
from sdk_models import decoded

OFFERINGS = frozenset({
    "CspmMonitorAws",
    "DefenderCspmAws",
    "DefenderForContainersAws",
    "DefenderForDatabasesAws",
    "DefenderForServersAws",
})


def read(folder: Path) -> Iterator[dict]:
    """All recorded requests."""
    for file in sorted(folder.iterdir()):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def check(records: Iterable[dict]) -> tuple[int, int, list[str]]:
    """How many bodies there were, how many different ones, and what is wrong."""
    count = 0
    history: dict[str, dict] = {}
    different: set[str] = set()
    sent: set[str] = set()
    problems = []
    for record in records:
        count += 1
        # Also what it had earlier: an adopted connector is given back as it was.
        before = history.setdefault(record["path"].lower(), {})
        before[json.dumps(record["stored"], sort_keys=True)] = record["stored"]
        key = json.dumps([record["apiVersion"], record["body"]], sort_keys=True)
        if key in different:
            continue
        sent.update(_offerings(record["body"]))
        # The past matters only where there is something to excuse.
        found = list(_problems(record, [])) and list(_problems(record, list(before.values())))
        problems += [f"{record['path']} ({record['apiVersion']}): {one}" for one in found]
        if not found:
            different.add(key)
    if not count:
        return 0, 0, ["no body was recorded, so this check would prove nothing"]
    problems += [f"no body had the offering {kind}" for kind in sorted(OFFERINGS - sent)]
    return count, len(different), problems


def _offerings(body: Any) -> set[str]:
    return {one.get("offeringType") for one in newer_than_sdk.offerings(body)} if isinstance(body, dict) else set()


def _problems(record: dict, before: list) -> Iterator[str]:
    if not isinstance(record["body"], dict):
        yield "the body is no object"
        return
    body, problems = newer_than_sdk.without(record["apiVersion"], record["body"])
    yield from problems
    yield from differences(body, decoded(body), before)


def main() -> int:
    """Exit status 1 when something is wrong, with a line for each problem."""
    count, different, problems = check(read(Path(sys.argv[1])))
    for problem in problems:
        print(problem)
    print(f"{count} bodies, {different} different, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
