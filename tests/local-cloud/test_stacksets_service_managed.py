"""StackSets with service-managed permissions: trusted access, targets, failures and their repair, rights."""

import json
import unittest

from testing_cloud import REGION
from testing_service_managed import SUSPENDED, ServiceManagedTest, targets
from testing_stacksets import OTHER_REGION, StackSetTest, parameter_template, role_template, trust

TOLERANT = {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100,
            "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE", "RegionConcurrencyType": "PARALLEL"}
PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"


class Access(StackSetTest):
    create = {"StackSetName": "lab", "TemplateBody": json.dumps(parameter_template()),
              "PermissionModel": "SERVICE_MANAGED", "AutoDeployment": {"Enabled": False}}

    def test_only_the_management_account_after_activation(self):
        message = self.refused("ValidationError", self.sets.create_stack_set, **self.create)
        self.assertEqual(message, "You must be the management account or delegated admin account of an organization "
                         "before operating a SERVICE_MANAGED stack set")
        self.refused("InvalidOperationException", self.sets.activate_organizations_access)
        member = self.targets[0]
        self.cloud.call("POST", f"organization?account={self.admin}", {"accounts": [member]})
        self.refused("InvalidOperationException",
                     self.client("cloudformation", member).activate_organizations_access)
        self.assertEqual(self.sets.describe_organizations_access()["Status"], "DISABLED")
        message = self.refused("ValidationError", self.sets.create_stack_set, **self.create)
        self.assertEqual(message, "You must enable organizations access to operate a service managed stack set")
        self.sets.activate_organizations_access()
        self.assertEqual(self.sets.describe_organizations_access()["Status"], "ENABLED")
        services = self.client("organizations", self.admin).list_aws_service_access_for_organization()
        self.assertEqual([entry["ServicePrincipal"] for entry in services["EnabledServicePrincipals"]], [PRINCIPAL])
        self.sets.create_stack_set(**self.create)
        self.refused("ValidationError", self.client("cloudformation", member).create_stack_set, **self.create)
        self.refused("ValidationError", self.sets.create_stack_set, **{**self.create, "StackSetName": "other"},
                     CallAs="DELEGATED_ADMIN")

    def test_trusting_the_service_alone_is_a_switch(self):
        self.cloud.call("POST", f"organization?account={self.admin}", {"services": [PRINCIPAL]})
        self.refused("ValidationError", self.sets.create_stack_set, **self.create)
        self.cloud.call("PUT", "switches", {"serviceAccessActivatesStackSets": True})
        self.sets.create_stack_set(**self.create)

    def test_deactivation_stops_operations_and_drops_dependencies(self):
        organization = self.cloud.call("POST", f"organization?account={self.admin}", {"accounts": self.targets[:1]})
        self.sets.activate_organizations_access()
        first = self.sets.create_stack_set(**self.create)["StackSetId"]
        arn = f"arn:aws:cloudformation:{REGION}:{self.admin}:stackset/{first}"
        self.sets.create_stack_set(**{**self.create, "StackSetName": "later",
                                      "AutoDeployment": {"Enabled": True, "DependsOn": [arn]}})
        self.sets.deactivate_organizations_access()
        self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab", Regions=[REGION],
                     DeploymentTargets=targets(organization["rootId"]))
        shown = self.sets.describe_stack_set(StackSetName="later")["StackSet"]["AutoDeployment"]
        self.assertEqual(shown, {"Enabled": True})

    def test_auto_deployment_is_checked(self):
        self.cloud.call("POST", f"organization?account={self.admin}", {})
        self.sets.activate_organizations_access()
        for wanted in (None, {"Enabled": False, "RetainStacksOnAccountRemoval": True},
                       {"Enabled": True, "DependsOn": ["arn:aws:cloudformation:eu-west-1:1:stackset/absent:1"]}):
            more = {} if wanted is None else {"AutoDeployment": wanted}
            request = {name: value for name, value in self.create.items() if name != "AutoDeployment"}
            self.refused("ValidationError", self.sets.create_stack_set, **request, **more)
        self.refused("ValidationError", self.sets.create_stack_set, StackSetName="own",
                     TemplateBody=json.dumps(parameter_template()), AutoDeployment={"Enabled": True})


