"""EventBridge: rules that start automations, what becomes of starts that fail, and events of automations."""

import json
import unittest

from testing_cloud import REGION
from testing_ssm import RUNBOOK, SsmTest, allow, tagging

TRANSFORMER = {"InputPathsMap": {"instance": "$.detail.instance-id"}}


class EventTarget(SsmTest):
    def setUp(self):
        super().setUp()
        self.events, self.sqs = self.client("events"), self.client("sqs")
        self.document(tagging())
        self.runbook_role = self.tag_role()
        self.definition = f"arn:aws:ssm:{REGION}:{self.account}:automation-definition/{RUNBOOK}:$DEFAULT"
        self.rule = self.events.put_rule(Name="running", EventPattern=json.dumps({
            "source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"],
            "detail": {"state": ["running"]}}))["RuleArn"]
        self.dead = self.queue("dead", {"ArnEquals": {"aws:SourceArn": self.rule}})

    def queue(self, name: str, condition: dict) -> str:
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{self.account}:{name}"
        insecure = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Statement": [insecure, {
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arn, "Condition": condition}]})})
        return url

    def events_role(self, *statements: dict, name: str = "Events") -> str:
        return self.role(name, list(statements), service="events.amazonaws.com",
                         condition={"StringEquals": {"aws:SourceAccount": self.account}})

    def may(self) -> list[dict]:
        passed = {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
        definition = f"arn:aws:ssm:*:{self.account}:automation-definition/{RUNBOOK}:*"
        return [allow("ssm:StartAutomationExecution", definition),
                allow("iam:PassRole", self.runbook_role, condition=passed)]

    def target(self, role: str, **more) -> None:
        template = '{"InstanceId":[<instance>],"AutomationAssumeRole":["%s"]}' % self.runbook_role
        target = {"Id": "1", "Arn": self.definition, "RoleArn": role,
                  "InputTransformer": {**TRANSFORMER, "InputTemplate": template},
                  "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{self.account}:dead"}, **more}
        target = {name: value for name, value in target.items() if value is not None}
        self.events.put_targets(Rule="running", Targets=[target])

    def launch(self) -> str:
        launched = self.ec2.run_instances(ImageId="ami-0c2023a1b2c3d4e5f", MinCount=1, MaxCount=1)
        return launched["Instances"][0]["InstanceId"]

    def messages(self, queue: str) -> list[dict]:
        return self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0,
                                        MessageAttributeNames=["All"]).get("Messages", [])

    def dead_letter(self) -> tuple[dict, dict]:
        (message,) = self.until(lambda: self.messages(self.dead), bool)
        return json.loads(message["Body"]), {
            name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


class Starts(EventTarget):
    def test_a_launched_instance_is_tagged(self):
        self.target(self.events_role(*self.may()))
        instance = self.launch()
        self.until(lambda: self.tags(instance), lambda tags: tags == {
            "InstanceId": instance, "AccountId": self.account})
        (entry,) = self.ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
        self.assertIn(":assumed-role/Events/", entry["ExecutedBy"])
        self.assertEqual(entry["DocumentName"], RUNBOOK)
        self.assertEqual(self.messages(self.dead), [])

    def test_a_seeded_instance_can_tell_too(self):
        self.target(self.events_role(*self.may()))
        (silent,), (loud,) = self.instances(1), self.instances(1, events=True)
        self.until(lambda: self.tags(loud), bool)
        self.assertEqual(self.tags(silent), {})


class DeadLetters(EventTarget):
    def test_missing_rights_go_there_at_once(self):
        for number, rights in enumerate((self.may()[1:], self.may()[:1], [])):
            role = self.events_role(*rights, name=f"Events{number}")
            self.target(role)
            instance = self.launch()
            event, attributes = self.dead_letter()
            self.assertEqual(event["detail"], {"instance-id": instance, "state": "running"})
            self.assertEqual((attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]), ("NO_PERMISSIONS", "0"))
            self.assertEqual((attributes["RULE_ARN"], attributes["TARGET_ARN"]), (self.rule, self.definition))
            self.assertIn("not authorized to perform", attributes["ERROR_MESSAGE"])
            self.assertNotIn("EXHAUSTED_RETRY_CONDITION", attributes)
            self.sqs.purge_queue(QueueUrl=self.dead)

    def test_what_is_missing_or_wrong(self):
        role = self.events_role(*self.may())
        cases = [("FAILED_TO_ASSUME_ROLE", {"RoleArn": self.runbook_role}),
                 ("INVALID_PARAMETER", {"InputTransformer": None}),
                 ("INVALID_PARAMETER", {"InputTransformer": None, "Input": '{"InstanceId": "i-1"}'}),
                 ("INVALID_PARAMETER", {"InputTransformer": None, "Input": '{"Other": ["i-1"]}'}),
                 ("INVALID_JSON", {"InputTransformer": None, "Input": "{"})]
        for code, more in cases:
            self.target(role, **more)
            self.launch()
            self.assertEqual(self.dead_letter()[1]["ERROR_CODE"], code, more)
            self.sqs.purge_queue(QueueUrl=self.dead)
        self.ssm.delete_document(Name=RUNBOOK)
        self.target(role)
        self.launch()
        self.assertEqual(self.dead_letter()[1]["ERROR_CODE"], "NO_RESOURCE")

    def test_throttling_is_tried_again(self):
        self.switch(eventRetrySeconds=0.05)
        self.target(self.events_role(*self.may()), RetryPolicy={"MaximumRetryAttempts": 3})
        fault = {"service": "ssm", "action": "StartAutomationExecution", "account": self.account,
                 "code": "ThrottlingException"}
        self.cloud.call("PUT", "faults", [{**fault, "times": 3}])
        instance = self.launch()
        self.until(lambda: self.tags(instance), bool)
        self.cloud.call("PUT", "faults", [{**fault, "times": 4}])
        self.launch()
        attributes = self.dead_letter()[1]
        self.assertEqual((attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"],
                          attributes["EXHAUSTED_RETRY_CONDITION"]), ("THROTTLING", "3", "MaximumRetryAttempts"))

    def test_a_full_queue_is_tried_until_the_event_is_too_old(self):
        self.switch(automationsAtOnce=0, automationsQueued=0, eventRetrySeconds=61)
        self.target(self.events_role(*self.may()), RetryPolicy={"MaximumEventAgeInSeconds": 60})
        self.launch()
        attributes = self.dead_letter()[1]
        self.assertEqual((attributes["ERROR_CODE"], attributes["EXHAUSTED_RETRY_CONDITION"]),
                         ("RESOURCE_LIMIT_EXCEEDED", "MaximumEventAgeInSeconds"))

    def test_the_queue_has_to_let_the_rule_send(self):
        self.queue("dead", {"ArnEquals": {"aws:SourceArn": f"{self.rule}-other"}})
        self.target(self.events_role())
        self.launch()
        self.target(self.events_role(*self.may(), name="Works"))
        self.until(lambda: self.tags(self.launch()), bool)
        self.assertEqual(self.messages(self.dead), [])


