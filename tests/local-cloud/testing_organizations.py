"""Organizations of fresh accounts, and a queue of what their management account's bus in us-east-1 tells."""

import json
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from testing_cloud import shared_cloud

EVENTS_REGION = "us-east-1"
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class OrganizationTest(unittest.TestCase):
    """A test with accounts of its own, the first of which may become a management account."""

    next_account = 500000000001
    accounts_needed = 6

    def setUp(self):
        self.cloud = shared_cloud()
        first, OrganizationTest.next_account = OrganizationTest.next_account, \
            OrganizationTest.next_account + self.accounts_needed
        self.management, *self.members = (str(first + number) for number in range(self.accounts_needed))
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))
        self.switch(organizationsThrottling=False)

    def switch(self, **values) -> None:
        self.cloud.call("PUT", "switches", values)

    def client(self, service: str, account: str, region: str = EVENTS_REGION, credentials: dict | None = None):
        keys = credentials or {"AccessKeyId": account, "SecretAccessKey": "test"}
        return boto3.client(service, endpoint_url=self.cloud.base, region_name=region, config=_ONE_ATTEMPT,
                            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys.get("SessionToken"))

    def organizations(self, account: str | None = None):
        return self.client("organizations", account or self.management)

    def build(self, **tree) -> dict:
        return self.cloud.call("POST", f"organization?account={self.management}", tree)

    def refused(self, code: str, call, **arguments) -> dict:
        with self.assertRaises(ClientError) as refusal:
            call(**arguments)
        self.assertEqual(refusal.exception.response["Error"]["Code"], code)
        return refusal.exception.response

    def until(self, check, seconds: float = 10):
        """What ``check`` gives once it is true."""
        deadline = time.monotonic() + seconds
        while not (found := check()):
            self.assertLess(time.monotonic(), deadline, "waited in vain")
            time.sleep(0.05)
        return found


class Bus:
    """The events of Organizations on an account's default bus of a region."""

    def __init__(self, test: OrganizationTest, account: str, region: str = EVENTS_REGION):
        self.sqs, self.seen = test.client("sqs", account, region), []
        arn = f"arn:aws:sqs:{region}:{account}:organizations"
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": arn}]}
        self.queue = self.sqs.create_queue(QueueName="organizations", Attributes={
            "Policy": json.dumps(policy)})["QueueUrl"]
        events = test.client("events", account, region)
        events.put_rule(Name="organizations", EventPattern=json.dumps({"source": ["aws.organizations"]}))
        events.put_targets(Rule="organizations", Targets=[{"Id": "queue", "Arn": arn}])

    def events(self) -> list[dict]:
        """All events so far, in their order."""
        while found := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            self.seen += [json.loads(message["Body"]) for message in found]
            for message in found:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return self.seen

    def names(self) -> list[str]:
        return [event["detail"]["eventName"] for event in self.events()]

    def of(self, name: str) -> dict:
        """The last event of a name."""
        return [event for event in self.events() if event["detail"]["eventName"] == name][-1]
