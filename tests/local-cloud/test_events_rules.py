"""EventBridge: rules that are refused, patterns as AWS has them, and rules and queues as resources of a stack."""

import json
import unittest

from testing_cloud import REGION
from testing_messaging import OTHER_REGION, MessagingTest

PATTERN = json.dumps({"source": ["test"]})


class Refusals(MessagingTest):
    def test_rules(self):
        for settings, problem in (
                ({"Name": "no spaces", "EventPattern": PATTERN}, "regular expression"),
                ({"Name": "n" * 65, "EventPattern": PATTERN}, "less than or equal to 64"),
                ({"Name": "watch"}, "EventPattern or ScheduleExpression must be specified"),
                ({"Name": "watch", "EventPattern": PATTERN, "State": "ON"}, "ENABLED or DISABLED"),
                ({"Name": "watch", "EventPattern": json.dumps({"source": ["x" * 2048]})}, "2048")):
            self.assertIn(problem, self.refused("ValidationException", self.events.put_rule, **settings))
        for pattern in ('{"source": "test"}', '{"source": []}', '{"detail": {"a": [{"prefix": 1}]}}', "{", "[]",
                        '{"detail": {"a": [{"unheard-of": "x"}]}}', '{"detail": {"a": [{"exists": "yes"}]}}'):
            self.refused("InvalidEventPatternException", self.events.put_rule, Name="watch", EventPattern=pattern)
        self.events.put_rule(Name="watch", EventPattern=json.dumps({"source": ["x" * 2032]}))

    def test_targets(self):
        arn, bad = self.queue_arn("told"), {"InputPath": "$.detail", "Input": "{}"}
        self.events.put_rule(Name="watch", EventPattern=PATTERN)
        for more, problem in (
                (bad, "Only one of Input, InputPath, or InputTransformer"),
                ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "MaximumRetryAttempts"),
                ({"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "MaximumEventAgeInSeconds"),
                ({"DeadLetterConfig": {"Arn": self.queue_arn("dead.fifo")}}, "standard queue"),
                ({"DeadLetterConfig": {"Arn": self.queue_arn("dead", OTHER_REGION)}}, "this Region")):
            self.assertIn(problem, self.refused("ValidationException", self.events.put_targets, Rule="watch",
                                                Targets=[{"Id": "1", "Arn": arn, **more}]))
        targets = [{"Id": str(number), "Arn": arn} for number in range(6)]
        self.events.put_targets(Rule="watch", Targets=targets[:5])
        self.events.put_targets(Rule="watch", Targets=targets[:1])
        self.refused("LimitExceededException", self.events.put_targets, Rule="watch", Targets=targets[5:])
        refusal = self.refused("ValidationException", self.events.delete_rule, Name="watch")
        self.assertIn("since it has targets", refusal)
        self.events.remove_targets(Rule="watch", Ids=[target["Id"] for target in targets])
        self.events.delete_rule(Name="watch")
        self.refused("ResourceNotFoundException", self.events.enable_rule, Name="watch")


class Patterns(MessagingTest):
    EVENT = {"source": "aws.organizations", "detail-type": "AWS API Call via CloudTrail", "account": "1", "id": "1",
             "region": "us-east-1", "time": "2026-01-01T00:00:00Z", "resources": ["arn:aws:x", "arn:aws:y"],
             "detail": {"eventName": "MoveAccount", "n": 5, "parts": [{"id": "a"}, {"id": "b"}], "none": None,
                        "requestParameters": {"accountId": "111111111111"}, "empty": []}}

    def matches(self, pattern: dict) -> bool:
        return self.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(self.EVENT))["Result"]

    def test_each_operator(self):
        for detail, expected in (
                ({"eventName": ["MoveAccount", "CloseAccount"]}, True), ({"eventName": ["moveaccount"]}, False),
                ({"eventName": [{"prefix": "Move"}]}, True), ({"eventName": [{"prefix": "Close"}]}, False),
                ({"eventName": [{"suffix": "Account"}]}, True), ({"eventName": [{"wildcard": "M*t"}]}, True),
                ({"eventName": [{"equals-ignore-case": "moveaccount"}]}, True),
                ({"eventName": [{"anything-but": "MoveAccount"}]}, False),
                ({"eventName": [{"anything-but": ["A", "B"]}]}, True),
                ({"eventName": [{"anything-but": {"prefix": "Move"}}]}, False),
                ({"absent": [{"anything-but": "x"}]}, False), ({"absent": [{"exists": False}]}, True),
                ({"eventName": [{"exists": False}]}, False), ({"none": [None]}, True), ({"none": [""]}, False),
                ({"n": [{"numeric": [">", 4, "<=", 5]}]}, True), ({"n": [{"numeric": ["=", 4]}]}, False),
                ({"n": [5]}, True), ({"n": ["5"]}, False), ({"parts": {"id": ["b"]}}, True),
                ({"parts": {"id": ["c"]}}, False),
                ({"requestParameters": {"accountId": [{"exists": True}]}}, True),
                ({"$or": [{"eventName": ["CloseAccount"]}, {"n": [5]}]}, True),
                ({"$or": [{"eventName": ["CloseAccount"]}, {"n": [6]}]}, False),
                ({"n": [6], "$or": [{"eventName": ["MoveAccount"]}, {"x": ["y"]}]}, False)):
            self.assertEqual(self.matches({"detail": detail}), expected, detail)

    def test_the_envelope(self):
        for pattern, expected in (({"source": ["aws.organizations"], "region": ["us-east-1"]}, True),
                                  ({"source": [{"prefix": "aws."}], "account": ["2"]}, False),
                                  ({"resources": ["arn:aws:y"]}, True), ({"resources": ["arn:aws:z"]}, False),
                                  ({"detail-type": [{"anything-but": {"suffix": "CloudTrail"}}]}, False)):
            self.assertEqual(self.matches(pattern), expected, pattern)


