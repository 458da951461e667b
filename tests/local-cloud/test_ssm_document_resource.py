"""CloudFormation: AWS::SSM::Document, made, changed and deleted."""

import json
import unittest

from testing_ssm import SsmTest, runbook, step

NAME = "Stack-Runbook"


def content(description: str) -> dict:
    return runbook([step("Rest", "aws:sleep", {"Duration": "PT0S"}, isEnd=True)], description=description)


class Resource(SsmTest):
    def setUp(self):
        super().setUp()
        self.stacks = self.client("cloudformation")

    def template(self, description: str, **properties) -> dict:
        declared = {"Name": NAME, "DocumentType": "Automation", "UpdateMethod": "NewVersion",
                    "Content": content(description), **properties}
        return {"Resources": {"Runbook": {"Type": "AWS::SSM::Document", "Properties": {
            name: value for name, value in declared.items() if value is not None}}},
            "Outputs": {"Ref": {"Value": {"Ref": "Runbook"}}}}

    def deploy(self, action: str, template: dict) -> str:
        getattr(self.stacks, action)(StackName="lab", TemplateBody=json.dumps(template))
        return self.until(self.stack, lambda found: not found["StackStatus"].endswith("IN_PROGRESS"))["StackStatus"]

    def stack(self) -> dict:
        return self.stacks.describe_stacks(StackName="lab")["Stacks"][0]

    def name(self) -> str:
        return self.stack()["Outputs"][0]["OutputValue"]

    def described(self, name: str = NAME) -> dict:
        return self.ssm.describe_document(Name=name)["Document"]

    def test_made_given_a_new_version_and_deleted(self):
        tags = [{"Key": "a", "Value": "1"}]
        self.assertEqual(self.deploy("create_stack", self.template("first", Tags=tags)), "CREATE_COMPLETE")
        self.assertEqual((self.name(), self.described()["Tags"]), (NAME, tags))
        changed = self.template("second", Tags=[{"Key": "b", "Value": "2"}])
        self.assertEqual(self.deploy("update_stack", changed), "UPDATE_COMPLETE")
        found = self.described()
        self.assertEqual((found["DefaultVersion"], found["LatestVersion"], found["Description"], found["Tags"]),
                         ("2", "2", "second", [{"Key": "b", "Value": "2"}]))
        self.stacks.delete_stack(StackName="lab")
        self.until(lambda: self.ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}]),
                   lambda answer: not answer["DocumentIdentifiers"])

    def test_the_default_version_may_stay(self):
        self.switch(newDocumentVersionIsDefault=False)
        self.deploy("create_stack", self.template("first"))
        self.deploy("update_stack", self.template("second"))
        found = self.described()
        self.assertEqual((found["DefaultVersion"], found["LatestVersion"]), ("1", "2"))

    def test_a_failed_update_goes_back(self):
        self.deploy("create_stack", self.template("first"))
        broken = self.template("second", Content={"schemaVersion": "0.3", "mainSteps": []})
        self.assertEqual(self.deploy("update_stack", broken), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.described()["Description"], "first")
        renamed = self.template("first", Name="Other-Runbook")
        self.assertEqual(self.deploy("update_stack", renamed), "UPDATE_ROLLBACK_COMPLETE")

    def test_what_is_wrong_is_not_made(self):
        self.document(content("mine"), name=NAME)
        self.assertEqual(self.deploy("create_stack", self.template("first")), "ROLLBACK_COMPLETE")
        self.assertEqual(self.described()["Description"], "mine")

    def test_replaced_without_a_name_of_its_own(self):
        self.deploy("create_stack", self.template("first", Name=None, UpdateMethod=None))
        before = self.name()
        self.assertTrue(before.startswith("lab-Runbook-"))
        self.assertEqual(self.deploy("update_stack", self.template("second", Name=None, UpdateMethod=None)),
                         "UPDATE_COMPLETE")
        self.assertNotEqual(self.name(), before)
        self.assertEqual(self.described(self.name())["Description"], "second")
        self.refused("InvalidDocument", self.described, name=before)

    def test_a_name_of_its_own_forbids_a_replacement(self):
        self.deploy("create_stack", self.template("first", UpdateMethod=None))
        self.assertEqual(self.deploy("update_stack", self.template("second", UpdateMethod="Replace")),
                         "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.described()["Description"], "first")

    def test_it_runs(self):
        self.deploy("create_stack", self.template("first", Content=json.dumps(content("text"))))
        self.assertEqual(self.ended(self.start(self.name()))["AutomationExecutionStatus"], "Success")


if __name__ == "__main__":
    unittest.main()
