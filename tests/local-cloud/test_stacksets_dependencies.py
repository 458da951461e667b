"""StackSets: the order of automatic deployments that AutoDeployment.DependsOn asks for."""

import json
import unittest

from testing_cloud import REGION
from testing_service_managed import ServiceManagedTest, targets
from testing_stacksets import parameter_template, role_template


def other_template() -> dict:
    """A template that can be in an account beside ``parameter_template``."""
    template = parameter_template()
    template["Resources"]["Kept"]["Properties"]["Name"] = "other"
    return template


class Dependencies(ServiceManagedTest):
    """Three sets, each of which depends on those before."""

    def setUp(self):
        super().setUp()
        self.switch(stackInstanceSeconds=0.2)
        roles = self.make_managed(role_template(), name="roles", Capabilities=["CAPABILITY_NAMED_IAM"])
        middle = self.make_managed(name="middle", depends=(roles,))
        self.make_managed(other_template(), name="last", depends=(middle, roles))
        for name in ("roles", "middle", "last"):
            self.deploy(targets(self.right), name=name)

    def test_one_after_the_other(self):
        self.arrive(self.spare[0], self.right)
        found = [self.settled(2, name)[1] for name in ("roles", "middle", "last")]
        self.assertEqual([operation["Status"] for operation in found], ["SUCCEEDED"] * 3)
        made = [self.stack_time(name) for name in ("roles", "middle", "last")]
        self.assertEqual(made, sorted(made))
        self.assertEqual(len(set(made)), 3)

    def stack_time(self, name: str):
        stack = self.sets.describe_stack_instance(
            StackSetName=name, StackInstanceAccount=self.spare[0], StackInstanceRegion=REGION)["StackInstance"]
        found = self.client("cloudformation", self.spare[0]).describe_stacks(StackName=stack["StackId"])
        return found["Stacks"][0]["CreationTime"]

    def block(self, account: str) -> None:
        role = role_template()["Resources"]["Guard"]["Properties"]
        self.client("iam", account).create_role(RoleName="Guard", AssumeRolePolicyDocument=json.dumps(
            role["AssumeRolePolicyDocument"]))

    def test_nothing_comes_of_it_when_one_fails(self):
        comer, second = self.spare[:2]
        self.block(comer)
        self.arrive(comer, self.right)
        found = [self.settled(2, name)[1] for name in ("roles", "middle", "last")]
        self.assertEqual([operation["Status"] for operation in found], ["FAILED"] * 3)
        self.assertIn("depends on", found[1]["StatusReason"])
        self.assertEqual([self.detailed(name).get(comer) for name in ("roles", "middle", "last")],
                         ["FAILED", "CANCELLED", "CANCELLED"])
        self.assertIsNone(self.kept(comer))
        self.switch(failedDependencyLeavesInstances=False)
        self.block(second)
        self.arrive(second, self.right)
        self.settled(3, "last")
        self.assertEqual([self.detailed(name).get(second) for name in ("roles", "middle", "last")],
                         ["FAILED", None, None])

    def test_stopped_before_its_turn(self):
        self.switch(stackInstanceSeconds=1)
        self.arrive(self.spare[0], self.right)
        queued = self.seen(2, "last")[1]
        self.assertEqual(queued["Status"], "QUEUED")
        self.sets.stop_stack_set_operation(StackSetName="last", OperationId=queued["OperationId"])
        self.assertEqual(self.settled(2, "last")[1]["Status"], "STOPPED")
        self.assertEqual(self.settled(2, "middle")[1]["Status"], "SUCCEEDED")

    def test_refused_and_forgotten(self):
        last = self.sets.describe_stack_set(StackSetName="last")["StackSet"]["StackSetARN"]
        update = {"UsePreviousTemplate": True, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        message = self.refused("ValidationError", self.sets.update_stack_set, StackSetName="roles",
                               AutoDeployment={"Enabled": True, "DependsOn": [last]}, **update)
        self.assertIn("Circular dependency", message)
        self.refused("ValidationError", self.sets.update_stack_set, StackSetName="roles",
                     AutoDeployment={"Enabled": True, "DependsOn": [last] * 11}, **update)
        self.end(self.operate("delete_stack_instances", targets(self.right), name="roles", RetainStacks=False), "roles")
        self.sets.delete_stack_set(StackSetName="roles")
        shown = self.sets.describe_stack_set(StackSetName="middle")["StackSet"]["AutoDeployment"]
        self.assertEqual(shown["DependsOn"], [])


if __name__ == "__main__":
    unittest.main()
