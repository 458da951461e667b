"""Systems Manager: single executions: their actions and failures, what starts them, and rights."""

import unittest
import uuid

from testing_ssm import RUNBOOK, SsmTest, allow, runbook, sleeping, step, tagging

GONE = "i-0000000000000000a"


def calling(name: str, api: str, outputs: list | None = None, service: str = "ec2", **inputs) -> dict:
    made = step(name, "aws:executeAwsApi", {"Service": service, "Api": api, **inputs})
    return made | ({"outputs": outputs} if outputs else {})


class Actions(SsmTest):
    def run_document(self, content: dict, **parameters) -> dict:
        self.document(content)
        return self.ended(self.start(Parameters={name: [value] for name, value in parameters.items()}))

    def test_tags_are_put_on_the_instance_in_the_role(self):
        (instance,) = self.instances(1)
        role = self.tag_role(condition={"StringEquals": {"aws:SourceAccount": self.account}})
        found = self.run_document(tagging(), InstanceId=instance, AutomationAssumeRole=role)
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        self.assertEqual(self.tags(instance), {"InstanceId": instance, "AccountId": self.account})
        self.assertEqual(found["Parameters"], {"InstanceId": [instance], "AutomationAssumeRole": [role]})
        (write,) = [write for write in self.cloud.get("tag-writes") if write["account"] == self.account]
        self.assertEqual(write["automationExecutionId"], found["AutomationExecutionId"])
        (entry,) = [entry for entry in self.cloud.get("automations") if entry["account"] == self.account]
        self.assertEqual((entry["status"], entry["role"], entry["document"]), ("Success", role, RUNBOOK))
        self.assertIsNone(entry["failedStep"])

    def test_a_step_that_fails_is_tried_again(self):
        self.switch(taggableAfterSeconds=1)
        launched = self.ec2.run_instances(ImageId="ami-0c2023a1b2c3d4e5f", MinCount=1, MaxCount=1)
        instance = launched["Instances"][0]["InstanceId"]
        found = self.run_document(tagging(maxAttempts=20), InstanceId=instance)
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        outcomes = [write["outcome"] for write in self.cloud.get("tag-writes") if write["account"] == self.account]
        self.assertGreater(outcomes.count("InvalidInstanceID.NotFound"), 1)
        self.assertEqual(outcomes[-1], "ok")

    def test_an_api_is_called_and_its_answer_used(self):
        (instance,) = self.instances(1, tags={"Keep": "no"})
        outputs = [{"Name": "Values", "Selector": "$.Tags..Value", "Type": "StringList"},
                   {"Name": "First", "Selector": "$.Tags[0].Key", "Type": "String"}]
        look = calling("Look", "DescribeTags", outputs, Filters=[
            {"Name": "resource-id", "Values": ["{{ InstanceId }}"]}])
        mark = step("Mark", "aws:createTags", {"ResourceIds": ["{{ InstanceId }}"], "Tags": [
            {"Key": "Seen", "Value": "{{ Look.First }} in {{ global:REGION }}"}]})
        choose = step("Choose", "aws:branch", {"Default": "Mark", "Choices": [
            {"NextStep": "Rest", "Variable": "{{ Look.Values }}", "Contains": "yes"}]})
        rest = step("Rest", "aws:sleep", {"Duration": "PT0S"}, isEnd=True)
        content = runbook([look, choose, rest, mark], {"InstanceId": {"type": "String"}}, outputs=["Look.First"])
        found = self.run_document(content, InstanceId=instance)
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        self.assertEqual(found["Outputs"], {"Look.First": ["Keep"]})
        self.assertEqual(self.tags(instance)["Seen"], "Keep in eu-west-1")
        self.assertEqual([entry["StepStatus"] for entry in found["StepExecutions"]],
                         ["Success", "Success", "Pending", "Success"])
        self.ec2.create_tags(Resources=[instance], Tags=[{"Key": "Keep", "Value": "yes"}, {"Key": "Seen", "Value": ""}])
        self.ended(self.start(Parameters={"InstanceId": [instance]}))
        self.assertEqual(self.tags(instance)["Seen"], "")

    def test_tags_are_deleted_by_value(self):
        (instance,) = self.instances(1, tags={"Cloud": "AWS", "AccountId": "other"})
        content = runbook([calling("Remove", "DeleteTags", Resources=["{{ InstanceId }}"], Tags=[
            {"Key": "Cloud", "Value": "AWS"}, {"Key": "AccountId", "Value": "{{ global:ACCOUNT_ID }}"}])],
            {"InstanceId": {"type": "String"}})
        found = self.run_document(content, InstanceId=instance)
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        self.assertEqual(self.tags(instance), {"AccountId": "other"})

    def test_failures_say_what_the_service_said(self):
        found = self.run_document(tagging(), InstanceId=GONE)
        self.assertEqual(found["AutomationExecutionStatus"], "Failed")
        self.assertIn(f"The instance ID '{GONE}' does not exist (Service: AmazonEC2; Status Code: 400; "
                      "Error Code: InvalidInstanceID.NotFound;", found["FailureMessage"])
        self.assertEqual(found["StepExecutions"][0]["FailureMessage"], found["FailureMessage"])
        (entry,) = [entry for entry in self.cloud.get("automations") if entry["account"] == self.account]
        self.assertEqual((entry["failedStep"], entry["failure"]), ("Tag", found["FailureMessage"]))
        self.ssm.delete_document(Name=RUNBOOK)
        look = calling("Look", "DescribeInstances", InstanceIds=[GONE])
        found = self.run_document(runbook([look]))
        self.assertIn("An error occurred (InvalidInstanceID.NotFound) when calling the DescribeInstances operation",
                      found["FailureMessage"])

    def test_what_is_no_api(self):
        for number, look in enumerate((calling("Look", "NoSuchThing"), calling("Look", "DescribeTags", MaxResults="x"),
                                       calling("Look", "DescribeTags", service="nothing"))):
            self.document(runbook([look]), name=f"Test-{number}")
            found = self.ended(self.start(f"Test-{number}"))
            self.assertEqual(found["AutomationExecutionStatus"], "Failed", look)

    def test_going_on_after_a_failure(self):
        bad = calling("Bad", "DescribeInstances", InstanceIds=[GONE])
        rest, last = step("Rest", "aws:sleep", {"Duration": "PT0S"}), step("Last", "aws:sleep", {"Duration": "PT0S"})
        for number, (more, status, run) in enumerate((
                ({"onFailure": "Abort"}, "Failed", 0), ({"onFailure": "Continue"}, "Success", 2),
                ({"onFailure": "Continue", "isCritical": True}, "Failed", 2),
                ({"onFailure": "step:Last"}, "Failed", 1), ({"onFailure": "step:Last", "isCritical": "false"},
                                                           "Success", 1),
                ({"onFailure": "Continue", "isEnd": True}, "Failed", 0))):
            self.document(runbook([{**bad, **more}, rest, last]), name=f"Test-{number}")
            found = self.ended(self.start(f"Test-{number}"))
            succeeded = [entry for entry in found["StepExecutions"] if entry["StepStatus"] == "Success"]
            self.assertEqual((found["AutomationExecutionStatus"], len(succeeded)), (status, run), more)

    def test_a_step_times_out(self):
        self.document(sleeping("PT30S", timeoutSeconds=1))
        self.assertEqual(self.ended(self.start())["AutomationExecutionStatus"], "TimedOut")

    def test_types_and_defaults_of_parameters(self):
        parameters = {"Wanted": {"type": "Boolean", "default": True}, "Count": {"type": "Integer", "default": 2},
                      "Names": {"type": "StringList", "default": ["a", "b"]},
                      "Home": {"type": "String", "default": "{{global:REGION}}"}}
        (instance,) = self.instances(1)
        value = "{{ Wanted }} {{ Count }} {{ Names }} {{ Home }}"
        content = runbook([step("Tag", "aws:createTags", {"ResourceIds": [instance], "Tags": [
            {"Key": "All", "Value": value}]})], parameters)
        self.run_document(content)
        self.assertEqual(self.tags(instance)["All"], 'true 2 ["a", "b"] eu-west-1')
        self.switch(systemVariablesInDefaults=False)
        self.ended(self.start(Parameters={"Wanted": ["false"], "Names": ["c", "d"]}))
        self.assertEqual(self.tags(instance)["All"], 'false 2 ["c", "d"] {{global:REGION}}')