class Targets(ServiceManagedTest):
    def test_units_children_included_and_never_the_management_account(self):
        first, second, third, fourth, fifth, sixth = self.members[:6]
        self.make_managed()
        self.assertEqual(self.deploy(targets(self.left)), "SUCCEEDED")
        self.assertEqual(self.accounts(), [first, second, third, fourth])
        operation = self.operate("create_stack_instances", targets(self.root, self.low))
        self.assertEqual(self.end(operation), "SUCCEEDED")
        self.assertEqual(self.accounts(), [first, second, third, fourth, fifth, sixth])
        self.assertEqual([self.results(operation)[account]["OrganizationalUnitId"] for account in (first, third)],
                         [self.root, self.low])
        self.assertRegex(self.instances()[sixth, REGION]["StackId"],
                         rf"^arn:aws:cloudformation:{REGION}:{sixth}:stack/StackSet-lab-[0-9a-f-]{{36}}/")
        self.assertEqual((self.kept(sixth), self.kept(self.admin)), ("one", None))
        shown = self.sets.describe_stack_set_operation(StackSetName="lab", OperationId=operation)["StackSetOperation"]
        self.assertEqual(shown["DeploymentTargets"], targets(self.root, self.low))
        found = self.sets.list_stack_set_auto_deployment_targets(StackSetName="lab")["Summaries"]
        self.assertEqual({entry["OrganizationalUnitId"]: entry["Regions"] for entry in found},
                         dict.fromkeys((self.root, self.left, self.low), [REGION]))

    def test_filters(self):
        first, second, third, fourth = self.members[:4]
        self.make_managed(enabled=False)
        for kind, named, expected in (
                ("INTERSECTION", [first, self.members[4], self.admin], [first]),
                ("DIFFERENCE", [second, third], [first, fourth])):
            wanted = targets(self.left, Accounts=named, AccountFilterType=kind)
            self.assertEqual(self.deploy(wanted), "SUCCEEDED")
            self.assertEqual(self.accounts(), expected)
        wanted = targets(self.left, Accounts=[fourth], AccountFilterType="DIFFERENCE")
        self.assertEqual(self.end(self.operate("delete_stack_instances", wanted, RetainStacks=False)), "SUCCEEDED")
        self.assertEqual(self.accounts(), [fourth])
        wanted = targets(self.right, Accounts=[fourth])  # UNION is what it is without a type
        self.assertEqual(self.end(self.operate("delete_stack_instances", wanted, RetainStacks=False)), "SUCCEEDED")
        self.assertEqual((self.accounts(), self.kept(fourth)), ([], None))

    def test_refused_targets(self):
        self.make_managed()
        accounts = {"Accounts": self.members[:1]}
        for wanted, reason in (
                ({}, "DeploymentTargets should be specified"),
                ({"Accounts": self.members[:1]}, "OrganizationalUnitIds should be specified in SERVICE_MANAGED mode"),
                (targets("ou-none-00000000"), "do not exist"), (targets(*[self.left] * 51), "maximum number of 50"),
                (targets(self.left, **accounts), "AccountFilterType should be specified"),
                (targets(self.left, **accounts, AccountFilterType="UNION"), "UNION is not supported"),
                (targets(self.left, AccountFilterType="DIFFERENCE"), "Accounts should be specified")):
            message = self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab",
                                   Regions=[REGION], DeploymentTargets=wanted)
            self.assertIn(reason, message)
        self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab", Regions=[REGION],
                     Accounts=self.members[:1])

    def test_organizations_do_not_meet(self):
        other, member = self.targets[0], self.targets[1]
        strange = self.build({"accounts": [member]}, other)["rootId"]
        self.make_managed()
        self.refused("ValidationError", self.sets.create_stack_instances, StackSetName="lab", Regions=[REGION],
                     DeploymentTargets=targets(strange))
        self.refused("ValidationError", self.client("cloudformation", other).create_stack_set, **Access.create)
        self.deploy(targets(self.root))
        self.assertNotIn(member, self.accounts())

    def test_suspended_accounts_are_skipped(self):
        first, second, third, fourth = self.members[:4]
        self.set_state(second, SUSPENDED)
        self.set_state(third, "CLOSED")
        self.make_managed()
        self.assertEqual(self.deploy(targets(self.left)), "SUCCEEDED")
        skipped = "SKIPPED_SUSPENDED_ACCOUNT"
        self.assertEqual(self.detailed(),
                         {first: "SUCCEEDED", second: skipped, third: skipped, fourth: "SUCCEEDED"})
        self.assertEqual((self.instances()[second, REGION]["Status"], self.kept(second)), ("OUTDATED", None))
        self.switch(suspendedInstancesAreDeleted=False)
        for retain, left in ((False, [second, third]), (True, [])):
            self.end(self.operate("delete_stack_instances", targets(self.left), RetainStacks=retain))
            self.assertEqual(self.accounts(), left)


