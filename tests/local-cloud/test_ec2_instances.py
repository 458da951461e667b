"""EC2: instances in pages, filters, errors that name them, and events of their states."""

import json
import time
import unittest

from testing_cloud import REGION
from testing_ssm import SsmTest


class Describing(SsmTest):
    def pages(self, **request) -> list[list[str]]:
        found = []
        while True:
            answer = self.ec2.describe_instances(**request)
            found.append([instance["InstanceId"] for reservation in answer["Reservations"]
                          for instance in reservation["Instances"]])
            if "NextToken" not in answer:
                return found
            request["NextToken"] = answer["NextToken"]

    def test_pages_cover_every_instance_once(self):
        ids = self.instances(12)
        pages = self.pages(MaxResults=5)
        self.assertEqual([len(page) for page in pages], [5, 5, 2])
        self.assertEqual(sum(pages, []), ids)
        self.assertEqual(self.pages(), [ids])

    def test_a_page_goes_on_where_it_was_although_instances_vanish(self):
        ids = self.instances(12)
        first = self.ec2.describe_instances(MaxResults=5)
        self.cloud.call("DELETE", f"instances/{ids[0]}?account={self.account}&region={REGION}")
        rest = self.pages(MaxResults=5, NextToken=first["NextToken"])
        self.assertEqual(sum(rest, []), ids[5:])

    def test_page_sizes_and_tokens(self):
        ids = self.instances(1)
        for size in (4, 1001):
            self.refused("InvalidParameterValue", self.ec2.describe_instances, MaxResults=size)
        self.refused("InvalidPaginationToken", self.ec2.describe_instances, MaxResults=5, NextToken="x")
        self.refused("InvalidParameterCombination", self.ec2.describe_instances, MaxResults=5, InstanceIds=ids)

    def test_filters(self):
        running = self.instances(2, tags={"Team": "a"})
        stopped = self.instances(1, state="stopped", tags={"Team": "b"}, instanceType="t4g.small")
        terminated = self.instances(1, state="terminated")

        def found(**filters) -> list[str]:
            names = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
            return self.pages(Filters=names)[0]

        self.assertEqual(found(instance_state_name=["running", "stopped"]), running + stopped)
        self.assertEqual(found(instance_state_name=["terminated"]), terminated)
        self.assertEqual(found(architecture=["arm64"]), stopped)
        self.assertEqual(found(instance_type=["t4g.*"]), stopped)
        self.assertEqual(found(**{"tag:Team": ["a"]}), running)
        self.assertEqual(found(tag_key=["Team"], instance_state_name=["stopped"]), stopped)
        self.refused("InvalidParameterValue", found, no_such_filter=["x"])

    def test_unknown_and_malformed_ids(self):
        gone, other = "i-0000000000000000a", "i-0000000000000000b"
        ids = self.instances(1)
        one = self.refused("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=[*ids, gone])
        self.assertEqual(one["Error"]["Message"], f"The instance ID '{gone}' does not exist")
        two = self.refused("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=[gone, *ids, other])
        self.assertEqual(two["Error"]["Message"], f"The instance IDs '{gone}, {other}' do not exist")
        self.refused("InvalidInstanceID.Malformed", self.ec2.describe_instances, InstanceIds=["i-xyz"])

    def test_terminated_instances_stay_visible_for_a_while(self):
        ids = self.instances(1)
        self.ec2.terminate_instances(InstanceIds=ids)
        self.assertEqual(self.pages(), [ids])
        self.switch(terminatedVisibleSeconds=0)
        time.sleep(0.01)
        self.assertEqual(self.pages(), [[]])

    def test_platform(self):
        self.instances(1, imageId="ami-0fedcba9876543210")
        self.instances(1)
        found = [reservation["Instances"][0] for reservation in self.ec2.describe_instances()["Reservations"]]
        self.assertEqual([instance.get("Platform") for instance in found], ["windows", None])
        self.assertEqual([instance["PlatformDetails"] for instance in found], ["Windows", "Linux/UNIX"])

    def test_what_describes_is_authorised_on_no_resource(self):
        ids = self.instances(1)
        only = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": f"arn:aws:ec2:*:*:instance/{ids[0]}"}
        self.refused("UnauthorizedOperation", self.client("ec2", self.caller("Reader", [only])).describe_instances,
                     InstanceIds=ids)


class Fleet(SsmTest):
    def test_groups(self):
        made = self.cloud.call("POST", f"instances?account={self.account}&region={REGION}", [
            {"count": 3, "tags": {"a": "1"}}, {"count": 2, "state": "stopped"}])
        self.assertEqual([len(group) for group in made], [3, 2])
        self.assertEqual(self.tags(made[0][0]), {"a": "1"})

    def test_ten_thousand_are_cheap(self):
        started = time.monotonic()
        self.assertEqual(len(self.instances(10_000)), 10_000)
        self.ec2.describe_instances(MaxResults=1000)
        self.assertLess(time.monotonic() - started, 20)


class StateChanges(SsmTest):
    def setUp(self):
        super().setUp()
        sqs, events = self.client("sqs"), self.client("events")
        arn = f"arn:aws:sqs:{REGION}:{self.account}:states"
        sender = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn,
                  "Principal": {"Service": "events.amazonaws.com"}}
        self.queue = sqs.create_queue(QueueName="states", Attributes={"Policy": json.dumps(
            {"Version": "2012-10-17", "Statement": [sender]})})["QueueUrl"]
        self.sqs = sqs
        events.put_rule(Name="states", EventPattern=json.dumps({"source": ["aws.ec2"]}))
        events.put_targets(Rule="states", Targets=[{"Id": "1", "Arn": arn}])
        self.received = []

    def events(self, count: int) -> list[dict]:
        def look():
            for message in self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", ()):
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                self.received.append(json.loads(message["Body"]))
            return self.received
        return self.until(look, lambda events: len(events) >= count)

    def test_a_launch_and_a_stop_are_told(self):
        launched = self.ec2.run_instances(ImageId="ami-0c2023a1b2c3d4e5f", MinCount=1, MaxCount=1)
        instance_id = launched["Instances"][0]["InstanceId"]
        first = self.events(2)
        self.assertEqual({event["detail"]["state"] for event in first}, {"pending", "running"})
        self.assertEqual(first[0]["detail-type"], "EC2 Instance State-change Notification")
        self.assertEqual(first[0]["resources"], [f"arn:aws:ec2:{REGION}:{self.account}:instance/{instance_id}"])
        self.assertEqual(first[0]["detail"]["instance-id"], instance_id)
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self.ec2.start_instances(InstanceIds=[instance_id])
        states = [event["detail"]["state"] for event in self.events(6)[2:]]
        self.assertEqual(sorted(states), ["pending", "running", "stopped", "stopping"])


if __name__ == "__main__":
    unittest.main()
