"""Systems Manager: documents, their versions and tags, and what is no content of a runbook."""

import json
import unittest

from testing_cloud import Cloud
from testing_ssm import RUNBOOK, SsmTest, allow, runbook, step, tagging

SLEEP = step("Rest", "aws:sleep", {"Duration": "PT0S"})
YAML = """
schemaVersion: "0.3"
description: from YAML
mainSteps:
  - {name: Rest, action: aws:sleep, inputs: {Duration: PT0S}}
"""


class Life(SsmTest):
    def described(self, **request) -> dict:
        return self.ssm.describe_document(Name=RUNBOOK, **request)["Document"]

    def test_created_described_and_deleted(self):
        content = tagging()
        created = self.ssm.create_document(
            Name=RUNBOOK, Content=json.dumps(content), DocumentType="Automation", TargetType="/AWS::EC2::Instance",
            Tags=[{"Key": "a", "Value": "1"}])["DocumentDescription"]
        self.assertEqual((created["Status"], created["DocumentVersion"], created["Owner"]),
                         ("Creating", "1", self.account))
        described = self.described()
        self.assertEqual((described["Status"], described["SchemaVersion"], described["TargetType"]),
                         ("Active", "0.3", "/AWS::EC2::Instance"))
        self.assertEqual({entry["Name"]: entry.get("DefaultValue") for entry in described["Parameters"]},
                         {"AutomationAssumeRole": "", "InstanceId": None})
        self.assertEqual(json.loads(self.ssm.get_document(Name=RUNBOOK)["Content"]), content)
        self.refused("DocumentAlreadyExists", self.document, content=content)
        self.ssm.delete_document(Name=RUNBOOK)
        for call in (self.ssm.describe_document, self.ssm.get_document, self.ssm.delete_document):
            self.refused("InvalidDocument", call, Name=RUNBOOK)

    def test_yaml(self):
        self.ssm.create_document(Name=RUNBOOK, Content=YAML, DocumentType="Automation", DocumentFormat="YAML")
        self.assertEqual(self.described()["Description"], "from YAML")
        self.refused("InvalidDocumentContent", self.ssm.create_document, Name="Other", Content=YAML,
                     DocumentType="Automation")

    def test_versions(self):
        self.document(runbook([SLEEP]))
        newer = json.dumps(runbook([SLEEP], description="newer"))
        self.ssm.update_document(Name=RUNBOOK, Content=newer, DocumentVersion="$LATEST", VersionName="second")
        described = self.described()
        self.assertEqual((described["DefaultVersion"], described["LatestVersion"], described["DocumentVersion"]),
                         ("1", "2", "1"))
        self.assertEqual(self.described(DocumentVersion="$LATEST")["Description"], "newer")
        self.assertEqual(self.described(VersionName="second")["DocumentVersion"], "2")
        self.refused("DuplicateDocumentContent", self.ssm.update_document, Name=RUNBOOK, Content=newer,
                     DocumentVersion="$LATEST")
        other = json.dumps(runbook([SLEEP], description="other"))
        self.refused("InvalidDocumentVersion", self.ssm.update_document, Name=RUNBOOK, Content=other,
                     DocumentVersion="1")
        self.refused("DuplicateDocumentVersionName", self.ssm.update_document, Name=RUNBOOK, Content=other,
                     DocumentVersion="2", VersionName="second")
        answer = self.ssm.update_document_default_version(Name=RUNBOOK, DocumentVersion="2")["Description"]
        self.assertEqual((answer["DefaultVersion"], answer["DefaultVersionName"]), ("2", "second"))
        self.assertEqual(self.described()["DocumentVersion"], "2")
        self.refused("InvalidDocumentOperation", self.ssm.delete_document, Name=RUNBOOK, DocumentVersion="2")
        self.ssm.delete_document(Name=RUNBOOK, DocumentVersion="1")
        versions = self.ssm.list_document_versions(Name=RUNBOOK)["DocumentVersions"]
        self.assertEqual([version["DocumentVersion"] for version in versions], ["2"])

    def test_listed_in_pages(self):
        for number in range(3):
            self.document(runbook([SLEEP]), name=f"Mine-{number}")
        mine = [{"Key": "Owner", "Values": ["Self"]}]
        first = self.ssm.list_documents(Filters=mine, MaxResults=2)
        rest = self.ssm.list_documents(Filters=mine, MaxResults=2, NextToken=first["NextToken"])
        names = [entry["Name"] for page in (first, rest) for entry in page["DocumentIdentifiers"]]
        self.assertEqual(names, ["Mine-0", "Mine-1", "Mine-2"])
        self.assertNotIn("NextToken", rest)
        amazon = self.ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Amazon"]}])["DocumentIdentifiers"]
        self.assertEqual([entry["Name"] for entry in amazon], ["AWS-AttachIAMToInstance"])
        self.refused("InvalidFilterKey", self.ssm.list_documents, Filters=[{"Key": "x", "Values": ["y"]}])

    def test_they_belong_to_an_account_and_a_region(self):
        self.document(runbook([SLEEP]))
        self.refused("InvalidDocument", self.client("ssm", region="us-east-1").describe_document, Name=RUNBOOK)

    def test_tags(self):
        self.document(runbook([SLEEP]))
        it = {"ResourceType": "Document", "ResourceId": RUNBOOK}
        self.ssm.add_tags_to_resource(**it, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        self.ssm.remove_tags_from_resource(**it, TagKeys=["a"])
        self.assertEqual(self.ssm.list_tags_for_resource(**it)["TagList"], [{"Key": "b", "Value": "2"}])
        self.refused("TooManyTagsError", self.ssm.add_tags_to_resource, **it,
                     Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
        self.refused("InvalidResourceId", self.ssm.list_tags_for_resource, ResourceType="Document", ResourceId="none")

    def test_names_and_types(self):
        content = json.dumps(runbook([SLEEP]))
        for name in ("AWS-Mine", "amazon-x", "ab", "with space"):
            self.refused("ValidationException", self.ssm.create_document, Name=name, Content=content,
                         DocumentType="Automation")
        self.refused("ValidationException", self.ssm.create_document, Name=RUNBOOK, Content=content)

    def test_authorised_on_the_document(self):
        own = self.client("ssm", self.caller("Writer", [
            allow("ssm:CreateDocument", f"arn:aws:ssm:*:{self.account}:document/Mine-*")]))
        request = {"Content": json.dumps(runbook([SLEEP])), "DocumentType": "Automation"}
        own.create_document(Name="Mine-1", **request)
        self.refused("AccessDeniedException", own.create_document, Name="Other", **request)


class Content(SsmTest):
    def rejected(self, content, code: str = "InvalidDocumentContent") -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        return self.refused(code, self.ssm.create_document, Name=RUNBOOK, Content=text,
                            DocumentType="Automation")["Error"]["Message"]

    def test_what_is_no_runbook(self):
        self.assertIn("JSON not well-formed", self.rejected("{"))
        self.rejected("[]")
        self.rejected(runbook([SLEEP], surprise=1))
        self.rejected({**runbook([SLEEP]), "schemaVersion": "2.2"}, "InvalidDocumentSchemaVersion")
        self.rejected(runbook([SLEEP], description="x" * 70_000), "MaxDocumentSizeExceeded")
        self.rejected(runbook([]))

    def test_steps(self):
        for bad in ({**SLEEP, "name": "not a name"}, {**SLEEP, "surprise": 1}, {**SLEEP, "maxAttempts": 0},
                    {**SLEEP, "onFailure": "step:Nowhere"}, {**SLEEP, "nextStep": "Nowhere"},
                    {**SLEEP, "onFailure": "Perhaps"}, {**SLEEP, "isEnd": "perhaps"}, {**SLEEP, "action": "sleep"},
                    step("Rest", "aws:sleep", {"Duration": "PT0S", "Timestamp": "2026-01-01T00:00:00Z"})):
            self.rejected(runbook([bad]))
        self.rejected(runbook([SLEEP, SLEEP]))

    def test_inputs_of_actions(self):
        unknown = self.rejected(runbook([step("Tag", "aws:createTags", {"ResourceIds": [], "Tags": [], "Tag": 1})]))
        self.assertTrue(unknown.startswith("Unknown input names provided. Known=[ ["), unknown)
        missing = self.rejected(runbook([step("Tag", "aws:createTags", {"ResourceIds": []})]))
        self.assertTrue(missing.startswith("Missing required input names. "), missing)
        self.rejected(runbook([step("Call", "aws:executeAwsApi", {"Service": "ec2"})]))

    def test_branches(self):
        def branch(choice: dict) -> dict:
            return runbook([step("Choose", "aws:branch", {"Choices": [choice]}), SLEEP])

        self.rejected(branch({"NextStep": "Rest", "Variable": "x", "Sounds": "like"}))
        self.rejected(branch({"NextStep": "Nowhere", "Variable": "x", "StringEquals": "y"}))
        self.rejected(branch({"NextStep": "Rest", "And": [{"StringEquals": "y"}]}))

    def test_parameters_and_references(self):
        self.rejected(runbook([SLEEP], {"P": {"type": "Number"}}))
        self.rejected(runbook([SLEEP], {"P": {"type": "String", "default": "x", "allowedValues": ["y"]}}))
        self.rejected(runbook([SLEEP], {"P": {"type": "String", "surprise": 1}}))
        self.rejected(runbook([step("Rest", "aws:sleep", {"Duration": "{{ Absent }}"})]))
        self.rejected(runbook([SLEEP], {"P": {"type": "String", "default": "{{ AutomationAssumeRole }}"}}))
        self.rejected({**runbook([SLEEP]), "assumeRole": "{{ Absent }}"})
        self.rejected(runbook([SLEEP], outputs=["Absent.Thing"]))
        self.document(runbook([step("Rest", "aws:sleep", {"Duration": "{{ P }}"})],
                              {"P": {"type": "String", "default": "PT0S", "allowedValues": ["PT0S", "PT1S"]}}))


class Reset(SsmTest):
    def test_everything_is_forgotten(self):
        self.cloud = Cloud()
        self.addCleanup(self.cloud.stop)
        ec2, ssm = self.client("ec2"), self.client("ssm")
        ssm.create_document(Name=RUNBOOK, Content=json.dumps(tagging()), DocumentType="Automation")
        (instance,) = self.instances(1)
        self.cloud.call("PUT", "regions", {"account": self.account, "disabled": ["us-west-2"]})
        ssm.start_automation_execution(DocumentName=RUNBOOK, Parameters={"InstanceId": [instance]})
        self.until(lambda: self.cloud.get("tag-writes"), bool)
        self.cloud.call("POST", f"{self.cloud.base}/_ministack/reset")
        self.assertEqual([self.cloud.get(route) for route in ("automations", "tag-writes", "regions")], [[], [], {}])
        self.refused("InvalidDocument", ssm.describe_document, Name=RUNBOOK)
        self.assertEqual(ec2.describe_instances()["Reservations"], [])
        self.assertEqual(ssm.describe_automation_executions()["AutomationExecutionMetadataList"], [])


if __name__ == "__main__":
    unittest.main()
