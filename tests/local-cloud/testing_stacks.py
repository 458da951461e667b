"""Templates with a function, its guard and a custom resource, and a test case that deploys them."""

import io
import json
import time
import unittest
import zipfile

from testing_cloud import BOOTSTRAP, REGION, shared_cloud


def role(actions: list[str] | None = None, principal=None) -> dict:
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions or ["logs:*"], "Resource": "*"}]}}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": principal or {"Service": "lambda.amazonaws.com"}}
    return {"Type": "AWS::IAM::Role", "Properties": {
        "Policies": [policy], "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}}


def function(role_id: str, timeout: int = 30) -> dict:
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": timeout,
        "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": "code.zip"}, "Role": {"Fn::GetAtt": [role_id, "Arn"]}}}


def base_template(timeout: int = 30, provider_actions: list[str] | None = None) -> dict:
    return {"Parameters": {"CodeBucket": {"Type": "String"}}, "Resources": {
        "GuardRole": role(), "ProviderRole": role(provider_actions or ["lambda:InvokeFunction"]),
        "Guard": function("GuardRole"), "Provider": function("ProviderRole", timeout),
        "Invoke": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
            "FunctionName": {"Ref": "Provider"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 60,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Guard", "Arn"]}}}}},
    }}


def custom(modes: dict, **attributes) -> dict:
    return {"Type": "Custom::Thing", "DependsOn": "Invoke", **attributes, "Properties": {
        "ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, "ServiceTimeout": 20, **modes}}


class StackTest(unittest.TestCase):
    """A test with an account, a code bucket and stacks of its own."""

    next_account = 100000000001

    def setUp(self):
        self.cloud = shared_cloud()
        self.account = str(StackTest.next_account)
        StackTest.next_account += 1
        self.stacks = self.cloud.client("cloudformation", self.account)
        self.s3 = self.cloud.client("s3", self.account)
        self.bucket = f"code-{self.account}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            code.writestr(entry, BOOTSTRAP)
        self.s3.put_object(Bucket=self.bucket, Key="code.zip", Body=archive.getvalue())
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))

    def send(self, action: str, template: dict, values: dict | None = None, **more):
        getattr(self.stacks, action)(
            StackName="lab", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value}
                        for name, value in {"CodeBucket": self.bucket, **(values or {})}.items()], **more)

    def status(self, stack: str = "lab") -> str:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            found = self.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
            if not found.endswith("IN_PROGRESS"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"stack still {found}")

    def create(self, template: dict, values: dict | None = None, **more) -> str:
        self.send("create_stack", template, values, **more)
        return self.status()

    def update(self, template: dict, values: dict | None = None, **more) -> str:
        self.send("update_stack", template, values, **more)
        return self.status()

    def nested(self, name: str, template: dict, parameters: dict, **attributes) -> dict:
        """A nested stack whose template lies in the code bucket."""
        self.s3.put_object(Bucket=self.bucket, Key=f"{name}.json", Body=json.dumps(template).encode())
        return {"Type": "AWS::CloudFormation::Stack", **attributes, "Properties": {
            "TemplateURL": f"{self.cloud.base}/{self.bucket}/{name}.json", "Parameters": parameters}}

    def with_custom(self, modes: dict, timeout: int = 30) -> dict:
        template = base_template(timeout)
        template["Resources"]["Thing"] = custom(modes)
        return template

    def stack_id(self, name: str = "lab") -> str:
        """The id of a stack, a deleted one too; a nested stack goes by its parent's name and its logical id."""
        summaries = self.stacks.list_stacks()["StackSummaries"]
        return next(entry["StackId"] for entry in summaries
                    if entry["StackName"] == name or "-" in name and entry["StackName"].startswith(f"{name}-"))

    def replies(self) -> list[dict]:
        return [reply for reply in self.cloud.get("replies") if f":{self.account}:" in (reply["stackId"] or "")]

    def invocations(self) -> list[dict]:
        return [entry for entry in self.cloud.get("invocations") if entry["account"] == self.account]

    def events(self, stack: str = "lab") -> list[tuple[str, str]]:
        """Logical ids and statuses, oldest first; the stack's own events are its status alone."""
        events = self.stacks.describe_stack_events(StackName=self.stack_id(stack))["StackEvents"]
        return [("" if event["PhysicalResourceId"] == event["StackId"] else event["LogicalResourceId"],
                 event["ResourceStatus"]) for event in reversed(events)]

    def reasons(self, logical_id: str, status: str, stack: str = "lab") -> list[str]:
        events = self.stacks.describe_stack_events(StackName=self.stack_id(stack))["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events
                if event["LogicalResourceId"] == logical_id and event["ResourceStatus"] == status]

    def remaining(self) -> set[str]:
        summaries = self.stacks.list_stack_resources(StackName="lab")["StackResourceSummaries"]
        return {summary["LogicalResourceId"] for summary in summaries}

    def deletes(self) -> list[str]:
        return [reply["body"]["PhysicalResourceId"] for reply in self.replies() if reply["requestType"] == "Delete"]
