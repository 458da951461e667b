"""Rules, queues and a function that reads a queue, and a test case with an account of its own for them."""

import io
import json
import sys
import time
import unittest
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from testing_cloud import REGION, shared_cloud

OTHER_REGION = "us-east-1"

# A function that does what the messages of its batch say, and keeps the events that it gets.
BOOTSTRAP = f"""#!{sys.executable}
import json, os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    got = urllib.request.urlopen(api + "next")
    request_id, event = got.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(got.read())
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(event) + "\\n")
    bodies = [(record["messageId"], json.loads(record["body"])) for record in event["Records"]]
    failed, answer, end = [], None, "/response"
    for message_id, body in bodies:
        time.sleep(body.get("seconds", 0))
        if body.get("fail"):
            failed.append({{"itemIdentifier": message_id}})
        answer = body.get("answer", answer)
        if body.get("error"):
            end = "/error"
    answer = {{"errorType": "Broken", "errorMessage": "on purpose"}} if end == "/error" else answer
    answer = {{"batchItemFailures": failed}} if answer is None else answer
    urllib.request.urlopen(api + request_id + end, json.dumps(answer).encode())
"""


def code() -> bytes:
    """The function's archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as entries:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entries.writestr(entry, BOOTSTRAP)
    return archive.getvalue()


def allow(actions, resources="*", **more) -> dict:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class MessagingTest(unittest.TestCase):
    next_account = 770000000001

    def setUp(self):
        self.cloud = shared_cloud()
        self.account = str(MessagingTest.next_account)
        MessagingTest.next_account += 1
        self.events, self.sqs, self.iam, self.functions = (
            self.client(name) for name in ("events", "sqs", "iam", "lambda"))
        self.seen_file = Path(self.cloud.folder.name) / f"seen-{self.account}"
        self.addCleanup(self.cloud.call, "PUT", "faults", [])
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))

    def client(self, service: str, region: str = REGION, credentials: dict | None = None):
        keys = credentials or {"AccessKeyId": self.account, "SecretAccessKey": "test"}
        return boto3.client(service, endpoint_url=self.cloud.base, region_name=region,
                            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
                            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys.get("SessionToken"))

    def switch(self, **values):
        self.cloud.call("PUT", "switches", values)

    def fault(self, service: str, action: str, **more) -> None:
        self.cloud.call("PUT", "faults", [{"service": service, "action": action, "account": self.account, **more}])

    def until(self, look, good, seconds: float = 20):
        deadline = time.monotonic() + seconds
        while not good(found := look()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not in time: {found}")
            time.sleep(0.02)
        return found

    def refused(self, code: str, call, **arguments) -> str:
        with self.assertRaises(ClientError) as refusal:
            call(**arguments)
        error = refusal.exception.response["Error"]
        self.assertEqual(error["Code"], code, error["Message"])
        return error["Message"]

    def queue_arn(self, name: str, region: str = REGION) -> str:
        return f"arn:aws:sqs:{region}:{self.account}:{name}"

    def queue(self, name: str, condition: dict | None = None, region: str = REGION, **attributes) -> str:
        """A queue; with a condition, EventBridge may send to it."""
        sqs, arn = self.client("sqs", region), self.queue_arn(name, region)
        if condition is not None:
            attributes["Policy"] = document(allow("sqs:SendMessage", arn, Condition=condition,
                                                  Principal={"Service": "events.amazonaws.com"}))
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def messages(self, url: str, region: str = REGION) -> list[dict]:
        return self.client("sqs", region).receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"],
            AttributeNames=["All"]).get("Messages", [])

    def left(self, url: str) -> tuple[int, int]:
        """How many messages a queue has, and how many of them are invisible."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        visible, hidden = (int(found[name]) for name in names)
        return visible + hidden, hidden

    def send(self, url: str, *bodies: dict) -> list[str]:
        """Send messages; their ids."""
        ids = []
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(number), "MessageBody": json.dumps(body)}
                       for number, body in enumerate(bodies[start:start + 10])]
            sent = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
            ids += [entry["MessageId"] for entry in sent]
        return ids

    def role(self, name: str, service: str, *statements: dict) -> str:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        self.allow(name, *statements)
        return arn

    def allow(self, role: str, *statements: dict) -> None:
        """Leave a role these rights only."""
        self.iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=document(
            *statements or [allow("logs:*")]))

    def reader(self, *statements: dict, timeout: int = 10, name: str = "reader") -> str:
        """A function that may read every queue, unless statements say otherwise."""
        role = self.role(f"{name}-role", "lambda.amazonaws.com", *(statements or [allow("sqs:*")]))
        return self.functions.create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Timeout=timeout, Role=role,
            Environment={"Variables": {"SEEN": str(self.seen_file)}}, Code={"ZipFile": code()})["FunctionArn"]

    def seen(self) -> list[list[dict]]:
        """The records of every event that the function got."""
        if not self.seen_file.exists():
            return []
        return [json.loads(line)["Records"] for line in self.seen_file.read_text().splitlines()]

    def batches(self) -> list[dict]:
        return [batch for batch in self.cloud.get("batches") if batch["account"] == self.account]

    def ended(self, count: int = 1) -> list[dict]:
        """The batches, once so many of them have ended."""
        return self.until(lambda: [batch for batch in self.batches() if batch["outcome"] != "running"],
                          lambda found: len(found) >= count)
