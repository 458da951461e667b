"""Stack sets with the roles that they need, and a test case that waits for their operations."""

import json
import time
import unittest

import boto3
from botocore.exceptions import ClientError

from testing_cloud import REGION, shared_cloud

OTHER_REGION = "eu-central-1"
ADMINISTRATION, EXECUTION = "AWSCloudFormationStackSetAdministrationRole", "AWSCloudFormationStackSetExecutionRole"


def trust(**principal) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]})


def policy(*actions: str, resource: str = "*") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource}]})


def parameter_template(value: str = "one", **more) -> dict:
    """A template that keeps its parameter in Parameter Store."""
    return {"Parameters": {"Word": {"Type": "String", "Default": value}}, "Resources": {
        "Kept": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": "kept", "Type": "String", "Value": {"Ref": "Word"}}}, **more}}


def role_template(name: str = "Guard") -> dict:
    """A template with a named role, which only one region of an account can have."""
    return {"Resources": {"Guard": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": name, "AssumeRolePolicyDocument": json.loads(trust(Service="ssm.amazonaws.com"))}}}}


class StackSetTest(unittest.TestCase):
    """A test with an administrator account and target accounts of its own."""

    next_account = 300000000001

    def setUp(self):
        self.cloud = shared_cloud()
        self.admin, *self.targets = (str(StackSetTest.next_account + number) for number in range(5))
        StackSetTest.next_account += 5
        self.sets = self.cloud.client("cloudformation", self.admin)
        self.addCleanup(self.cloud.call, "PUT", "faults", [])
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))

    def make_roles(self, *accounts: str, rights: str | None = None) -> None:
        iam = self.cloud.client("iam", self.admin)
        iam.create_role(RoleName=ADMINISTRATION, AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))
        iam.put_role_policy(RoleName=ADMINISTRATION, PolicyName="own", PolicyDocument=policy(
            "sts:AssumeRole", resource=f"arn:aws:iam::*:role/{EXECUTION}"))
        for account in accounts:
            self.make_execution_role(account, rights or policy("*"))

    def make_execution_role(self, account: str, rights: str, principal: str | None = None) -> None:
        iam = self.cloud.client("iam", account)
        iam.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=trust(
            AWS=principal or f"arn:aws:iam::{self.admin}:role/{ADMINISTRATION}"))
        iam.put_role_policy(RoleName=EXECUTION, PolicyName="own", PolicyDocument=rights)

    def refused(self, code: str, call, **arguments) -> str:
        with self.assertRaises(ClientError) as refusal:
            call(**arguments)
        error = refusal.exception.response["Error"]
        self.assertEqual(error["Code"], code, error["Message"])
        return error["Message"]

    def make_set(self, template: dict, **more) -> str:
        return self.sets.create_stack_set(StackSetName="lab", TemplateBody=json.dumps(template), **more)["StackSetId"]

    def begin(self, action: str, accounts: list[str], regions: list[str] | None = None, **more) -> str:
        return getattr(self.sets, action)(StackSetName="lab", Accounts=accounts, Regions=regions or [REGION],
                                          **more)["OperationId"]

    def end(self, operation_id: str) -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            operation = self.sets.describe_stack_set_operation(StackSetName="lab", OperationId=operation_id)
            if (found := operation["StackSetOperation"]["Status"]) not in ("RUNNING", "QUEUED", "STOPPING"):
                return found
            time.sleep(0.02)
        raise AssertionError(f"operation still {found}")

    def run_operation(self, action: str, accounts: list[str], regions: list[str] | None = None, **more) -> str:
        return self.end(self.begin(action, accounts, regions, **more))

    def instances(self, **more) -> dict[tuple[str, str], dict]:
        summaries = self.sets.list_stack_instances(StackSetName="lab", **more)["Summaries"]
        return {(summary["Account"], summary["Region"]): summary for summary in summaries}

    def results(self, operation_id: str) -> dict[str, dict]:
        found = self.sets.list_stack_set_operation_results(StackSetName="lab", OperationId=operation_id)["Summaries"]
        return {result["Account"]: result for result in found}

    def client(self, service: str, account: str, region: str = REGION):
        return boto3.client(service, endpoint_url=self.cloud.base, region_name=region, aws_access_key_id=account,
                            aws_secret_access_key="test")

    def kept(self, account: str, region: str = REGION) -> str | None:
        found = self.client("ssm", account, region).get_parameters(Names=["kept"])["Parameters"]
        return found[0]["Value"] if found else None


class ParentStack:
    """A stack whose one resource is the stack set; of a ``StackSetTest``."""

    model = "SELF_MANAGED"

    def template(self, groups: list[dict], body: dict | None = None, **more) -> dict:
        return {"Resources": {"Regions": {"Type": "AWS::CloudFormation::StackSet", "Properties": {
            "StackSetName": "lab", "PermissionModel": self.model, "StackInstancesGroup": groups,
            "TemplateBody": json.dumps(body or parameter_template()), **more}}},
            "Outputs": {"Ref": {"Value": {"Ref": "Regions"}},
                        "Id": {"Value": {"Fn::GetAtt": ["Regions", "StackSetId"]}}}}

    def send(self, action: str, template: dict) -> str:
        getattr(self.sets, action)(StackName="parent", TemplateBody=json.dumps(template),
                                   Capabilities=["CAPABILITY_NAMED_IAM"])
        return self.status()

    def remove(self) -> str:
        self.sets.delete_stack(StackName="parent")
        return self.status()

    def status(self) -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.sets.describe_stacks(StackName=self.parent_id())["Stacks"][0]["StackStatus"]
            if not found.endswith("IN_PROGRESS"):
                return found
            time.sleep(0.02)
        raise AssertionError(f"stack still {found}")

    def parent_id(self) -> str:
        return self.sets.list_stacks()["StackSummaries"][0]["StackId"]

    def reasons(self, status: str) -> list[str]:
        events = self.sets.describe_stack_events(StackName=self.parent_id())["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events
                if event["LogicalResourceId"] == "Regions" and event["ResourceStatus"] == status]
