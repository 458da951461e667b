"""State machines with a function and the roles that they need, and a test case that runs them."""

import io
import json
import sys
import time
import unittest
import zipfile

from botocore.exceptions import ClientError

from testing_cloud import REGION, shared_cloud

# A function that does what its event says: return it, fail, fail a number of times, take its time, or die.
BOOTSTRAP = f"""#!{sys.executable}
import json, os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
failed = {{}}
while True:
    got = urllib.request.urlopen(api + "next")
    request_id, event = got.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(got.read())
    batch = event["Items"][0] if isinstance(event, dict) and "Items" in event else event
    mode = batch.get("mode", "echo") if isinstance(batch, dict) else "echo"
    if mode == "exit":
        os._exit(3)
    if mode == "sleep":
        time.sleep(batch["seconds"])
    if mode == "flaky":
        failed[batch["key"]] = failed.get(batch["key"], 0) + 1
        mode = "fail" if failed[batch["key"]] <= batch["times"] else "echo"
    if mode == "fail":
        answer, end = {{"errorType": batch["error"], "errorMessage": "on purpose"}}, "/error"
    else:
        answer, end = {{"got": event}}, "/response"
    urllib.request.urlopen(api + request_id + end, json.dumps(answer).encode())
"""


def trust(service: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}]})


def policy(*actions: str, resource="*") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource}]})


def task(**more) -> dict:
    """A state that invokes the test's function with the state's input."""
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, "OutputPath": "$.Payload",
            "Parameters": {"FunctionName": "work", "Payload.$": "$"}, **more}


def machine(**states: dict) -> dict:
    return {"StartAt": next(iter(states)), "States": states}


def distributed(processor: dict | None = None, **more) -> dict:
    """A Distributed Map whose children invoke the test's function."""
    return {"Type": "Map", "End": True, "Label": "Each", "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **(processor or machine(Work=task()))}, **more}


class WorkflowTest(unittest.TestCase):
    """A test with an account, a function and a state machine's role of its own."""

    next_account = 500000000001

    def setUp(self):
        self.cloud = shared_cloud()
        self.account = str(WorkflowTest.next_account)
        WorkflowTest.next_account += 1
        self.states, self.s3, self.iam = (
            self.cloud.client(name, self.account) for name in ("stepfunctions", "s3", "iam"))
        self.bucket = f"runs-{self.account}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.role = self.make_role("Machine", "states.amazonaws.com", policy("*"))
        self.addCleanup(self.cloud.call, "PUT", "faults", [])
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))
        self.scale_waits(0)
        self.addCleanup(self.scale_waits, 1)

    def scale_waits(self, scale: float) -> None:
        self.cloud.call("POST", f"{self.cloud.base}/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": scale})

    def make_role(self, name: str, service: str, rights: str) -> str:
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=rights)
        return arn

    def allow(self, *actions: str, resource="*") -> None:
        """Leave the machine's role these rights only."""
        self.iam.put_role_policy(RoleName="Machine", PolicyName="own",
                                 PolicyDocument=policy(*actions, resource=resource))

    def make_function(self, timeout: int = 10, bootstrap: str = BOOTSTRAP) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            code.writestr(entry, bootstrap)
        function = self.cloud.client("lambda", self.account).create_function(
            FunctionName="work", Runtime="provided.al2023", Handler="bootstrap", Timeout=timeout,
            Role=self.make_role("Work", "lambda.amazonaws.com", policy("logs:*")), Code={"ZipFile": archive.getvalue()})
        return function["FunctionArn"]

    def make_machine(self, definition: dict, name: str = "lab") -> str:
        return self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=self.role)[
            "stateMachineArn"]

    def begin(self, definition: dict, value=None) -> str:
        """Make the state machine, or change it, and start an execution."""
        try:
            arn = self.make_machine(definition)
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "StateMachineAlreadyExists":
                raise
            arn = f"arn:aws:states:{REGION}:{self.account}:stateMachine:lab"
            self.states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
        return self.states.start_execution(stateMachineArn=arn, input=json.dumps(value or {}))["executionArn"]

    def end(self, execution_arn: str) -> dict:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            execution = self.states.describe_execution(executionArn=execution_arn)
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(0.02)
        raise AssertionError("execution still running")

    def run_machine(self, definition: dict, value=None) -> dict:
        return self.end(self.begin(definition, value))

    def output(self, definition: dict, value=None):
        execution = self.run_machine(definition, value)
        self.assertEqual(execution["status"], "SUCCEEDED", execution.get("cause"))
        return json.loads(execution["output"])

    def failure(self, definition: dict, value=None) -> tuple[str, str]:
        execution = self.run_machine(definition, value)
        self.assertEqual(execution["status"], "FAILED", execution.get("output"))
        return execution["error"], execution["cause"]

    def history(self, execution_arn: str) -> list[dict]:
        return self.states.get_execution_history(executionArn=execution_arn, maxResults=1000)["events"]

    def refused(self, code: str, call, **arguments) -> str:
        with self.assertRaises(ClientError) as refusal:
            call(**arguments)
        error = refusal.exception.response["Error"]
        self.assertEqual(error["Code"], code, error["Message"])
        return error["Message"]

    def children(self, execution_arn: str) -> list[dict]:
        run = self.states.list_map_runs(executionArn=execution_arn)["mapRuns"][0]["mapRunArn"]
        return self.states.list_executions(mapRunArn=run, maxResults=1000)["executions"]

    def map_run(self, execution_arn: str) -> dict:
        run = self.states.list_map_runs(executionArn=execution_arn)["mapRuns"][0]["mapRunArn"]
        return self.states.describe_map_run(mapRunArn=run)

    def put(self, key: str, value) -> dict:
        """Put a JSON object into the bucket; the ItemReader that reads it."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(value).encode())
        return {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": self.bucket, "Key": key}}

    def fetched(self, key: str):
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
