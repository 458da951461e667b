"""The values of a template's properties."""

import tempfile
import unittest
from pathlib import Path

from template import Evaluation, Template, TemplateError

TEMPLATE = """
Parameters:
  Mode: {Type: String}
Conditions:
  IsWide: !Equals [!Ref Mode, wide]
  IsNarrow: !Not [!Condition IsWide]
  IsBoth: !And [!Condition IsWide, !Condition IsNarrow]
  IsEither: !Or [!Condition IsWide, !Condition IsNarrow]
  IsOdd: !Odd [1]
Resources:
  Role:
    Type: AWS::IAM::Role
    Condition: IsWide
    Properties: {RoleName: !Sub "role-${Mode}"}
  Bucket:
    Type: AWS::S3::Bucket
  Custom:
    Type: Custom::Thing
  Regions:
    Type: Custom::ArcRegions
"""


def read(text: str) -> Template:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "t.yaml").write_text(text, encoding="utf-8")
        return Template.read(Path(folder), "t.yaml")


class Values(unittest.TestCase):
    def setUp(self):
        self.evaluation = Evaluation(read(TEMPLATE), {"Mode": "wide"})

    def assert_value(self, node, expected):
        self.assertEqual(self.evaluation.value(node), expected)

    def test_references_and_attributes(self):
        self.assert_value({"Ref": "Mode"}, "wide")
        self.assert_value({"Ref": "AWS::AccountId"}, "111122223333")
        self.assert_value({"Ref": "Role"}, "role-wide")
        self.assert_value({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111122223333:role/role-wide")
        self.assert_value({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::bucket")
        principals = self.evaluation.value({"Fn::GetAtt": ["Regions", "StackSetPrincipals"]})
        self.assertIn("cloudformation.amazonaws.com", principals.split(","))

    def test_texts(self):
        self.assert_value({"Fn::Sub": "a-${Mode}-${Bucket.Arn}-${!Kept}"}, "a-wide-arn:aws:s3:::bucket-${Kept}")
        self.assert_value({"Fn::Sub": ["${One}", {"One": {"Ref": "Mode"}}]}, "wide")
        self.assert_value({"Fn::Join": ["-", ["a", {"Ref": "Mode"}]]}, "a-wide")
        self.assert_value({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b")

    def test_a_branch_is_chosen_and_nothing_leaves_nothing(self):
        choice = {"Fn::If": ["IsWide", {"a": {"Ref": "Mode"}}, {"Ref": "AWS::NoValue"}]}
        self.assert_value([choice], [{"a": "wide"}])
        self.assertEqual(self.evaluation.chosen, {(id(choice), True)})
        narrow = Evaluation(self.evaluation.template, {"Mode": "narrow"})
        self.assertEqual(narrow.value({"list": [choice, 1], "key": choice}), {"list": [1]})
        with self.assertRaisesRegex(TemplateError, "nothing is left"):
            narrow.value(choice)

    def test_conditions(self):
        truths = {name: self.evaluation.condition(name) for name in ("IsWide", "IsNarrow", "IsBoth", "IsEither")}
        self.assertEqual(truths, {"IsWide": True, "IsNarrow": False, "IsBoth": False, "IsEither": True})
        self.assertTrue(self.evaluation.makes("Role"))
        self.assertFalse(Evaluation(self.evaluation.template, {"Mode": "narrow"}).makes("Role"))
        self.assertTrue(self.evaluation.makes("Bucket"))

    def test_nothing_is_guessed(self):
        for node, expected in [
            ({"Fn::ImportValue": "x"}, "Fn::ImportValue is not known"),
            ({"Ref": "Nobody"}, "Ref to Nobody"),
            ({"Ref": "Custom"}, "whose kind is not known"),
            ({"Fn::GetAtt": ["Custom", "Arn"]}, "Custom.Arn is not known"),
            ({"Fn::GetAtt": ["Regions", "Other"]}, "Regions.Other is not known"),
            ({"Fn::GetAtt": ["Bucket", "DomainName"]}, "Bucket.DomainName is not known"),
            ({"Fn::Sub": "${Nobody}"}, "Ref to Nobody"),
            ({"Fn::If": ["IsOdd", 1, 2]}, "Fn::Odd is not known in a condition"),
            ({"Fn::If": ["Nothing", 1, 2]}, "no condition Nothing"),
        ]:
            with self.subTest(expected), self.assertRaisesRegex(TemplateError, expected):
                self.evaluation.value(node)

    def test_a_version_without_quotes_is_text(self):
        self.assertEqual(read("Resources: {R: {Version: 2012-10-17}}").resources["R"]["Version"], "2012-10-17")


if __name__ == "__main__":
    unittest.main()
