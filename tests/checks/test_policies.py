"""What the linters say of a policy, and which of it stands."""

import json
import tempfile
import unittest
from pathlib import Path

import cloudsplaining_linter
import parliament_linter
import policies
import suppressions
from documents import TRUST, Document
from findings import Finding
from template import TemplateError

ROLE_ARN = "arn:aws:iam::111122223333:role/R"


def document(*statements: dict, name: str = "P") -> Document:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Document("t.yaml", "R", name, ROLE_ARN if name == TRUST else "", text)


def allow(*actions: str, **more) -> dict:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def trust(principal: dict, action: str = "sts:AssumeRole", **more) -> Document:
    return document({"Effect": "Allow", "Principal": principal, "Action": action, **more}, name=TRUST)


def said(linter, *documents: Document) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(one.statement, one.name): one.about for one in linter.findings(list(documents))}


class Parliament(unittest.TestCase):
    def test_a_finding_has_its_statement(self):
        found = said(parliament_linter, document(allow("ec2:DescribeRegions"), allow("sqs:SendMessage", Sid="Send")))
        self.assertEqual(found, {("P/Send", "RESOURCE_STAR"): ("sqs:SendMessage",)})

    def test_an_unknown_action_hides_nothing_else(self):
        found = said(parliament_linter, document(allow("sqs:Fly"), allow("sqs:SendMessage", "sqs:Run")))
        self.assertEqual(found, {
            ("P/1", "UNKNOWN_ACTION"): ("Unknown action sqs:Fly",),
            ("P/2", "UNKNOWN_ACTION"): ("Unknown action sqs:Run",),
            ("P/2", "RESOURCE_STAR"): ("sqs:SendMessage",),
        })

    def test_a_finding_of_the_whole_policy_has_its_name(self):
        found = said(parliament_linter, document(allow("iam:PutRolePolicy")))
        self.assertEqual(found["P", "PERMISSIONS_MANAGEMENT_ACTIONS"], ("iam:putrolepolicy",))

    def test_a_trust_needs_no_resource_and_its_conditions_are_read(self):
        service = {"Service": "lambda.amazonaws.com"}
        self.assertEqual(said(parliament_linter, trust(service)), {})
        found = said(parliament_linter, trust(service, Condition={"StringMatches": {"aws:SourceAccount": "1"}}))
        self.assertIn((f"{TRUST}/1", "UNKNOWN_OPERATOR"), found)


class Cloudsplaining(unittest.TestCase):
    def test_a_finding_has_its_statement(self):
        found = said(cloudsplaining_linter, document(allow("ec2:DescribeRegions"), allow("kms:Decrypt", Sid="All")))
        self.assertEqual(found, {("P/All", "InfrastructureModification"): ("kms:Decrypt",)})

    def test_actions_escalate_together_wherever_they_stand(self):
        run = document(allow("ec2:RunInstances"), name="Q")
        found = said(cloudsplaining_linter, document(allow("iam:PassRole")), run)
        place = (cloudsplaining_linter.TOGETHER, "PrivilegeEscalation:CreateEC2WithExistingIP")
        self.assertEqual(found[place], ("iam:passrole", "ec2:runinstances"))

    def test_a_trust_is_judged_by_its_principals(self):
        found = said(cloudsplaining_linter, trust({"AWS": "*"}))
        self.assertIn((f"{TRUST}/1", "AssumableByAnyPrincipal"), found)
        found = said(cloudsplaining_linter, trust({"AWS": "arn:aws:iam::444455556666:role/x"}))
        self.assertIn((f"{TRUST}/1", "AssumableByCrossAccountPrincipal"), found)

    def test_a_resource_that_all_may_use_is_found(self):
        found = said(cloudsplaining_linter, document(allow("s3:GetObject", Principal="*")))
        self.assertEqual(found, {("P/1", "InternetAccessible"): ("s3:GetObject",)})


class Suppressions(unittest.TestCase):
    finding = Finding("t.yaml", "R", "P/1", "parliament", "RESOURCE_STAR", ("sqs:Run", "sqs:SendMessage"))
    entry = {"role": "R", "statement": "P/1", "linter": "parliament", "finding": "RESOURCE_STAR",
             "reason": "Because it must."}

    def read(self, *entries: dict) -> list[suppressions.Suppression]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "s.yaml")
            file.write_text(json.dumps(entries), encoding="utf-8")
            return suppressions.read(file)

    def judge(self, *entries: dict) -> list[str]:
        return suppressions.judge([self.finding], self.read(*entries))

    def test_a_finding_stands_when_it_is_listed(self):
        self.assertEqual(self.judge(self.entry), [])
        self.assertEqual(self.judge({**self.entry, "about": ["sqs:SendMessage", "sqs:Run"]}), [])

    def test_a_finding_that_is_not_listed_is_named(self):
        named = "t.yaml: R, P/1: parliament RESOURCE_STAR (sqs:Run, sqs:SendMessage)"
        self.assertEqual(self.judge(), [named])
        for change in ({"role": "Q"}, {"statement": "P/2"}, {"linter": "cloudsplaining"}, {"finding": "RESOURCE"},
                       {"about": ["sqs:Run"]}):
            with self.subTest(change):
                problems = self.judge({**self.entry, **change})
                self.assertEqual(problems[0], named)
                self.assertTrue(problems[1].startswith("nothing to suppress: "), problems)

    def test_an_entry_for_several_roles_counts_for_each(self):
        self.assertEqual(self.judge({**self.entry, "role": ["R", "Q"]}),
                         ["nothing to suppress: Q, P/1: parliament RESOURCE_STAR"])

    def test_a_finding_stands_for_one_reason(self):
        problems = self.judge(self.entry, {**self.entry, "about": ["sqs:Run", "sqs:SendMessage"]})
        self.assertEqual(len(problems), 1)
        self.assertTrue(problems[0].startswith("suppressed 2 times: t.yaml: R"), problems)

    def test_an_entry_says_what_it_must_and_no_more(self):
        for entry in ({**self.entry, "reason": "why not"}, {**self.entry, "actions": []},
                      {key: value for key, value in self.entry.items() if key != "linter"}):
            with self.subTest(entry), self.assertRaises(suppressions.SuppressionError):
                self.read(entry)


class Templates(unittest.TestCase):
    def findings(self, **roles: str) -> set[tuple[str, str]]:
        """What is said of templates with one role each, by their names."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "templates").mkdir()
            for name, role in roles.items():
                document = {"Version": "2012-10-17", "Statement": [allow("sqs:SendMessage")]}
                policies_of_role = [{"PolicyName": "P", "PolicyDocument": document}]
                resource = {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies_of_role}}
                file = Path(folder, "template.yaml" if name == "main" else f"templates/{name}.yaml")
                file.write_text(json.dumps({"Resources": {role: resource}}), encoding="utf-8")
            found = policies.all_findings(policies.all_documents(Path(folder)))
        return {(one.template, one.resource) for one in found if one.linter == "parliament"}

    def test_all_templates_are_looked_at(self):
        self.assertEqual(self.findings(main="A", other="B"), {("template.yaml", "A"), ("templates/other.yaml", "B")})

    def test_a_suppression_can_tell_roles_apart(self):
        with self.assertRaisesRegex(TemplateError, "no suppression could tell"):
            self.findings(main="A", other="A")


if __name__ == "__main__":
    unittest.main()
