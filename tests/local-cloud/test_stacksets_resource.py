"""AWS::CloudFormation::StackSet in a stack: made, changed and deleted with it."""

import json
import unittest

from testing_cloud import REGION
from testing_stacksets import (
    ADMINISTRATION,
    EXECUTION,
    OTHER_REGION,
    ParentStack,
    StackSetTest,
    parameter_template,
    policy,
    role_template,
    trust,
)


def group(accounts: list[str], regions: list[str], word: str | None = None) -> dict:
    overrides = {"ParameterOverrides": [{"ParameterKey": "Word", "ParameterValue": word}]} if word else {}
    return {"DeploymentTargets": {"Accounts": accounts}, "Regions": regions, **overrides}


class StackSetResource(ParentStack, StackSetTest):
    def setUp(self):
        super().setUp()
        self.stacks = self.sets
        self.first, self.second = self.targets[:2]

    def test_create_change_and_delete(self):
        self.make_roles(self.first, self.second)
        created = self.send("create_stack", self.template([group([self.first], [REGION, OTHER_REGION])]))
        self.assertEqual(created, "CREATE_COMPLETE")
        outputs = self.stacks.describe_stacks(StackName="parent")["Stacks"][0]["Outputs"]
        stack_set_id = self.sets.describe_stack_set(StackSetName="lab")["StackSet"]["StackSetId"]
        self.assertEqual({output["OutputValue"] for output in outputs}, {stack_set_id})
        self.assertEqual([self.kept(self.first, region) for region in (REGION, OTHER_REGION)], ["one", "one"])
        # One instance goes, one comes with a word of its own, and the template changes.
        groups = [group([self.first], [REGION]), group([self.second], [REGION], "own")]
        self.assertEqual(self.send("update_stack", self.template(groups, parameter_template("two"))), "UPDATE_COMPLETE")
        self.assertEqual(set(self.instances()), {(self.first, REGION), (self.second, REGION)})
        self.assertEqual([self.kept(self.first), self.kept(self.first, OTHER_REGION), self.kept(self.second)],
                         ["two", None, "own"])
        actions = [summary["Action"] for summary in
                   self.sets.list_stack_set_operations(StackSetName="lab")["Summaries"]]
        self.assertEqual(actions, ["CREATE", "UPDATE", "DELETE", "CREATE"])
        # An override that changes is an operation on that instance alone.
        groups = [group([self.first], [REGION]), group([self.second], [REGION], "other")]
        self.send("update_stack", self.template(groups, parameter_template("two")))
        self.assertEqual([self.kept(self.first), self.kept(self.second)], ["two", "other"])
        self.stacks.delete_stack(StackName="parent")
        self.assertEqual(self.status(), "DELETE_COMPLETE")
        self.refused("StackSetNotFoundException", self.sets.describe_stack_set, StackSetName="lab")
        self.assertEqual([self.kept(self.first), self.kept(self.second)], [None, None])

    def test_roles_of_the_same_stack(self):
        account = self.admin
        roles = {
            "Administration": {"Type": "AWS::IAM::Role", "Properties": {
                "RoleName": ADMINISTRATION, "AssumeRolePolicyDocument": json.loads(trust(
                    Service="cloudformation.amazonaws.com")), "Policies": [{
                        "PolicyName": "own", "PolicyDocument": json.loads(policy("sts:AssumeRole"))}]}},
            "Execution": {"Type": "AWS::IAM::Role", "Properties": {
                "RoleName": EXECUTION, "AssumeRolePolicyDocument": json.loads(trust(
                    AWS=f"arn:aws:iam::{account}:root")), "Policies": [{
                        "PolicyName": "own", "PolicyDocument": json.loads(policy("cloudformation:*", "ssm:*"))}]}}}
        template = self.template([group([account], [REGION, OTHER_REGION])])
        template["Resources"] |= roles
        template["Resources"]["Regions"]["DependsOn"] = list(roles)
        self.assertEqual(self.send("create_stack", template), "CREATE_COMPLETE")
        self.stacks.delete_stack(StackName="parent")
        self.assertEqual(self.status(), "DELETE_COMPLETE")
        self.assertIsNone(self.kept(account))

    def test_failed_instances_fail_the_resource_and_it_is_rolled_back(self):
        self.make_roles(self.first)
        failed = self.send("create_stack", self.template([group([self.first, self.second], [REGION])],
                                                         OperationPreferences={"FailureToleranceCount": 0}))
        self.assertEqual(failed, "ROLLBACK_COMPLETE")
        reason = self.reasons("CREATE_FAILED")[0]
        self.assertRegex(reason, r'^Resource handler returned message: "Stack set operation \[[0-9a-f-]{36}\] was '
                         r"unexpectedly stopped or failed. status reason\(s\): \[Account ")
        self.refused("StackSetNotFoundException", self.sets.describe_stack_set, StackSetName="lab")
        self.assertIsNone(self.kept(self.first))

    def test_tolerated_failures_do_not(self):
        self.make_roles(self.first)
        preferences = {"FailureToleranceCount": 1, "MaxConcurrentCount": 2}
        done = self.send("create_stack", self.template([group([self.first, self.second], [REGION])],
                                                       OperationPreferences=preferences))
        self.assertEqual(done, "CREATE_COMPLETE")
        self.assertEqual(self.kept(self.first), "one")

    def test_failed_update_brings_the_old_instances_back(self):
        self.make_roles(self.first)
        self.send("create_stack", self.template([group([self.first], [REGION])]))
        groups = [group([self.first, self.second], [REGION])]
        self.assertEqual(self.send("update_stack", self.template(groups, parameter_template("two"))),
                         "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual((self.kept(self.first), set(self.instances())), ("one", {(self.first, REGION)}))

    def test_refusals(self):
        self.make_roles(self.first)
        for template, reason in (
                (self.template([group([self.first], [REGION]), group([self.first], [REGION], "own")]), "is duplicated"),
                (self.template([{"DeploymentTargets": {}, "Regions": [REGION]}]),
                 "Accounts should be specified in DeploymentTargets in [SELF_MANAGED] model"),
                (self.template([group([], [REGION])]),
                 "Properties validation failed for resource Regions with message:\n"
                 "[#/StackInstancesGroup/0/DeploymentTargets/Accounts: expected minimum item count: 1, found: 0]"),
                (self.template([], Extra="x"), "#: extraneous key [Extra] is not permitted"),
                (self.template([], role_template()),
                 "Requires capabilities : [CAPABILITY_NAMED_IAM]"),
                (self.template([], PermissionModel="SERVICE_MANAGED", AutoDeployment={"Enabled": True}),
                 "You must be the management account or delegated admin account of an organization")):
            self.assertEqual(self.send("create_stack", template), "ROLLBACK_COMPLETE")
            self.assertIn(reason, self.reasons("CREATE_FAILED")[0])
            self.stacks.delete_stack(StackName="parent")
            self.status()

    def test_renaming_replaces_and_another_model_is_refused(self):
        self.make_roles(self.first)
        self.send("create_stack", self.template([]))
        message = "cannot update a stack when a custom-named resource requires replacing"
        self.cloud.call("POST", f"organization?account={self.admin}", {})
        self.sets.activate_organizations_access()
        self.assertEqual(self.send("update_stack", self.template([], PermissionModel="SERVICE_MANAGED")),
                         "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn(message, self.reasons("UPDATE_FAILED")[0])
        self.assertEqual(self.send("update_stack", self.template([], StackSetName="other")), "UPDATE_COMPLETE")
        active = [summary["StackSetName"] for summary in self.sets.list_stack_sets(Status="ACTIVE")["Summaries"]]
        self.assertEqual(active, ["other"])


if __name__ == "__main__":
    unittest.main()
