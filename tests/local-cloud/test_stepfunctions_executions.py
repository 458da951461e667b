"""Step Functions: lists of executions in pages, and the rights of those who list, describe and stop executions."""

import json
import time
import unittest

from botocore.exceptions import ClientError

from testing_cloud import REGION
from testing_workflows import WorkflowTest, distributed, machine, policy

PASS = machine(Last={"Type": "Pass", "End": True})
WAIT = machine(Wait={"Type": "Wait", "Seconds": 60, "End": True})


class Pages(WorkflowTest):
    def listed(self, **more) -> list[list[str]]:
        """The executions' names, page by page."""
        pages, more = [], {**more}
        while True:
            page = self.states.list_executions(**more)
            pages.append([entry["name"] for entry in page["executions"]])
            if "nextToken" not in page:
                return pages
            more["nextToken"] = page["nextToken"]

    def test_a_hundred_at_a_time(self):
        arn = self.make_machine(PASS)
        names = [f"n{number:03}" for number in range(203)]
        for name in names:
            self.states.start_execution(stateMachineArn=arn, name=name)
        deadline = time.monotonic() + 20
        while self.states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            self.assertLess(time.monotonic(), deadline)
        pages = self.listed(stateMachineArn=arn)
        self.assertEqual([len(page) for page in pages], [100, 100, 3])
        self.assertEqual(sorted(sum(pages, [])), names)
        self.assertEqual([len(page) for page in self.listed(stateMachineArn=arn, maxResults=150)], [150, 53])

    def test_by_status(self):
        self.scale_waits(1)
        arn = self.make_machine(WAIT)
        executions = [self.states.start_execution(stateMachineArn=arn, name=name)["executionArn"] for name in "abc"]
        self.states.stop_execution(executionArn=executions[1])
        running = self.states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
        self.assertEqual(sorted(entry["name"] for entry in running), ["a", "c"])
        self.assertEqual(self.listed(stateMachineArn=arn, statusFilter="ABORTED"), [["b"]])
        self.assertEqual(sorted(sum(self.listed(stateMachineArn=arn, maxResults=1, statusFilter="RUNNING"), [])),
                         ["a", "c"])
        for execution in executions[::2]:
            self.states.stop_execution(executionArn=execution)

    def test_refused_requests(self):
        arn = self.make_machine(PASS)
        for code, request in (("ValidationException", {"stateMachineArn": arn, "maxResults": 1001}),
                              ("ValidationException", {"stateMachineArn": arn, "statusFilter": "DONE"}),
                              ("ValidationException", {}), ("InvalidToken", {"stateMachineArn": arn, "nextToken": "x"}),
                              ("StateMachineDoesNotExist", {"stateMachineArn": f"{arn}-absent"})):
            self.refused(code, self.states.list_executions, **request)

    def test_the_children_of_a_map_run(self):
        each = distributed(PASS, ItemsPath="$", ItemBatcher={"MaxItemsPerBatch": 2})
        execution = self.begin(machine(Each=each), [1, 2, 3])
        self.end(execution)
        self.assertEqual(sorted(child["itemCount"] for child in self.children(execution)), [1, 2])


class Rights(WorkflowTest):
    def client(self, *statements: tuple[str, str]):
        """Step Functions as a role with these rights sees it."""
        trust = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"}}]}
        name = f"Caller{len(self.iam.list_roles()['Roles'])}"
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for number, (action, resource) in enumerate(statements):
            self.iam.put_role_policy(RoleName=name, PolicyName=f"p{number}",
                                     PolicyDocument=policy(action, resource=resource))
        keys = self.cloud.client("sts", self.account).assume_role(
            RoleArn=f"arn:aws:iam::{self.account}:role/{name}", RoleSessionName="test")["Credentials"]
        return self.cloud.client("stepfunctions", self.account, keys)

    def may(self, call, **arguments) -> bool:
        try:
            call(**arguments)
        except ClientError as refusal:
            self.assertEqual(refusal.response["Error"]["Code"], "AccessDeniedException")
            return False
        return True

    def test_machines_and_executions_are_told_apart(self):
        self.scale_waits(1)
        arn = self.make_machine(WAIT)
        executions = arn.replace(":stateMachine:", ":execution:")
        execution = self.states.start_execution(stateMachineArn=arn, name="one")["executionArn"]
        for action, call, arguments, right, wrong in (
                ("states:ListExecutions", "list_executions", {"stateMachineArn": arn}, arn, f"{executions}:*"),
                ("states:DescribeExecution", "describe_execution", {"executionArn": execution}, f"{executions}:*", arn),
                ("states:StartExecution", "start_execution", {"stateMachineArn": arn}, arn, f"{executions}:*"),
                ("states:StopExecution", "stop_execution", {"executionArn": execution}, f"{executions}:*", arn)):
            self.assertFalse(self.may(getattr(self.client((action, wrong)), call), **arguments), action)
            self.assertTrue(self.may(getattr(self.client((action, right)), call), **arguments), action)
        self.assertEqual(self.states.describe_execution(executionArn=execution)["status"], "ABORTED")
        for entry in self.states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            self.states.stop_execution(executionArn=entry["executionArn"])

    def test_map_runs(self):
        execution = self.begin(machine(Each=distributed(PASS, ItemsPath="$")), [1])
        self.end(execution)
        run = self.map_run(execution)["mapRunArn"]
        runs = f"arn:aws:states:{REGION}:{self.account}:mapRun:lab/Each:*"
        for action, call in (("states:DescribeMapRun", "describe_map_run"),
                             ("states:ListExecutions", "list_executions")):
            self.assertFalse(self.may(getattr(self.client((action, f"{runs}-other")), call), mapRunArn=run))
            self.assertTrue(self.may(getattr(self.client((action, runs)), call), mapRunArn=run))


if __name__ == "__main__":
    unittest.main()
