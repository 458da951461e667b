"""StackSets with service-managed permissions: on which resources requests about instances are authorised."""

import json
import unittest

from testing_cloud import REGION
from testing_service_managed import ServiceManagedTest, targets
from testing_stacksets import OTHER_REGION, trust


class Rights(ServiceManagedTest):
    def setUp(self):
        super().setUp()
        self.cloud.client("iam", self.admin).create_role(
            RoleName="Operator", AssumeRolePolicyDocument=trust(AWS=f"arn:aws:iam::{self.admin}:root"))

    def operator(self, *resources: str, regions: list[str] | None = None):
        """A client of a role that may do everything on these resources, and nothing else from now on."""
        statement = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": list(resources)}
        if regions:
            statement["Condition"] = {"ForAllValues:StringEquals": {"cloudformation:TargetRegion": regions}}
        self.cloud.client("iam", self.admin).put_role_policy(RoleName="Operator", PolicyName="own", PolicyDocument=(
            json.dumps({"Version": "2012-10-17", "Statement": [statement]})))
        session = self.cloud.client("sts", self.admin).assume_role(
            RoleArn=f"arn:aws:iam::{self.admin}:role/Operator", RoleSessionName="test")["Credentials"]
        return self.cloud.client("cloudformation", self.admin, session)

    def create(self, client, **more):
        return client.create_stack_instances(StackSetName="lab", Regions=[REGION],
                                             DeploymentTargets=targets(self.right, **more))

    def test_stack_set_targets_and_types(self):
        self.make_managed()
        own = f"arn:aws:cloudformation:{REGION}:{self.admin}:stackset/lab:*"
        at = f"arn:aws:cloudformation:*:{self.admin}:stackset-target/lab:*"
        kind = f"arn:aws:cloudformation:{REGION}::type/resource/AWS-SSM-Parameter"
        for resources, missing in (((own,), "stackset-target/lab:"), ((own, at), "type/resource/AWS-SSM-Parameter"),
                                   ((own, kind), "stackset-target/lab:"),
                                   ((own, kind, at.replace(":*:", f":{REGION}:", 1)), "stackset-target/lab:"),
                                   ((own, kind, at.replace(":*:", "::", 1)), f":{REGION}:{self.admin}:stackset-target"),
                                   ((own, kind, f"{at}/{self.left}"), f"/{self.right}"),
                                   ((at, kind), "stackset/lab:")):
            operator = self.operator(*resources)
            self.assertIn(missing, self.refused("AccessDenied", self.create, client=operator))
        accounts = {"Accounts": self.members[4:5], "AccountFilterType": "INTERSECTION"}
        operator = self.operator(own, kind, f"{at}/{self.right}")
        self.assertIn(f"/{self.members[4]}", self.refused("AccessDenied", self.create, client=operator, **accounts))
        operator = self.operator(own, kind, f"{at}/*", regions=[OTHER_REGION])
        self.refused("AccessDenied", self.create, client=operator, **accounts)
        operator = self.operator(own, kind, at, regions=[REGION])
        self.assertEqual(self.end(self.create(operator, **accounts)["OperationId"]), "SUCCEEDED")

    def test_reads_need_the_stack_set_alone(self):
        self.make_managed()
        operation = self.operate("create_stack_instances", targets(self.right))
        self.end(operation)
        operator = self.operator(f"arn:aws:cloudformation:{REGION}:{self.admin}:stackset/lab:*")
        self.assertEqual(len(operator.list_stack_instances(StackSetName="lab")["Summaries"]), 1)
        operator.describe_stack_set_operation(StackSetName="lab", OperationId=operation)
        operator.list_stack_set_operation_results(StackSetName="lab", OperationId=operation)
        operator.describe_stack_instance(StackSetName="lab", StackInstanceAccount=self.members[4],
                                         StackInstanceRegion=REGION)
        self.refused("AccessDenied", operator.list_stack_sets)


if __name__ == "__main__":
    unittest.main()