class Starting(SsmTest):
    def test_what_is_not_there(self):
        self.document(sleeping())
        self.refused("AutomationDefinitionNotFoundException", self.start, document="Nothing")
        self.refused("AutomationDefinitionVersionNotFoundException", self.start, DocumentVersion="7")
        self.refused("AutomationExecutionNotFoundException", self.execution, execution_id=str(uuid.uuid4()))

    def test_parameters_are_checked(self):
        self.document(runbook([step("Rest", "aws:sleep", {"Duration": "PT0S"})], {
            "Needed": {"type": "String", "allowedPattern": "^i-"}, "Flag": {"type": "Boolean", "default": True},
            "One": {"type": "String", "default": "a", "allowedValues": ["a", "b"]}}))
        good = {"Needed": ["i-1"]}
        self.start(Parameters=good)
        for bad in ({}, {"Needed": ["x"]}, {**good, "Flag": ["maybe"]}, {**good, "One": ["c"]},
                    {**good, "Other": ["x"]}, {"Needed": ["i-1", "i-2"]}):
            self.refused("InvalidAutomationExecutionParametersException", self.start, Parameters=bad)
        self.refused("ValidationException", self.start, Parameters={"Needed": [""]})
        self.refused("ValidationException", self.start, Parameters={"Needed": ["i-" + "x" * 511]})

    def test_a_token_makes_one_execution(self):
        self.document(sleeping())
        token = str(uuid.uuid4())
        first = self.start(ClientToken=token)
        self.assertEqual(self.start(ClientToken=token.upper()), first)
        self.assertNotEqual(self.start(), first)
        self.refused("IdempotentParameterMismatch", self.start, ClientToken=token, DocumentVersion="1")
        self.refused("ValidationException", self.start, ClientToken="x")

    def test_versions(self):
        self.document(sleeping())
        self.ssm.update_document(Name=RUNBOOK, Content='{"schemaVersion": "0.3", "mainSteps": [{"name": "New", '
                                 '"action": "aws:sleep", "inputs": {"Duration": "PT0S"}}]}', DocumentVersion="$LATEST")
        for wanted, version in ((None, "1"), ("$DEFAULT", "1"), ("$LATEST", "2"), ("2", "2")):
            more = {"DocumentVersion": wanted} if wanted else {}
            self.assertEqual(self.execution(self.start(**more))["DocumentVersion"], version)

    def test_not_played(self):
        self.document(sleeping())
        self.refused("ValidationException", self.start, TargetLocations=[{"Accounts": ["1"], "Regions": ["eu-west-1"]}])
        self.refused("ValidationException", self.start, Mode="Interactive")


