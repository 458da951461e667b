"""StackSets: the administration and execution roles, and what they may do."""

import json
import unittest

from testing_cloud import REGION
from testing_stacksets import (
    ADMINISTRATION,
    EXECUTION,
    OTHER_REGION,
    StackSetTest,
    parameter_template,
    policy,
    role_template,
    trust,
)


class Roles(StackSetTest):
    def test_no_administration_role(self):
        self.make_set(parameter_template())
        message = self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab",
                               Accounts=[self.targets[0]], Regions=[REGION])
        self.assertEqual(message, f"Account {self.admin} should have '{ADMINISTRATION}' role with trust relationship "
                         "to CloudFormation service.")

    def test_execution_role_missing_or_not_trusting(self):
        right, stranger, missing = self.targets[:3]
        self.make_roles(right)
        self.make_execution_role(stranger, policy("*"), principal=f"arn:aws:iam::{missing}:root")
        self.make_set(parameter_template())
        operation = self.begin("create_stack_instances", [missing, stranger, right],
                               OperationPreferences={"FailureToleranceCount": 2})
        self.assertEqual(self.end(operation), "SUCCEEDED")
        results = self.results(operation)
        self.assertEqual({account: result["Status"] for account, result in results.items()},
                         {missing: "FAILED", stranger: "FAILED", right: "SUCCEEDED"})
        reason = (f"Account {missing} should have '{EXECUTION}' role with trust relationship to Role "
                  f"'{ADMINISTRATION}'.")
        self.assertEqual(results[missing]["AccountGateResult"], {"Status": "SKIPPED", "StatusReason": reason})
        instance = self.instances()[missing, REGION]
        self.assertEqual((instance["Status"], instance["StatusReason"], instance["StackInstanceStatus"]),
                         ("OUTDATED", reason, {"DetailedStatus": "FAILED"}))
        self.assertNotIn("StackId", instance)
        self.make_execution_role(missing, policy("*"))
        self.assertEqual(self.run_operation("create_stack_instances", [missing]), "SUCCEEDED")

    def test_administration_role_without_the_right_to_assume(self):
        self.make_roles(self.targets[0])
        self.cloud.client("iam", self.admin).delete_role_policy(RoleName=ADMINISTRATION, PolicyName="own")
        self.make_set(parameter_template())
        self.assertEqual(self.run_operation("create_stack_instances", self.targets[:1]), "FAILED")

    def test_resources_are_made_with_the_execution_roles_rights(self):
        account = self.targets[0]
        self.make_roles(account, rights=policy("cloudformation:*", "iam:GetRole"))
        self.make_set(role_template(), Capabilities=["CAPABILITY_NAMED_IAM"])
        operation = self.begin("create_stack_instances", [account])
        self.assertEqual(self.end(operation), "FAILED")
        reason = self.results(operation)[account]["StatusReason"]
        self.assertIn("ResourceLogicalId:Guard, ResourceType:AWS::IAM::Role, ResourceStatusReason:User: arn:aws:sts::"
                      f"{account}:assumed-role/{EXECUTION}/", reason)
        self.assertIn(f"not authorized to perform: iam:CreateRole on resource: arn:aws:iam::{account}:role/Guard",
                      reason)
        self.cloud.client("iam", account).put_role_policy(RoleName=EXECUTION, PolicyName="own", PolicyDocument=policy(
            "cloudformation:*", "iam:CreateRole"))
        self.assertEqual(self.run_operation("create_stack_instances", [account]), "SUCCEEDED")
        # What the role may not delete stays, and the instance with it.
        self.assertEqual(self.run_operation("delete_stack_instances", [account], RetainStacks=False), "FAILED")

    def test_a_target_that_does_not_answer(self):
        first, second = self.targets[:2]
        self.make_roles(first, second)
        self.make_set(parameter_template())
        self.cloud.call("PUT", "faults", [{"service": "cloudformation", "action": "DescribeStacks", "account": first,
                                           "code": "InvalidClientTokenId", "status": 403, "message": "No such region"}])
        operation = self.begin("create_stack_instances", [first, second], OperationPreferences={
            "FailureToleranceCount": 1})
        self.assertEqual(self.end(operation), "SUCCEEDED")
        self.assertEqual(self.results(operation)[first]["StatusReason"], "No such region")
        self.assertEqual((self.kept(first), self.kept(second)), (None, "one"))

    def test_a_region_that_the_target_has_not_opted_in_to(self):
        account = self.targets[0]
        self.make_roles(account)
        self.cloud.call("PUT", "regions", {"account": account, "disabled": [OTHER_REGION]})
        self.make_set(parameter_template())
        operation = self.begin("create_stack_instances", [account], [OTHER_REGION, REGION],
                               OperationPreferences={"FailureToleranceCount": 1})
        self.assertEqual(self.end(operation), "SUCCEEDED")
        instances = self.instances()
        self.assertEqual([instances[account, region]["StackInstanceStatus"]["DetailedStatus"]
                          for region in (OTHER_REGION, REGION)], ["FAILED", "SUCCEEDED"])
        self.assertIn("security token", instances[account, OTHER_REGION]["StatusReason"])

    def test_operations_are_authorised_on_the_stack_set(self):
        self.make_roles(self.targets[0])
        for name in ("lab", "other"):
            self.sets.create_stack_set(StackSetName=name, TemplateBody=json.dumps(parameter_template()))
        iam = self.cloud.client("iam", self.admin)
        iam.create_role(RoleName="Operator", AssumeRolePolicyDocument=trust(AWS=f"arn:aws:iam::{self.admin}:root"))
        iam.put_role_policy(RoleName="Operator", PolicyName="own", PolicyDocument=policy(
            "cloudformation:*", resource=f"arn:aws:cloudformation:{REGION}:{self.admin}:stackset/lab:*"))
        session = self.cloud.client("sts", self.admin).assume_role(
            RoleArn=f"arn:aws:iam::{self.admin}:role/Operator", RoleSessionName="test")["Credentials"]
        operator = self.cloud.client("cloudformation", self.admin, session)
        operator.list_stack_instances(StackSetName="lab")
        self.refused("AccessDenied", operator.list_stack_instances, StackSetName="other")

    def test_own_roles(self):
        account = self.targets[0]
        iam = self.cloud.client("iam", self.admin)
        arn = iam.create_role(RoleName="Own", Path="/sets/",
                              AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))["Role"]["Arn"]
        iam.put_role_policy(RoleName="Own", PolicyName="own", PolicyDocument=policy("sts:AssumeRole"))
        target = self.cloud.client("iam", account)
        target.create_role(RoleName="Deploy", AssumeRolePolicyDocument=trust(AWS=f"arn:aws:iam::{self.admin}:root"))
        target.put_role_policy(RoleName="Deploy", PolicyName="own", PolicyDocument=policy("*"))
        self.make_set(parameter_template(), AdministrationRoleARN=arn, ExecutionRoleName="Deploy")
        self.assertEqual(self.run_operation("create_stack_instances", [account]), "SUCCEEDED")
        shown = self.sets.describe_stack_set(StackSetName="lab")["StackSet"]
        self.assertEqual((shown["AdministrationRoleARN"], shown["ExecutionRoleName"], shown["PermissionModel"]),
                         (arn, "Deploy", "SELF_MANAGED"))
        self.refused("ValidationError", self.sets.update_stack_set, StackSetName="lab", UsePreviousTemplate=True)


if __name__ == "__main__":
    unittest.main()
