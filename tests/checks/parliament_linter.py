"""Parliament, with its community auditors, on one resource's documents."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Iterator

with warnings.catch_warnings():
    # It finds its data through pkg_resources, and has escapes in patterns that Python warns of.
    warnings.simplefilter("ignore")
    import parliament
    import parliament.community_auditors

from documents import Document
from findings import Finding

NAME = "parliament"
UNKNOWN = ("UNKNOWN_ACTION", "UNKNOWN_PREFIX")
# About what the actions give their holder. The actions of a trust give it to nobody: they are how it is held.
OF_GRANTS = ("CREDENTIALS_EXPOSURE", "PERMISSIONS_MANAGEMENT_ACTIONS", "PRIVILEGE_ESCALATION")

parliament.override_config(Path(parliament.community_auditors.__file__).parent / "config_override.yaml")


def findings(documents: list[Document]) -> Iterator[Finding]:
    """All findings of all severities."""
    for document in documents:
        for place, found in _looked_at(document, document.statements()):
            if not (document.is_trust and found.issue in OF_GRANTS):
                yield Finding(document.template, document.resource, place, NAME, found.issue, _about(found))


def _looked_at(document: Document, statements: list[tuple[str, dict]]) -> Iterator[tuple[str, object]]:
    """Findings with their places. An unknown action ends the look at the whole policy, which then goes on without."""
    policy = parliament.analyze_policy_string(
        _text(document, statements), include_community_auditors=True, config=parliament.config)
    located = [(place, found) for (place, _), statement in zip(statements, policy.statements)
               for found in statement.findings]
    of_statements = {id(found) for _, found in located}
    yield from located
    yield from ((document.name, found) for found in policy.findings if id(found) not in of_statements)
    unknown = {found.location["string"] for _, found in located if found.issue in UNKNOWN}
    if unknown:
        rest = [(place, _without(statement, unknown)) for place, statement in statements]
        yield from _looked_at(document, [(place, statement) for place, statement in rest if statement["Action"]])


def _without(statement: dict, actions: set[str]) -> dict:
    listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return {**statement, "Action": [one for one in listed if one not in actions]}


def _text(document: Document, statements: list[tuple[str, dict]]) -> str:
    """The policy as parliament wants it: a trust names no resource, because that is the role itself."""
    implied = {"Resource": document.owner_arn} if document.is_trust else {}
    return json.dumps({**json.loads(document.text), "Statement": [{**one, **implied} for _, one in statements]})


def _about(found: object) -> tuple[str, ...]:
    """What it names: actions in its location, details as a list, or a sentence."""
    if "actions" in found.location:
        actions = found.location["actions"]
        return tuple(sorted([actions] if isinstance(actions, str) else actions))
    if isinstance(found.detail, list):
        return tuple(sorted(f"{one['action']} needs {one['required_format']}" if isinstance(one, dict) else str(one)
                            for one in found.detail))
    return (str(found.detail),) if found.detail else ()
