"""StackSets: stack sets, their instances and operations, what is refused, and the events."""

import json
import time
import unittest

from testing_cloud import REGION
from testing_stacksets import OTHER_REGION, StackSetTest, parameter_template, role_template


class StackSets(StackSetTest):
    def test_whole_life(self):
        accounts = self.targets[:2]
        self.make_roles(*accounts)
        stack_set_id = self.make_set(parameter_template(), Tags=[{"Key": "Team", "Value": "blue"}])
        self.assertRegex(stack_set_id, r"^lab:[0-9a-f-]{36}$")
        made = self.run_operation("create_stack_instances", accounts, [REGION, OTHER_REGION])
        self.assertEqual(made, "SUCCEEDED")
        instances = self.instances()
        self.assertEqual(len(instances), 4)
        for (account, region), instance in instances.items():
            self.assertRegex(instance["StackId"],
                             rf"^arn:aws:cloudformation:{region}:{account}:stack/StackSet-lab-[0-9a-f-]{{36}}/")
            self.assertEqual((instance["Status"], instance["StackInstanceStatus"]["DetailedStatus"]),
                             ("CURRENT", "SUCCEEDED"))
            self.assertEqual(self.kept(account, region), "one")
        stack = self.client("cloudformation", accounts[0], OTHER_REGION).describe_stacks(
            StackName=instances[accounts[0], OTHER_REGION]["StackId"])["Stacks"][0]
        self.assertEqual((stack["StackStatus"], stack["Tags"]), ("CREATE_COMPLETE", [{"Key": "Team", "Value": "blue"}]))
        self.refused("StackSetNotEmptyException", self.sets.delete_stack_set, StackSetName="lab")
        self.run_operation("delete_stack_instances", accounts, [REGION, OTHER_REGION], RetainStacks=False)
        self.assertEqual((self.instances(), self.kept(accounts[0])), ({}, None))
        self.sets.delete_stack_set(StackSetName="lab")
        self.sets.delete_stack_set(StackSetName="lab")
        self.refused("StackSetNotFoundException", self.sets.describe_stack_set, StackSetName="lab")
        self.assertEqual(self.sets.describe_stack_set(StackSetName=stack_set_id)["StackSet"]["Status"], "DELETED")

    def test_update_reaches_all_and_overrides_stay(self):
        first, second = self.targets[:2]
        self.make_roles(first, second)
        self.make_set(parameter_template())
        self.run_operation("create_stack_instances", [first])
        override = [{"ParameterKey": "Word", "ParameterValue": "own"}]
        self.run_operation("create_stack_instances", [second], ParameterOverrides=override)
        preferences = {"MaxConcurrentCount": 2, "FailureToleranceCount": 1}
        updated = self.sets.update_stack_set(
            StackSetName="lab", UsePreviousTemplate=True, OperationPreferences=preferences,
            Parameters=[{"ParameterKey": "Word", "ParameterValue": "two"}])["OperationId"]
        self.assertEqual(self.end(updated), "SUCCEEDED")
        self.assertEqual([self.kept(first), self.kept(second)], ["two", "own"])
        self.run_operation("update_stack_instances", [second], ParameterOverrides=[])
        self.assertEqual(self.kept(second), "two")
        self.refused("StackInstanceNotFoundException", self.sets.update_stack_instances, StackSetName="lab",
                     Accounts=[self.targets[2]], Regions=[REGION])
        self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab", Accounts=[first],
                     Regions=[REGION], ParameterOverrides=[{"ParameterKey": "Other", "ParameterValue": "x"}])

    def test_update_of_some_leaves_the_rest_outdated(self):
        first, second = self.targets[:2]
        self.make_roles(first, second)
        self.make_set(parameter_template())
        self.run_operation("create_stack_instances", [first, second])
        updated = self.sets.update_stack_set(StackSetName="lab", TemplateBody=json.dumps(parameter_template("two")),
                                             Accounts=[first], Regions=[REGION])["OperationId"]
        self.assertEqual(self.end(updated), "SUCCEEDED")
        self.assertEqual([self.instances()[account, REGION]["Status"] for account in (first, second)],
                         ["CURRENT", "OUTDATED"])
        self.assertEqual([self.kept(first), self.kept(second)], ["two", "one"])

    def test_lists_are_paged_and_filtered(self):
        self.make_roles(*self.targets)
        self.make_set(parameter_template())
        operation = self.begin("create_stack_instances", self.targets[:3])
        self.end(operation)
        page = self.sets.list_stack_instances(StackSetName="lab", MaxResults=2)
        self.assertEqual(len(page["Summaries"]), 2)
        rest = self.sets.list_stack_instances(StackSetName="lab", MaxResults=2, NextToken=page["NextToken"])
        self.assertEqual((len(rest["Summaries"]), "NextToken" in rest), (1, False))
        for name, value, count in (("DETAILED_STATUS", "SUCCEEDED", 3), ("DETAILED_STATUS", "FAILED", 0),
                                   ("LAST_OPERATION_ID", operation, 3), ("LAST_OPERATION_ID", "other", 0)):
            self.assertEqual(len(self.instances(Filters=[{"Name": name, "Values": value}])), count, (name, value))
        self.assertEqual(len(self.instances(StackInstanceAccount=self.targets[0])), 1)
        self.assertEqual(len(self.instances(StackInstanceRegion=OTHER_REGION)), 0)
        listed = self.sets.list_stack_set_operations(StackSetName="lab")["Summaries"][0]
        self.assertEqual((listed["OperationId"], listed["Action"], listed["StatusDetails"]),
                         (operation, "CREATE", {"FailedStackInstancesCount": 0}))
        self.assertEqual(self.sets.list_stack_sets(Status="ACTIVE")["Summaries"][0]["StackSetName"], "lab")

    def test_delete_that_fails_and_stacks_that_stay(self):
        account = self.targets[0]
        self.make_roles(account)
        bucket = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"full-{account}"}}}
        self.make_set(parameter_template(**bucket))
        self.run_operation("create_stack_instances", [account])
        s3 = self.client("s3", account)
        s3.put_object(Bucket=f"full-{account}", Key="a", Body=b"a")
        failed = self.begin("delete_stack_instances", [account], RetainStacks=False)
        self.assertEqual(self.end(failed), "FAILED")
        self.assertIn("ResourceLogicalId:Bucket, ResourceType:AWS::S3::Bucket",
                      self.results(failed)[account]["StatusReason"])
        instance = self.instances()[account, REGION]
        self.assertEqual((instance["Status"], instance["StackInstanceStatus"]["DetailedStatus"]),
                         ("INOPERABLE", "INOPERABLE"))
        skipped = self.sets.update_stack_set(StackSetName="lab", TemplateBody=json.dumps(parameter_template("two")))
        self.assertEqual(self.end(skipped["OperationId"]), "SUCCEEDED")
        self.assertEqual(self.results(skipped["OperationId"]), {})
        self.run_operation("delete_stack_instances", [account], RetainStacks=True)
        self.assertEqual(self.instances(), {})
        s3.head_bucket(Bucket=f"full-{account}")