class Resources(MessagingTest):
    def setUp(self):
        super().setUp()
        self.stacks = self.client("cloudformation")

    def template(self, state: str = "ENABLED", source: str = "test", dead: bool = True, queues: bool = True,
                 **target) -> dict:
        def sender(logical_id):
            return {"Type": "AWS::SQS::QueuePolicy", "Properties": {
                "Queues": [{"Ref": logical_id}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "sqs:SendMessage", "Principal": {"Service": "events.amazonaws.com"},
                    "Resource": {"Fn::GetAtt": [logical_id, "Arn"]},
                    "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::Sub": (
                        "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/lab-watch")}}}}]}}}
        letters = {"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Dead", "Arn"]}}} if dead else {}
        policies = {"DeadPolicy": sender("Dead"), **({"ToldPolicy": sender("Told")} if queues else {})}
        return {"Resources": {
            "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1209600}},
            "Told": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "60", "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": "2"}}},
            **policies, "Watch": {"Type": "AWS::Events::Rule", "Properties": {
                "Name": "lab-watch", "State": state, "EventPattern": {"source": [source]}, "Targets": [{
                    "Id": "told", "Arn": {"Fn::GetAtt": ["Told", "Arn"]}, **letters,
                    "RetryPolicy": {"MaximumRetryAttempts": "4", "MaximumEventAgeInSeconds": 600}, **target}]}}},
            "Outputs": {"Told": {"Value": {"Ref": "Told"}}, "Dead": {"Value": {"Ref": "Dead"}},
                        "Rule": {"Value": {"Fn::GetAtt": ["Watch", "Arn"]}}}}

    def send(self, action: str, template: dict) -> str:
        getattr(self.stacks, action)(StackName="lab", TemplateBody=json.dumps(template))
        stack = self.until(lambda: self.stacks.describe_stacks(StackName="lab")["Stacks"][0],
                           lambda found: not found["StackStatus"].endswith("IN_PROGRESS"))
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        return stack["StackStatus"]

    def put(self, source: str) -> None:
        self.events.put_events(Entries=[{"Source": source, "DetailType": "Test", "Detail": "{}"}])

    def reasons(self) -> str:
        events = self.stacks.describe_stack_events(StackName="lab")["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)

    def test_made_changed_and_deleted(self):
        self.assertEqual(self.send("create_stack", self.template()), "CREATE_COMPLETE")
        self.assertEqual(self.outputs["Rule"], f"arn:aws:events:{REGION}:{self.account}:rule/lab-watch")
        self.put("test")
        self.until(lambda: self.messages(self.outputs["Told"]), lambda found: len(found) == 1)
        self.assertEqual(self.send("update_stack", self.template("DISABLED")), "UPDATE_COMPLETE")
        self.put("test")
        self.assertEqual(self.send("update_stack", self.template(source="other", Input='{"n": 2}')), "UPDATE_COMPLETE")
        self.put("test")
        self.put("other")
        # A message that was read twice goes to the dead-letter queue.
        bodies = self.until(lambda: self.messages(self.outputs["Told"]) + self.messages(self.outputs["Dead"]),
                            lambda found: {'{"n": 2}'} < {message["Body"] for message in found})
        self.assertEqual(len(bodies), 2)
        (target,) = self.events.list_targets_by_rule(Rule="lab-watch")["Targets"]
        self.assertEqual(target["DeadLetterConfig"]["Arn"].rsplit(":", 1)[-1], self.outputs["Dead"].rsplit("/", 1)[-1])
        self.assertEqual(self.send("update_stack", self.template(dead=False)), "UPDATE_COMPLETE")
        self.assertNotIn("DeadLetterConfig", self.events.list_targets_by_rule(Rule="lab-watch")["Targets"][0])
        self.stacks.delete_stack(StackName="lab")
        self.until(lambda: self.events.list_rules()["Rules"] or self.sqs.list_queues().get("QueueUrls"),
                   lambda found: not found)

    def test_without_its_policy_a_queue_gets_nothing(self):
        self.assertEqual(self.send("create_stack", self.template()), "CREATE_COMPLETE")
        told = self.outputs["Told"]
        self.assertEqual(self.send("update_stack", self.template(queues=False)), "UPDATE_COMPLETE")
        attributes = self.sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["All"])["Attributes"]
        self.assertNotIn("Policy", attributes)
        self.assertEqual((attributes["VisibilityTimeout"], json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]),
                         ("60", "2"))
        self.put("test")
        # Refused, and not merely late.
        self.until(lambda: self.messages(self.outputs["Dead"]), lambda found: len(found) == 1)
        self.assertEqual(self.send("update_stack", self.template()), "UPDATE_COMPLETE")
        self.put("test")
        self.until(lambda: self.messages(told), bool)
        self.assertEqual(self.left(told)[0], 1)

    def test_what_is_refused_fails_the_stack(self):
        broken = self.template(InputPath="$.detail", Input="{}")
        self.assertEqual(self.send("create_stack", broken), "ROLLBACK_COMPLETE")
        self.assertIn("Only one of Input", self.reasons())
        self.assertEqual(self.events.list_rules()["Rules"], [])
        self.stacks.delete_stack(StackName="lab")
        self.until(lambda: self.stacks.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"], bool)
        broken = self.template()
        broken["Resources"]["Watch"]["Properties"]["EventPattern"] = {"detail": {"a": [{"prefix": 1}]}}
        self.assertEqual(self.send("create_stack", broken), "ROLLBACK_COMPLETE")
        self.assertIn("prefix match pattern must be a string", self.reasons())


if __name__ == "__main__":
    unittest.main()