class Failures(ServiceManagedTest):
    def test_failed_instances_are_listed_and_created_again(self):
        first, second, third, fourth = self.members[:4]
        template = role_template()
        template["Resources"]["Guard"]["Properties"]["AssumeRolePolicyDocument"] = json.loads(trust(
            Federated={"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:oidc-provider/sts.windows.net/tenant/"}).replace(
                "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"))
        for account in (first, fourth):
            self.make_provider(account)
        self.make_managed(template, Capabilities=["CAPABILITY_NAMED_IAM"], ManagedExecution={"Active": True})
        operation = self.operate("create_stack_instances", targets(self.left), OperationPreferences=TOLERANT)
        self.assertEqual(self.end(operation), "SUCCEEDED")
        failed = self.instances(Filters=[{"Name": "DETAILED_STATUS", "Values": "FAILED"}])
        self.assertEqual(sorted(account for account, _ in failed), [second, third])
        instance = failed[second, REGION]
        self.assertEqual((instance["Status"], instance["LastOperationId"], instance["OrganizationalUnitId"]),
                         ("OUTDATED", operation, self.left))
        self.assertIn("ResourceLogicalId:Guard, ResourceType:AWS::IAM::Role", instance["StatusReason"])
        shown = self.sets.describe_stack_set_operation(StackSetName="lab", OperationId=operation)["StackSetOperation"]
        self.assertEqual(shown["StatusDetails"]["FailedStackInstancesCount"], 2)
        # Both ways of trying again.
        for account, action in ((second, "create_stack_instances"), (third, "update_stack_instances")):
            self.make_provider(account)
            again = self.operate(action, targets(self.left, Accounts=[account], AccountFilterType="INTERSECTION"))
            self.assertEqual(self.end(again), "SUCCEEDED")
            self.assertEqual(list(self.results(again)), [account])
            self.client("iam", account).get_role(RoleName="Guard")
        self.assertEqual(set(self.detailed().values()), {"SUCCEEDED"})

    def make_provider(self, account: str) -> None:
        self.client("iam", account).create_open_id_connect_provider(
            Url="https://sts.windows.net/tenant/", ClientIDList=["api://lab"], ThumbprintList=["0" * 40])

    def test_members_need_no_roles_of_their_own_and_no_rights_are_missed(self):
        self.make_managed(role_template(), Capabilities=["CAPABILITY_NAMED_IAM"])
        self.assertEqual(self.deploy(targets(self.right)), "SUCCEEDED")
        shown = self.sets.describe_stack_set(StackSetName="lab")["StackSet"]
        self.assertTrue(shown["AdministrationRoleARN"].endswith("/AWSServiceRoleForCloudFormationStackSetsOrgAdmin"))
        self.assertRegex(shown["ExecutionRoleName"], "^stacksets-exec-[0-9a-f]{32}$")

    def test_no_more_at_once_than_the_switch_says(self):
        self.switch(stackInstanceSeconds=0.3, stackInstancesAtOnce=2)
        self.make_managed()
        operation = self.operate("create_stack_instances", targets(self.left), [REGION, OTHER_REGION],
                                 OperationPreferences=TOLERANT)
        seen = []
        while self.sets.describe_stack_set_operation(StackSetName="lab", OperationId=operation)[
                "StackSetOperation"]["Status"] == "RUNNING":
            found = self.sets.list_stack_instances(StackSetName="lab")["Summaries"]
            seen.append(sum(one["StackInstanceStatus"]["DetailedStatus"] == "RUNNING" for one in found))
        self.assertEqual(max(seen), 2)


if __name__ == "__main__":
    unittest.main()
