"""StackSets: pace, failure tolerance, queueing and stopping of operations."""

import json
import threading
import time
import unittest
from unittest import mock

import stacksets
import stacksets_operations
from testing_cloud import REGION
from testing_stacksets import OTHER_REGION, StackSetTest, parameter_template, role_template

NAMED = ["CAPABILITY_NAMED_IAM"]


class Preferences(StackSetTest):
    """Targets three and four have no execution role, so that they fail."""

    def setUp(self):
        super().setUp()
        self.make_roles(*self.targets[:2])

    def outcomes(self, operation: str) -> list[str]:
        found = self.results(operation)
        return [found[account]["Status"] for account in self.order]

    def create(self, order: list[int], regions: list[str] | None = None, **preferences) -> str:
        self.order = [self.targets[number] for number in order]
        self.make_set(parameter_template())
        return self.begin("create_stack_instances", self.order, regions, OperationPreferences=preferences)

    def test_one_failure_ends_it_by_default(self):
        operation = self.create([2, 0, 1])
        self.assertEqual(self.end(operation), "FAILED")
        self.assertEqual(self.outcomes(operation), ["FAILED", "CANCELLED", "CANCELLED"])
        instance = self.instances()[self.targets[0], REGION]
        self.assertEqual((instance["Status"], instance["StackInstanceStatus"], instance["StatusReason"]), (
            "OUTDATED", {"DetailedStatus": "CANCELLED"}, "Cancelled since failure tolerance has exceeded"))
        shown = self.sets.describe_stack_set_operation(StackSetName="lab", OperationId=operation)["StackSetOperation"]
        self.assertEqual(shown["StatusDetails"]["FailedStackInstancesCount"], 1)

    def test_tolerance_as_a_count_and_as_a_percentage(self):
        operation = self.create([2, 0, 1], FailureToleranceCount=1)
        self.assertEqual(self.end(operation), "SUCCEEDED")
        self.assertEqual(self.outcomes(operation), ["FAILED", "SUCCEEDED", "SUCCEEDED"])
        # 49 percent of four accounts is one, and two fail.
        operation = self.begin("create_stack_instances", [self.targets[number] for number in (2, 3, 0, 1)],
                               OperationPreferences={"FailureTolerancePercentage": 49})
        self.assertEqual(self.end(operation), "FAILED")
        operation = self.begin("create_stack_instances", [self.targets[number] for number in (2, 3, 0, 1)],
                               OperationPreferences={"FailureTolerancePercentage": 50})
        self.assertEqual(self.end(operation), "SUCCEEDED")

    def test_a_failed_region_keeps_later_ones_from_starting(self):
        operation = self.create([2, 0], [OTHER_REGION, REGION], RegionOrder=[REGION, OTHER_REGION])
        self.assertEqual(self.end(operation), "FAILED")
        results = self.sets.list_stack_set_operation_results(StackSetName="lab", OperationId=operation)["Summaries"]
        self.assertEqual({(result["Account"], result["Region"]): result["Status"] for result in results}, {
            (self.targets[2], REGION): "FAILED", (self.targets[0], REGION): "CANCELLED",
            (self.targets[2], OTHER_REGION): "CANCELLED", (self.targets[0], OTHER_REGION): "CANCELLED"})

    def test_count_and_percentage_exclude_each_other(self):
        self.make_set(parameter_template())
        self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab", Accounts=self.targets,
                     Regions=[REGION], OperationPreferences={"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 10})


class AtOnce(unittest.TestCase):
    """Operations whose instances take a moment and do nothing, to see how many are at work side by side."""

    def most(self, preferences: dict, regions: int = 1, failing: int = 0) -> int:
        stack_set = stacksets.StackSet("lab", "lab:1", "1", REGION, "SELF_MANAGED", "{}", {}, {}, [], [])
        results = [stacksets.Result(stacksets.Instance(str(account), str(region)))
                   for region in range(regions) for account in range(4)]
        operation = stacksets.Operation(stack_set, "CREATE", preferences, results, status="RUNNING")
        at_work, seen, lock = [], [], threading.Lock()

        def carry_out(_operation, result):
            with lock:
                at_work.append(result)
                seen.append(len(at_work))
            fails = int(result.instance.account) < failing
            time.sleep(0.05 if fails else 0.2)
            with lock:
                at_work.remove(result)
                result.status = "FAILED" if fails else "SUCCEEDED"

        with mock.patch.object(stacksets_operations, "carry_out", carry_out):
            stacksets_operations._run(operation)
        self.seen = seen
        return max(seen)

    def test_how_many(self):
        soft, sure = {"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, {"FailureToleranceCount": 3}
        parallel = {"RegionConcurrencyType": "PARALLEL"}
        for preferences, regions, most in (
                ({}, 1, 1), ({"MaxConcurrentCount": 4}, 1, 1), ({"MaxConcurrentCount": 4, **soft}, 1, 4),
                ({"MaxConcurrentCount": 2, **sure}, 1, 2), ({"MaxConcurrentPercentage": 50, **sure}, 1, 2),
                ({"MaxConcurrentPercentage": 1, **sure}, 1, 1), ({"MaxConcurrentCount": 2, **soft}, 2, 2),
                ({"MaxConcurrentCount": 2, **soft, **parallel}, 2, 4)):
            self.assertEqual(self.most(preferences, regions), most, preferences)

    def test_strict_concurrency_shrinks_with_failures(self):
        preferences = {"MaxConcurrentCount": 4, "FailureToleranceCount": 2}
        self.assertEqual((self.most(preferences, failing=2), self.seen[3:]), (3, [1]))
        self.most({**preferences, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, failing=2)
        self.assertEqual(self.seen, [1, 2, 3, 4])


class Queueing(StackSetTest):
    def setUp(self):
        super().setUp()
        self.make_roles(*self.targets)
        self.cloud.call("PUT", "switches", {"stackInstanceSeconds": 0.25})

    def statuses(self, operations: list[str]) -> list[str]:
        found = {operation["OperationId"]: operation["Status"] for operation in
                 self.sets.list_stack_set_operations(StackSetName="lab")["Summaries"]}
        return [found[operation] for operation in operations]

    def test_one_at_a_time_without_managed_execution(self):
        self.make_set(parameter_template())
        operation = self.begin("create_stack_instances", self.targets[:1])
        message = self.refused("OperationInProgressException", self.sets.create_stack_instances, StackSetName="lab",
                               Accounts=self.targets[1:2], Regions=[REGION])
        self.assertTrue(message.startswith("Another Operation on StackSet arn:aws:cloudformation:"), message)
        self.refused("OperationInProgressException", self.sets.delete_stack_set, StackSetName="lab")
        self.end(operation)
        self.refused("OperationIdAlreadyExistsException", self.sets.create_stack_instances, StackSetName="lab",
                     Accounts=self.targets[1:2], Regions=[REGION], OperationId=operation)

    def test_managed_execution_queues_what_conflicts(self):
        self.make_set(parameter_template(), ManagedExecution={"Active": True})
        first = self.begin("create_stack_instances", self.targets[:1])
        aside = self.begin("create_stack_instances", self.targets[1:2])
        self.assertEqual(self.statuses([first, aside]), ["RUNNING", "RUNNING"])
        update = self.sets.update_stack_set(
            StackSetName="lab", TemplateBody=json.dumps(parameter_template("two")))["OperationId"]
        later = self.begin("create_stack_instances", self.targets[2:3])
        self.assertEqual(self.statuses([update, later]), ["QUEUED", "QUEUED"])
        self.refused("OperationInProgressException", self.sets.update_stack_set, StackSetName="lab",
                     UsePreviousTemplate=True, ManagedExecution={"Active": False})
        self.assertEqual([self.end(operation) for operation in (first, aside, update, later)], ["SUCCEEDED"] * 4)
        self.assertEqual([self.kept(account) for account in self.targets[:3]], ["two"] * 3)

    def test_stop(self):
        self.make_set(parameter_template(), ManagedExecution={"Active": True})
        running = self.begin("create_stack_instances", self.targets[:3])
        queued = self.begin("delete_stack_instances", self.targets[:1], RetainStacks=False)
        for operation in (queued, running):
            self.sets.stop_stack_set_operation(StackSetName="lab", OperationId=operation)
        self.assertEqual(self.statuses([running, queued]), ["STOPPING", "STOPPED"])
        self.assertEqual(self.end(running), "STOPPED")
        results = self.results(running)
        self.assertEqual([results[account]["Status"] for account in self.targets[:3]],
                         ["SUCCEEDED", "CANCELLED", "CANCELLED"])
        self.refused("InvalidOperationException", self.sets.stop_stack_set_operation, StackSetName="lab",
                     OperationId=running)
        self.refused("OperationNotFoundException", self.sets.stop_stack_set_operation, StackSetName="lab",
                     OperationId="absent")


class FailedStacks(StackSetTest):
    def test_a_failed_create_leaves_no_stack_and_can_be_repeated(self):
        account = self.targets[0]
        self.make_roles(account)
        iam = self.client("iam", account)
        iam.create_role(RoleName="Guard", AssumeRolePolicyDocument=json.dumps(
            role_template()["Resources"]["Guard"]["Properties"]["AssumeRolePolicyDocument"]))
        self.make_set(role_template(), Capabilities=NAMED)
        operation = self.begin("create_stack_instances", [account])
        self.assertEqual(self.end(operation), "FAILED")
        self.assertIn("Role with name Guard already exists", self.results(operation)[account]["StatusReason"])
        stack_id = self.instances()[account, REGION]["StackId"]
        stacks = self.client("cloudformation", account)
        self.assertEqual(stacks.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"], "DELETE_COMPLETE")
        iam.delete_role(RoleName="Guard")
        self.assertEqual(self.run_operation("create_stack_instances", [account]), "SUCCEEDED")
        self.assertNotEqual(self.instances()[account, REGION]["StackId"], stack_id)

    def test_a_failed_update_goes_back_and_the_instance_is_outdated(self):
        account = self.targets[0]
        self.make_roles(account)
        self.make_set(parameter_template())
        self.run_operation("create_stack_instances", [account])
        # The parameter changes before the role is refused.
        self.client("iam", account).create_role(RoleName="Guard", AssumeRolePolicyDocument=json.dumps(
            role_template()["Resources"]["Guard"]["Properties"]["AssumeRolePolicyDocument"]))
        broken = parameter_template("two", Guard={**role_template()["Resources"]["Guard"], "DependsOn": "Kept"})
        updated = self.sets.update_stack_set(StackSetName="lab", TemplateBody=json.dumps(broken), Capabilities=NAMED)
        self.assertEqual(self.end(updated["OperationId"]), "FAILED")
        self.assertEqual((self.instances()[account, REGION]["Status"], self.kept(account)), ("OUTDATED", "one"))
        good = self.sets.update_stack_set(StackSetName="lab", TemplateBody=json.dumps(parameter_template("three")))
        self.assertEqual(self.end(good["OperationId"]), "SUCCEEDED")
        self.assertEqual(self.kept(account), "three")


if __name__ == "__main__":
    unittest.main()
