"""A test case with an account of its own, instances, roles and runbooks."""

import json
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from testing_cloud import REGION, shared_cloud

RUNBOOK = "Test-ApplyTags"


def step(name: str, action: str, inputs: dict, **more) -> dict:
    return {"name": name, "action": action, "inputs": inputs, **more}


def runbook(steps: list[dict], parameters: dict | None = None, **more) -> dict:
    return {"schemaVersion": "0.3", "assumeRole": "{{ AutomationAssumeRole }}", "mainSteps": steps,
            "parameters": {"AutomationAssumeRole": {"type": "String", "default": ""}, **(parameters or {})}, **more}


def tagging(**more) -> dict:
    """A runbook that puts two tags on an instance."""
    inputs = {"ResourceType": "EC2", "ResourceIds": ["{{ InstanceId }}"], "Tags": [
        {"Key": "InstanceId", "Value": "{{ InstanceId }}"}, {"Key": "AccountId", "Value": "{{ global:ACCOUNT_ID }}"}]}
    return runbook([step("Tag", "aws:createTags", inputs, **more)], {"InstanceId": {"type": "String"}})


def sleeping(seconds: str = "PT0S", **more) -> dict:
    return runbook([step("Rest", "aws:sleep", {"Duration": seconds}, **more)])


class SsmTest(unittest.TestCase):
    next_account = 660000000001

    def setUp(self):
        self.cloud = shared_cloud()
        self.account = str(SsmTest.next_account)
        SsmTest.next_account += 1
        self.ec2, self.ssm, self.iam = (self.client(service) for service in ("ec2", "ssm", "iam"))
        self.addCleanup(self.cloud.call, "PUT", "faults", [])
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))

    def client(self, service: str, credentials: dict | None = None, region: str = REGION):
        keys = credentials or {"AccessKeyId": self.account, "SecretAccessKey": "test"}
        return boto3.client(service, endpoint_url=self.cloud.base, region_name=region,
                            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
                            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys.get("SessionToken"))

    def switch(self, **values):
        self.cloud.call("PUT", "switches", values)

    def refused(self, code: str, call, **arguments) -> dict:
        with self.assertRaises(ClientError) as refusal:
            call(**arguments)
        self.assertEqual(refusal.exception.response["Error"]["Code"], code, refusal.exception)
        return refusal.exception.response

    def instances(self, count: int = 1, region: str = REGION, **group) -> list[str]:
        made = self.cloud.call("POST", f"instances?account={self.account}&region={region}", [{"count": count, **group}])
        return made[0]

    def tags(self, instance_id: str) -> dict[str, str]:
        found = self.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [instance_id]}])["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def role(self, name: str, statements: list, service: str = "ssm.amazonaws.com", condition: dict | None = None,
             managed: tuple = ()) -> str:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        if condition:
            trust["Condition"] = condition
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": statements}))
        for policy in managed:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return arn

    def caller(self, name: str, statements: list) -> dict:
        """The credentials of a role that the account itself may assume."""
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
            "AWS": f"arn:aws:iam::{self.account}:root"}}
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust]}))
        self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))
        return self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{self.account}:role/{name}", RoleSessionName="test")["Credentials"]

    def tag_role(self, name: str = "Runbook", **more) -> str:
        return self.role(name, [allow("ec2:CreateTags", "arn:aws:ec2:*:*:instance/*")], **more)

    def document(self, content: dict, name: str = RUNBOOK, **more) -> None:
        self.ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Automation", **more)

    def start(self, document: str = RUNBOOK, ssm=None, **more) -> str:
        return (ssm or self.ssm).start_automation_execution(DocumentName=document, **more)["AutomationExecutionId"]

    def execution(self, execution_id: str) -> dict:
        return self.ssm.get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]

    def ended(self, execution_id: str, seconds: float = 20) -> dict:
        return self.until(lambda: self.execution(execution_id),
                          lambda found: found["AutomationExecutionStatus"] in (
                              "Success", "Failed", "TimedOut", "Cancelled"), seconds)

    def until(self, look, good, seconds: float = 20):
        deadline = time.monotonic() + seconds
        while not good(found := look()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not in time: {found}")
            time.sleep(0.02)
        return found


def allow(actions, resources="*", **condition) -> dict:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition["condition"]} if condition else statement