class StatusChanges(EventTarget):
    def watched(self, detail: dict) -> str:
        rule = self.events.put_rule(Name="status", EventPattern=json.dumps({
            "source": ["aws.ssm"], "detail-type": ["EC2 Automation Execution Status-change Notification"],
            "detail": detail}))["RuleArn"]
        url = self.queue("status", {"ArnEquals": {"aws:SourceArn": rule}})
        self.events.put_targets(Rule="status", Targets=[
            {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{self.account}:status"}])
        return url

    def test_a_failed_execution_is_told(self):
        queue = self.watched({"Definition": [RUNBOOK], "Status": ["Failed", "TimedOut"]})
        (instance,) = self.instances(1)
        self.ended(self.start(Parameters={"InstanceId": [instance]}))
        failed = self.start(Parameters={"InstanceId": ["i-0000000000000000a"]})
        self.ended(failed)
        (message,) = self.until(lambda: self.messages(queue), bool)
        event = json.loads(message["Body"])
        detail = event["detail"]
        self.assertEqual((detail["ExecutionId"], detail["Definition"], detail["DefinitionVersion"], detail["Status"]),
                         (failed, RUNBOOK, 1.0, "Failed"))
        self.assertTrue({"StartTime", "EndTime", "Time", "ExecutedBy"} <= set(detail))
        self.assertEqual(event["resources"], [
            f"arn:aws:ssm:{REGION}:{self.account}:automation-execution/{failed}",
            f"arn:aws:ssm:{REGION}:{self.account}:automation-definition/{RUNBOOK}:1"])

    def test_every_status_is_told(self):
        queue = self.watched({"Definition": [RUNBOOK]})
        (instance,) = self.instances(1)
        self.ended(self.start(Parameters={"InstanceId": [instance]}))
        messages = self.until(lambda: self.messages(queue), lambda found: len(found) >= 2)
        self.assertEqual({json.loads(message["Body"])["detail"]["Status"] for message in messages},
                         {"InProgress", "Success"})


if __name__ == "__main__":
    unittest.main()