class Rights(SsmTest):
    START = "arn:aws:ssm:*:{account}:automation-definition/Test-*"

    def setUp(self):
        super().setUp()
        self.document(tagging())
        (self.instance,) = self.instances(1)

    def may_start(self, name: str, *more: dict, resources=None):
        granted = resources or self.START.format(account=self.account)
        return self.client("ssm", self.caller(name, [allow("ssm:StartAutomationExecution", granted), *more]))

    def passing(self, role: str, service: str = "ssm.amazonaws.com") -> dict:
        return allow("iam:PassRole", role, condition={"StringEquals": {"iam:PassedToService": service}})

    def parameters(self, role: str = "") -> dict:
        given = {"InstanceId": [self.instance]}
        return {"Parameters": {**given, "AutomationAssumeRole": [role]} if role else given}

    def test_both_ways_to_grant_a_start(self):
        role = self.tag_role()
        newer = [f"arn:aws:ssm:*:{self.account}:document/{RUNBOOK}",
                 f"arn:aws:ssm:*:{self.account}:automation-execution/*"]
        old, new = self.may_start("Old", self.passing(role)), self.may_start("New", self.passing(role), resources=newer)
        half = self.may_start("Half", self.passing(role), resources=newer[:1])
        for ssm in (old, new):
            self.start(ssm=ssm, **self.parameters(role))
        self.refused("AccessDeniedException", self.start, ssm=half, **self.parameters(role))
        self.switch(startByAutomationDefinition=False)
        self.start(ssm=new, **self.parameters(role))
        self.refused("AccessDeniedException", self.start, ssm=old, **self.parameters(role))
        denied = self.may_start("Denied", self.passing(role), {
            "Effect": "Deny", "Action": "ssm:*", "Resource": newer[0]}, resources=newer)
        self.refused("AccessDeniedException", self.start, ssm=denied, **self.parameters(role))

    def test_the_role_has_to_be_passed(self):
        role = self.tag_role()
        refusal = self.refused("AccessDeniedException", self.start, ssm=self.may_start("NoPass"),
                               **self.parameters(role))
        self.assertIn(f"iam:PassRole on resource: {role}", refusal["Error"]["Message"])
        to_lambda = self.may_start("ToLambda", self.passing(role, "lambda.amazonaws.com"))
        self.refused("AccessDeniedException", self.start, ssm=to_lambda, **self.parameters(role))

    def test_the_role_has_to_let_systems_manager_in(self):
        wrong = [self.tag_role("Foreign", service="lambda.amazonaws.com"),
                 self.tag_role("Elsewhere", condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
                 f"arn:aws:iam::{self.account}:role/Absent"]
        for role in wrong:
            refusal = self.refused("InvalidAutomationExecutionParametersException", self.start,
                                   **self.parameters(role))
            self.assertEqual(refusal["Error"]["Message"], "The defined assume role is unable to be assumed.")
        self.refused("InvalidAutomationExecutionParametersException", self.start, **self.parameters("Runbook"))
        arn = {"ArnLike": {"aws:SourceArn": f"arn:aws:ssm:*:{self.account}:automation-execution/*"}}
        self.start(**self.parameters(self.tag_role("Right", condition=arn)))

    def test_its_policies_hold_for_what_it_does(self):
        role = self.role("Weak", [allow("ec2:DescribeTags")])
        found = self.ended(self.start(**self.parameters(role)))
        self.assertEqual(found["AutomationExecutionStatus"], "Failed")
        self.assertIn("Status Code: 403; Error Code: UnauthorizedOperation", found["FailureMessage"])
        self.assertEqual(self.tags(self.instance), {})

    def test_without_a_role_the_caller_acts(self):
        weak = self.may_start("Weak")
        found = self.ended(self.start(ssm=weak, **self.parameters()))
        self.assertEqual(found["AutomationExecutionStatus"], "Failed")
        self.assertTrue(found["ExecutedBy"].endswith(":assumed-role/Weak/test"))
        strong = self.may_start("Strong", allow("ec2:CreateTags"))
        found = self.ended(self.start(ssm=strong, **self.parameters()))
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)

    def test_reading_is_authorised_on_the_execution(self):
        execution_id = self.start(**self.parameters())
        own = self.client("ssm", self.caller("Reader", [
            allow("ssm:GetAutomationExecution", f"arn:aws:ssm:*:{self.account}:automation-execution/*")]))
        own.get_automation_execution(AutomationExecutionId=execution_id)
        self.refused("AccessDeniedException", own.describe_automation_executions)


if __name__ == "__main__":
    unittest.main()
