"""EventBridge: queues and event buses as targets, retries, dead-letter queues, events between regions."""

import json
import time
import unittest

from testing_cloud import REGION
from testing_messaging import OTHER_REGION, MessagingTest, allow


class TargetTest(MessagingTest):
    def rule(self, name: str = "watch", region: str = REGION, pattern: dict | None = None) -> str:
        return self.client("events", region).put_rule(
            Name=name, EventPattern=json.dumps(pattern or {"source": ["test"]}))["RuleArn"]

    def target(self, arn: str, rule: str = "watch", region: str = REGION, **more) -> None:
        self.client("events", region).put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn, **more}])

    def put(self, detail: dict, source: str = "test", region: str = REGION) -> str:
        (entry,) = self.client("events", region).put_events(Entries=[{
            "Source": source, "DetailType": "Test", "Detail": json.dumps(detail), "Resources": ["arn:one"]}])["Entries"]
        return entry["EventId"]

    def bodies(self, url: str, count: int = 1, region: str = REGION) -> list[dict]:
        found = self.until(lambda: self.messages(url, region), lambda messages: len(messages) >= count)
        return [json.loads(message["Body"]) for message in found]

    def dead_letter(self, url: str, region: str = REGION) -> tuple[dict, dict]:
        (message,) = self.until(lambda: self.messages(url, region), bool)
        return json.loads(message["Body"]), {
            name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    def of_rule(self, name: str = "watch", region: str = REGION) -> dict:
        return {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{region}:{self.account}:rule/{name}"}}


class Queues(TargetTest):
    def test_an_event_arrives_whole(self):
        url = self.queue("told", {**self.of_rule(), "StringEquals": {"aws:SourceAccount": self.account}})
        self.rule()
        self.target(self.queue_arn("told"))
        event_id = self.put({"n": 1})
        (event,) = self.bodies(url)
        self.assertEqual((event["id"], event["detail"], event["account"], event["region"], event["resources"]),
                         (event_id, {"n": 1}, self.account, REGION, ["arn:one"]))

    def test_the_policy_has_to_name_rule_and_account(self):
        self.rule()
        dead = self.queue("dead", self.of_rule())
        good = {"ArnEquals": {"aws:SourceArn": self.of_rule()["ArnEquals"]["aws:SourceArn"]}}
        for number, condition in enumerate((
                None, self.of_rule("another"), {**good, "StringEquals": {"aws:SourceAccount": "123456789012"}})):
            url = self.queue(f"told{number}", condition)
            self.target(self.queue_arn(f"told{number}"), DeadLetterConfig={"Arn": self.queue_arn("dead")})
            self.put({"n": number})
            event, attributes = self.dead_letter(dead)
            self.assertEqual((event["detail"], attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]),
                             ({"n": number}, "NO_PERMISSIONS", "0"))
            self.assertEqual(attributes["TARGET_ARN"], self.queue_arn(f"told{number}"))
            self.assertEqual(self.messages(url), [])
            self.sqs.purge_queue(QueueUrl=dead)

    def test_a_deny_counts(self):
        arn, url = self.queue_arn("told"), self.queue("told", self.of_rule())
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        policy = json.loads(attributes["Policy"])
        for condition, arrives in (({"ArnNotEquals": self.of_rule()["ArnEquals"]}, True),
                                   ({"ArnEquals": self.of_rule()["ArnEquals"]}, False)):
            statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn,
                         "Condition": condition}
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(
                {**policy, "Statement": [*policy["Statement"], statement]})})
            dead = self.queue("dead", self.of_rule())
            self.rule()
            self.target(arn, DeadLetterConfig={"Arn": self.queue_arn("dead")})
            self.put({"arrives": arrives})
            if arrives:
                self.assertEqual(self.bodies(url)[0]["detail"], {"arrives": True})
                self.assertEqual(self.messages(dead), [])
            else:
                self.assertEqual(self.dead_letter(dead)[1]["ERROR_CODE"], "NO_PERMISSIONS")

    def test_inputs(self):
        url = self.queue("told", self.of_rule())
        self.rule()
        transformer = {"InputPathsMap": {"kind": "$.detail.kind", "all": "$.detail"},
                       "InputTemplate": '{"kind": <kind>, "text": "a <kind>", "rule": <aws.events.rule-name>, '
                                        '"detail": <all>}'}
        for given, body in (({"InputTransformer": transformer}, {
                "kind": "x", "text": "a x", "rule": "watch", "detail": {"kind": "x"}}),
                ({"InputPath": "$.detail"}, {"kind": "x"}), ({"Input": '{"fixed": 1}'}, {"fixed": 1})):
            self.target(self.queue_arn("told"), **given)
            self.put({"kind": "x"})
            self.assertEqual(self.bodies(url), [body])
            self.sqs.purge_queue(QueueUrl=url)

    def test_throttling_is_tried_again(self):
        self.switch(eventRetrySeconds=0.05)
        url, dead = self.queue("told", self.of_rule()), self.queue("dead", self.of_rule())
        self.rule()
        self.target(self.queue_arn("told"), RetryPolicy={"MaximumRetryAttempts": 2},
                    DeadLetterConfig={"Arn": self.queue_arn("dead")})
        self.fault("sqs", "SendMessage", times=2, code="ThrottlingException")
        self.put({"n": 1})
        self.assertEqual(self.bodies(url)[0]["detail"], {"n": 1})
        self.fault("sqs", "SendMessage", times=3, status=500, code="InternalFailure")
        self.put({"n": 2})
        event, attributes = self.dead_letter(dead)
        self.assertEqual((event["detail"], attributes["ERROR_CODE"], attributes["EXHAUSTED_RETRY_CONDITION"]),
                         ({"n": 2}, "INTERNAL_ERROR", "MaximumRetryAttempts"))

    def test_what_is_not_there(self):
        self.rule()
        dead = self.queue("dead", self.of_rule())
        self.queue("told", self.of_rule(), OTHER_REGION)
        for arn, code in ((self.queue_arn("absent"), "NO_RESOURCE"),
                          (self.queue_arn("told", OTHER_REGION), "INVALID_PARAMETER")):
            self.target(arn, DeadLetterConfig={"Arn": self.queue_arn("dead")})
            self.put({})
            self.assertEqual(self.dead_letter(dead)[1]["ERROR_CODE"], code)
            self.sqs.purge_queue(QueueUrl=dead)

    def test_a_disabled_rule_and_a_removed_target_do_nothing(self):
        url = self.queue("told", self.of_rule())
        self.rule()
        self.target(self.queue_arn("told"))
        self.events.disable_rule(Name="watch")
        self.put({"n": 1})
        self.events.enable_rule(Name="watch")
        self.put({"n": 2})
        self.assertEqual([event["detail"] for event in self.bodies(url)], [{"n": 2}])
        self.events.remove_targets(Rule="watch", Ids=["1"])
        self.put({"n": 3})
        self.assertEqual(len(self.messages(url)), 1)


