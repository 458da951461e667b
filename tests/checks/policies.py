"""Looks at every IAM policy of the templates with two linters.

    python policies.py ROOT

Fails on a finding that suppressions.yaml does not list, and on one there that is not found.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cloudsplaining_linter
import parliament_linter
import suppressions
from documents import Document, documents_of
from findings import Finding
from template import Template, TemplateError

LINTERS = (parliament_linter, cloudsplaining_linter)
SUPPRESSIONS = Path(__file__).with_name("suppressions.yaml")


def all_documents(root: Path) -> list[list[Document]]:
    """The documents of every resource, in every variant, of all templates."""
    names = ["template.yaml", *sorted(f"templates/{file.name}" for file in (root / "templates").glob("*.yaml"))]
    variants = [variant for name in names for variant in documents_of(Template.read(root, name))]
    owners = {(variant[0].resource, variant[0].template) for variant in variants}
    resources = [resource for resource, _ in owners]
    ambiguous = sorted({one for one in resources if resources.count(one) > 1})
    if ambiguous:
        raise TemplateError(f"two templates have a resource of this name, so no suppression could tell: {ambiguous}")
    return variants


def all_findings(variants: list[list[Document]]) -> set[Finding]:
    """What the linters say about them, each finding once."""
    return {finding for variant in variants for linter in LINTERS for finding in linter.findings(variant)}


def main() -> int:
    """Exit status 1 when something is wrong, with a line for each problem."""
    try:
        variants = all_documents(Path(sys.argv[1]))
        standing = suppressions.read(SUPPRESSIONS)
    except (TemplateError, suppressions.SuppressionError) as error:
        print(error)
        return 1
    found = all_findings(variants)
    problems = suppressions.judge(found, standing)
    for problem in problems:
        print(problem)
    documents = {document for variant in variants for document in variant}
    print(f"{len(documents)} policy documents, {len(found)} findings, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