class Refusals(StackSetTest):
    def test_templates(self):
        create = {"StackSetName": "lab"}
        needs = self.refused("InsufficientCapabilitiesException", self.sets.create_stack_set, **create,
                             TemplateBody=json.dumps(role_template()), Capabilities=["CAPABILITY_IAM"])
        self.assertEqual(needs, "Requires capabilities : [CAPABILITY_NAMED_IAM]")
        long = json.dumps({**parameter_template(), "Metadata": {"filler": "x" * 51200}})
        message = self.refused("ValidationError", self.sets.create_stack_set, **create, TemplateBody=long)
        self.assertIn("less than or equal to 51200", message)
        s3 = self.client("s3", self.admin)
        bucket = f"templates-{self.admin}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=bucket, Key="long.json", Body=long.encode())
        self.make_roles(self.targets[0])
        self.sets.create_stack_set(**create, TemplateURL=f"{self.cloud.base}/{bucket}/long.json")
        self.assertEqual(self.run_operation("create_stack_instances", self.targets[:1]), "SUCCEEDED")
        self.refused("NameAlreadyExistsException", self.sets.create_stack_set, **create, TemplateBody="{}")
        self.refused("ValidationError", self.sets.create_stack_set, StackSetName="bad_name",
                     TemplateBody=json.dumps(parameter_template()))
        self.refused("ValidationError", self.sets.create_stack_set, StackSetName="other", TemplateBody="{}",
                     TemplateURL="https://s3.amazonaws.com/a/b")

    def test_service_managed(self):
        managed = {"PermissionModel": "SERVICE_MANAGED", "AutoDeployment": {"Enabled": False}}
        plain = json.dumps(parameter_template())
        self.cloud.call("POST", f"organization?account={self.admin}", {})
        self.sets.activate_organizations_access()
        macro = json.dumps({**parameter_template(), "Transform": "AWS::LanguageExtensions"})
        nested = json.dumps(parameter_template(Inner={"Type": "AWS::CloudFormation::Stack", "Properties": {
            "TemplateURL": "https://s3.amazonaws.com/a/b"}}))
        for body in (macro, nested):
            self.refused("ValidationError", self.sets.create_stack_set, StackSetName="lab", TemplateBody=body,
                         Capabilities=["CAPABILITY_AUTO_EXPAND"], **managed)
        self.sets.create_stack_set(StackSetName="lab", TemplateBody=plain, **managed)


class Events(StackSetTest):
    def test_instances_and_operations_tell_of_their_states(self):
        account = self.targets[0]
        self.make_roles(account)
        sqs, events = self.client("sqs", self.admin), self.client("events", self.admin)
        url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                    "Action": "sqs:SendMessage", "Resource": arn}]})})
        events.put_rule(Name="seen", EventPattern=json.dumps({"source": ["aws.cloudformation"]}))
        events.put_targets(Rule="seen", Targets=[{"Id": "1", "Arn": arn}])
        self.make_set(parameter_template())
        operation = self.begin("create_stack_instances", [account])
        self.end(operation)
        found, deadline = [], time.monotonic() + 10
        while len(found) < 5 and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        kinds = {"CloudFormation StackSet StackInstance Status Change": [],
                 "CloudFormation StackSet Operation Status Change": []}
        for event in found:
            self.assertEqual((event["source"], event["account"]), ("aws.cloudformation", self.admin))
            kinds[event["detail-type"]].append(event["detail"])
        instances, operations = kinds.values()
        self.assertEqual({detail["status-details"]["status"] for detail in operations}, {"RUNNING", "SUCCEEDED"})
        self.assertEqual({detail["stack-set-operation-id"] for detail in operations}, {operation})
        self.assertEqual([(detail["status-details"]["detailed-status"], detail["status-details"]["status-reason"])
                          for detail in instances][0], ("PENDING", "User Initiated"))
        last = next(detail for detail in instances if detail["status-details"]["detailed-status"] == "SUCCEEDED")
        self.assertEqual((last["action"], last["status-details"]["status"], last["stack-id"]),
                         ("CREATE", "CURRENT", self.instances()[account, REGION]["StackId"]))
        self.assertRegex(last["stack-set-arn"], rf"^arn:aws:cloudformation:{REGION}:{self.admin}:stackset/lab:")


if __name__ == "__main__":
    unittest.main()