class BetweenRegions(TargetTest):
    def setUp(self):
        super().setUp()
        self.bus = f"arn:aws:events:{REGION}:{self.account}:event-bus/default"
        self.rule("forward", OTHER_REGION)
        self.arrived = self.queue("arrived", self.of_rule("arrived"))
        self.rule("arrived")
        self.target(self.queue_arn("arrived"), "arrived")
        self.dead = self.queue("dead", self.of_rule("forward", OTHER_REGION), OTHER_REGION)

    def forward(self, role: str | None, **more) -> None:
        self.target(self.bus, "forward", OTHER_REGION, **({"RoleArn": role} if role else {}), **more)

    def with_dead_letters(self, role: str, region: str = OTHER_REGION) -> None:
        self.forward(role, DeadLetterConfig={"Arn": self.queue_arn("dead", region)})

    def test_an_event_crosses_as_it_is(self):
        self.forward(self.role("Forward", "events.amazonaws.com", allow("events:PutEvents", self.bus)))
        event_id = self.put({"n": 1}, region=OTHER_REGION)
        (event,) = self.bodies(self.arrived)
        self.assertEqual((event["id"], event["region"], event["account"], event["detail"]),
                         (event_id, OTHER_REGION, self.account, {"n": 1}))

    def test_the_role_needs_the_right_on_that_bus(self):
        bus_here = self.bus.replace(REGION, OTHER_REGION)
        role = self.role("Forward", "events.amazonaws.com", allow("events:PutEvents", bus_here))
        self.with_dead_letters(role)
        self.put({"n": 1}, region=OTHER_REGION)
        event, attributes = self.dead_letter(self.dead, OTHER_REGION)
        self.assertEqual((event["detail"], attributes["ERROR_CODE"], attributes["TARGET_ARN"]),
                         ({"n": 1}, "NO_PERMISSIONS", self.bus))
        self.assertIn("events:PutEvents", attributes["ERROR_MESSAGE"])
        self.client("sqs", OTHER_REGION).purge_queue(QueueUrl=self.dead)
        self.with_dead_letters(self.role("Other", "ssm.amazonaws.com", allow("events:PutEvents")))
        self.put({"n": 2}, region=OTHER_REGION)
        self.assertEqual(self.dead_letter(self.dead, OTHER_REGION)[1]["ERROR_CODE"], "FAILED_TO_ASSUME_ROLE")
        self.assertEqual(self.messages(self.arrived), [])
        self.refused("ValidationException", self.client("events", OTHER_REGION).put_targets, Rule="forward",
                     Targets=[{"Id": "1", "Arn": self.bus}])

    def test_a_bus_that_is_not_there(self):
        role = self.role("Forward", "events.amazonaws.com", allow("events:PutEvents"))
        self.target(self.bus.replace("default", "absent"), "forward", OTHER_REGION, RoleArn=role,
                    DeadLetterConfig={"Arn": self.queue_arn("dead", OTHER_REGION)})
        self.put({}, region=OTHER_REGION)
        self.assertEqual(self.dead_letter(self.dead, OTHER_REGION)[1]["ERROR_CODE"], "NO_RESOURCE")

    def test_throttled_between_regions(self):
        self.switch(eventRetrySeconds=0.05)
        self.forward(self.role("Forward", "events.amazonaws.com", allow("events:PutEvents")))
        event = [{"Source": "test", "DetailType": "Test", "Detail": '{"n": 1}'}]
        self.fault("events", "PutEvents", skip=1, times=2, code="ThrottlingException")
        self.client("events", OTHER_REGION).put_events(Entries=event)
        self.assertEqual(self.bodies(self.arrived)[0]["detail"], {"n": 1})
        self.assertEqual(self.cloud.get("faults")[0]["times"], 0)

    def test_rules_that_forward_to_one_another_stop(self):
        role = self.role("Forward", "events.amazonaws.com", allow("events:PutEvents"))
        self.forward(role)
        self.rule("back")
        self.target(self.bus.replace(REGION, OTHER_REGION), "back", RoleArn=role)
        there = self.queue("there", self.of_rule("there", OTHER_REGION), OTHER_REGION)
        self.rule("there", OTHER_REGION)
        self.target(self.queue_arn("there", OTHER_REGION), "there", OTHER_REGION)
        self.put({"n": 1}, region=OTHER_REGION)
        self.put({"n": 2})
        for url, region in ((self.arrived, REGION), (there, OTHER_REGION)):
            self.bodies(url, 2, region)
            time.sleep(0.2)
            self.assertEqual(sorted(event["detail"]["n"] for event in self.bodies(url, 2, region)), [1, 2])

    def test_patterns_may_tell_regions_apart(self):
        self.forward(self.role("Forward", "events.amazonaws.com", allow("events:PutEvents")))
        self.rule("arrived", pattern={"source": ["test"], "region": [OTHER_REGION]})
        self.put({"n": 1})
        self.put({"n": 2}, region=OTHER_REGION)
        self.assertEqual([event["detail"]["n"] for event in self.bodies(self.arrived)], [2])


if __name__ == "__main__":
    unittest.main()
