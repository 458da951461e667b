"""Cloudsplaining on one resource's documents."""

from __future__ import annotations

import json
from typing import Any, Iterator

from cloudsplaining.output.policy_finding import PolicyFinding
from cloudsplaining.scan.assume_role_policy_document import AssumeRolePolicyDocument
from cloudsplaining.scan.policy_document import PolicyDocument
from cloudsplaining.scan.resource_policy_document import ResourcePolicyDocument

from documents import Document
from findings import Finding
from template import ACCOUNT

NAME = "cloudsplaining"
# A combination of actions counts wherever in the role they stand; everything else is a statement's.
ESCALATION = "PrivilegeEscalation"
TOGETHER = "all policies together"


def findings(documents: list[Document]) -> Iterator[Finding]:
    """All findings of all severities."""
    granted = []
    for document in documents:
        for place, statement in document.statements():
            if "Principal" in statement or "NotPrincipal" in statement:
                found = _about_principals(document, statement)
            else:
                granted.append(statement)
                found = _about_actions(statement)
            for name, about in found:
                yield Finding(document.template, document.resource, place, NAME, name, about)
    for escalation in PolicyDocument(_policy(granted)).allows_privilege_escalation:
        yield Finding(documents[0].template, documents[0].resource, TOGETHER, NAME,
                      f"{ESCALATION}:{escalation['type']}", tuple(escalation["actions"]))


def _about_actions(statement: dict) -> Iterator[tuple[str, tuple[str, ...]]]:
    results: dict[str, Any] = PolicyFinding(PolicyDocument(_policy([statement]))).results
    for name, result in results.items():
        # ServicesAffected repeats the others, service by service.
        if name not in (ESCALATION, "ServicesAffected") and result["findings"]:
            yield name, tuple(sorted(set(result["findings"])))


def _about_principals(document: Document, statement: dict) -> Iterator[tuple[str, tuple[str, ...]]]:
    policy = _policy([statement])
    if document.is_trust:
        trust = AssumeRolePolicyDocument(policy, ACCOUNT)
        results = {
            "AssumableByComputeService": trust.role_assumable_by_compute_services,
            "AssumableByCrossAccountPrincipal": trust.role_assumable_by_cross_account_principals,
            "AssumableByAnyPrincipal": trust.role_assumable_by_any_principal,
            "AssumableByAnyPrincipalWithConditions": trust.role_assumable_by_any_principal_with_conditions,
        }
    else:
        results = {"InternetAccessible": ResourcePolicyDocument(policy).internet_accessible_actions}
    for name, principals in results.items():
        if principals:
            yield name, tuple(sorted(set(principals)))


def _policy(statements: list[dict]) -> dict:
    return json.loads(json.dumps({"Version": "2012-10-17", "Statement": statements}))
