"""Which policies are found, under which parameters."""

import json
import unittest

from cases import parameter_sets
from documents import TRUST, documents_of
from template import Template, TemplateError

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT, {"Sid": "Second", **STATEMENT}]}


def switch(*values: str) -> dict:
    return {"Type": "String", "AllowedValues": list(values), "Default": values[0]}


def template(properties: dict, kind: str = "AWS::IAM::Role", **parameters: dict) -> Template:
    """One resource, made only when Made is on, with conditions for its policies."""
    return Template("t.yaml", {
        "Parameters": {"Made": switch("on", "off"), **parameters},
        "Conditions": {
            "IsMade": {"Fn::Equals": [{"Ref": "Made"}, "on"]},
            "IsDefault": {"Fn::Equals": [{"Ref": "AccessMode"}, "Default"]},
        },
        "Resources": {"It": {"Type": kind, "Condition": "IsMade", "Properties": properties}},
    })


class Documents(unittest.TestCase):
    def test_every_policy_of_a_role_is_found_once(self):
        trust = {"Fn::Sub": json.dumps({"Statement": {"Action": "sts:AssumeRole", "Principal": "${AWS::AccountId}"}})}
        found = documents_of(template({TRUST: trust, "Policies": [{"PolicyName": "P", "PolicyDocument": POLICY}]}))
        self.assertEqual(len(found), 1)
        first, second = found[0]
        self.assertEqual((first.resource, first.name), ("It", TRUST))
        self.assertEqual(first.owner_arn, "arn:aws:iam::111122223333:role/it")
        self.assertEqual(first.statements()[0][1]["Principal"], "111122223333")
        self.assertEqual([place for place, _ in second.statements()], ["P/1", "P/Second"])
        self.assertFalse(second.is_trust)

    def test_both_branches_of_a_choice_are_looked_at(self):
        narrow = {"PolicyName": "P", "PolicyDocument": {"Statement": [STATEMENT]}}
        choice = {"Fn::If": ["IsDefault", {"PolicyName": "P", "PolicyDocument": POLICY}, narrow]}
        modes = switch("Default", "LeastPrivilege")
        found = documents_of(template({"Policies": [choice]}, AccessMode=modes))
        self.assertEqual(sorted(len(one[0].statements()) for one in found), [1, 2])
        with self.assertRaisesRegex(TemplateError, "It.Policies is never looked at with IsDefault false"):
            documents_of(template({"Policies": [choice]}, AccessMode=switch("Default")))

    def test_policies_of_other_resources_are_found(self):
        found = documents_of(template({"PolicyDocument": POLICY, "Bucket": "x"}, "AWS::S3::BucketPolicy"))
        self.assertEqual([one.name for one in found[0]], ["PolicyDocument"])

    def test_a_policy_in_a_place_that_is_not_known_is_an_error(self):
        with self.assertRaisesRegex(TemplateError, "Hidden holds something that is no policy"):
            documents_of(template({"Hidden": {"Here": STATEMENT}}))

    def test_a_role_that_is_never_made_is_an_error(self):
        with self.assertRaisesRegex(TemplateError, "It is never made"):
            documents_of(template({TRUST: POLICY}, Made=switch("off")))

    def test_a_role_that_sam_would_make_is_an_error(self):
        with self.assertRaisesRegex(TemplateError, "SAM makes the role of It"):
            documents_of(template({}, "AWS::Serverless::Function"))


class Cases(unittest.TestCase):
    def sets(self, **parameters: dict) -> list[dict]:
        return list(parameter_sets(Template("t.yaml", {"Parameters": parameters})))

    def test_everything_is_on_first_then_one_thing_is_changed_in_each_mode(self):
        found = self.sets(CspmPlan=switch("Foundational", "Defender"), AccessMode=switch("Default", "LeastPrivilege"))
        self.assertEqual(found, [
            {"CspmPlan": "Defender", "AccessMode": "Default"},
            {"CspmPlan": "Foundational", "AccessMode": "Default"},
            {"CspmPlan": "Defender", "AccessMode": "LeastPrivilege"},
            {"CspmPlan": "Foundational", "AccessMode": "LeastPrivilege"},
        ])

    def test_what_may_be_empty_is_empty_once(self):
        pattern = {"Type": "String", "AllowedPattern": "^$|^x", "Default": "x1"}
        self.assertEqual(self.sets(Text=pattern), [{"Text": "x1"}, {"Text": ""}])
        self.assertEqual(self.sets(Regions={"Type": "CommaDelimitedList", "Default": ""}),
                         [{"Regions": ["eu-west-1"]}, {"Regions": [""]}])

    def test_a_parameter_without_a_value_is_an_error(self):
        with self.assertRaisesRegex(TemplateError, "add a value for parameter Unheard to SAMPLES"):
            self.sets(Unheard={"Type": "String"})
        with self.assertRaisesRegex(TemplateError, "CspmPlan does not allow Defender"):
            self.sets(CspmPlan=switch("Foundational"))


if __name__ == "__main__":
    unittest.main()
