"""AWS::CloudFormation::StackSet with service-managed permissions: units, regions and filters that change."""

import itertools
import json
import unittest

import stacksets_resource_targeting as targeting
from testing_cloud import REGION
from testing_service_managed import SUSPENDED, ServiceManagedTest, targets
from testing_stacksets import OTHER_REGION, ParentStack, parameter_template, role_template

SOFT = {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100,
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE", "RegionConcurrencyType": "PARALLEL"}


def group(wanted: dict, *regions: str) -> dict:
    return {"DeploymentTargets": wanted, "Regions": list(regions or (REGION,))}


class ServiceManagedResource(ParentStack, ServiceManagedTest):
    model = "SERVICE_MANAGED"

    def template(self, groups: list[dict], body: dict | None = None, **more) -> dict:
        deployment = {"Enabled": True, "RetainStacksOnAccountRemoval": False}
        return super().template(groups, body, **{"AutoDeployment": deployment, "ManagedExecution": {"Active": True},
                                                 "OperationPreferences": SOFT, **more})

    def actions(self) -> list[str]:
        return [operation["Action"] for operation in self.operations()]

    def test_units_and_regions_come_and_go(self):
        first, third, fifth = self.members[0], self.members[2], self.members[4]
        self.assertEqual(self.send("create_stack", self.template([group(targets(self.left), REGION, OTHER_REGION)])),
                         "CREATE_COMPLETE")
        self.assertEqual(self.accounts(), self.members[:4])
        self.assertEqual(self.actions(), ["CREATE"])
        # A unit comes, a region goes, a parameter changes.
        template = self.template([group(targets(self.left, self.right))],
                                 Parameters=[{"ParameterKey": "Word", "ParameterValue": "two"}])
        self.assertEqual(self.send("update_stack", template), "UPDATE_COMPLETE")
        self.assertEqual(self.actions(), ["CREATE", "DELETE", "UPDATE", "CREATE"])
        self.assertEqual([self.kept(first), self.kept(first, OTHER_REGION), self.kept(fifth)], ["two", None, "two"])
        # A unit goes: its accounts are no target any more.
        self.assertEqual(self.send("update_stack", self.template([group(targets(self.right))])), "UPDATE_COMPLETE")
        self.assertEqual((self.accounts(), self.kept(third), self.kept(fifth)), ([fifth], None, "one"))
        self.arrive(self.spare[0], self.left)
        self.arrive(self.spare[1], self.right)
        self.settled(7)
        self.assertEqual(self.accounts(), sorted([fifth, self.spare[1]]))
        self.assertEqual(self.remove(), "DELETE_COMPLETE")
        self.refused("StackSetNotFoundException", self.sets.describe_stack_set, StackSetName="lab")
        self.assertEqual([self.kept(account) for account in (fifth, self.spare[1])], [None, None])

    def test_dependencies_by_arn(self):
        template = self.template([group(targets(self.left))])
        dependent = json.loads(json.dumps(template["Resources"]["Regions"]))
        dependent["Properties"] |= {
            "StackSetName": "later", "StackInstancesGroup": [],
            "AutoDeployment": {"Enabled": "true", "RetainStacksOnAccountRemoval": "false", "DependsOn": [
                {"Fn::Sub": "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stackset/"
                            "${Regions}"}]}}
        template["Resources"]["Later"] = dependent
        self.assertEqual(self.send("create_stack", template), "CREATE_COMPLETE")
        arn = self.sets.describe_stack_set(StackSetName="lab")["StackSet"]["StackSetARN"]
        shown = self.sets.describe_stack_set(StackSetName="later")["StackSet"]["AutoDeployment"]
        self.assertEqual(shown, {"Enabled": True, "RetainStacksOnAccountRemoval": False, "DependsOn": [arn]})

    def test_failures_within_tolerance_do_not_fail_the_resource(self):
        self.client("iam", self.members[1]).create_role(RoleName="Guard", AssumeRolePolicyDocument=json.dumps(
            role_template()["Resources"]["Guard"]["Properties"]["AssumeRolePolicyDocument"]))
        self.set_state(self.members[2], SUSPENDED)
        template = self.template([group(targets(self.left))], role_template(), Capabilities=["CAPABILITY_NAMED_IAM"])
        self.assertEqual(self.send("create_stack", template), "CREATE_COMPLETE")
        found = self.detailed()
        self.assertEqual([found[account] for account in self.members[:4]],
                         ["SUCCEEDED", "FAILED", "SKIPPED_SUSPENDED_ACCOUNT", "SUCCEEDED"])
        self.switch(suspendedInstancesAreDeleted=False)
        self.assertEqual(self.remove(), "DELETE_FAILED")
        self.assertIn("StackSet is not empty", self.reasons("DELETE_FAILED")[0])
        self.switch(suspendedInstancesAreDeleted=True)
        self.assertEqual(self.remove(), "DELETE_COMPLETE")

    def test_a_filter_that_changes_touches_the_accounts_that_it_loses_and_wins(self):
        first, second, third, fourth = self.members[:4]

        def wanted(*excluded: str) -> dict:
            filtered = {"Accounts": list(excluded), "AccountFilterType": "DIFFERENCE"} if excluded else {}
            return self.template([group(targets(self.left, **filtered), REGION, OTHER_REGION)])

        self.assertEqual(self.send("create_stack", wanted(first)), "CREATE_COMPLETE")
        self.assertEqual((self.accounts(), self.actions()), ([second, third, fourth], ["CREATE", "CREATE"]))
        stack_id = self.instances()[third, REGION]["StackId"]
        self.assertEqual(self.send("update_stack", wanted(second)), "UPDATE_COMPLETE")
        self.assertEqual(self.accounts(), [first, third, fourth])
        self.assertEqual(self.instances()[third, REGION]["StackId"], stack_id)
        self.assertEqual(self.actions()[2:], ["DELETE"] * 2 + ["CREATE"] * 2 + ["UPDATE"] * 2)
        self.assertEqual(self.send("update_stack", wanted()), "UPDATE_COMPLETE")
        self.assertEqual(self.accounts(), self.members[:4])
        self.assertEqual(self.remove(), "DELETE_COMPLETE")

    def test_one_more_excluded_account_is_all_that_an_update_touches(self):
        first, second, third, fourth = self.members[:4]

        def wanted(*excluded: str) -> dict:
            filtered = {"Accounts": list(excluded), "AccountFilterType": "DIFFERENCE"} if excluded else {}
            return self.template([group(targets(self.left, **filtered), REGION, OTHER_REGION)])

        def stacks() -> dict:
            return {place: instance["StackId"] for place, instance in self.instances().items()}

        def without(known: dict, *gone: str) -> dict:
            return {place: stack_id for place, stack_id in known.items() if place[0] not in gone}

        self.assertEqual(self.send("create_stack", wanted()), "CREATE_COMPLETE")
        all_of_them = stacks()
        self.assertEqual(len(all_of_them), 8)
        for excluded in ((second,), (second, third)):
            self.assertEqual(self.send("update_stack", wanted(*excluded)), "UPDATE_COMPLETE")
            self.assertEqual(stacks(), without(all_of_them, *excluded))
            self.assertEqual([self.kept(account) for account in excluded], [None] * len(excluded))
        # Taking one in again makes its stacks, and nobody else's anew.
        self.assertEqual(self.send("update_stack", wanted(third)), "UPDATE_COMPLETE")
        found = stacks()
        self.assertEqual(without(found, second), without(all_of_them, second, third))
        self.assertEqual([self.kept(second), self.kept(second, OTHER_REGION)], ["one", "one"])
        self.assertEqual(self.remove(), "DELETE_COMPLETE")

    def test_an_excluded_account_that_was_deployed_to_keeps_the_set_from_being_deleted(self):
        out = self.members[0]
        filtered = targets(self.left, Accounts=[out], AccountFilterType="DIFFERENCE")
        self.send("create_stack", self.template([group(filtered)]))
        self.change(out, "move", parent=self.right)
        self.change(out, "move", parent=self.left)
        self.settled(2)
        self.assertIn(out, self.accounts())
        self.assertEqual(self.remove(), "DELETE_FAILED")
        self.assertEqual((self.accounts(), self.kept(out)), ([out], "one"))
        # Its instances alone go, and the set after them.
        only = targets(self.left, Accounts=[out], AccountFilterType="INTERSECTION")
        self.end(self.operate("delete_stack_instances", only, RetainStacks=False))
        self.assertEqual((self.accounts(), self.kept(out)), ([], None))
        self.assertEqual(self.remove(), "DELETE_COMPLETE")

    def test_refusals(self):
        union = targets(self.left, Accounts=[self.members[0]], AccountFilterType="UNION")
        path = "#/StackInstancesGroup/0/DeploymentTargets"
        for groups, more, reason in (
                ([group(targets())], {}, f"{path}/OrganizationalUnitIds: expected minimum item count: 1, found: 0"),
                ([group(targets("root"))], {}, f"{path}/OrganizationalUnitIds/0: failed validation constraint"),
                ([group(targets(self.left, Accounts=[]))], {}, f"{path}/Accounts: expected minimum item count: 1"),
                ([group({"Accounts": [self.members[0]]})], {},
                 "OrganizationalUnitIds should be specified in DeploymentTargets in [SERVICE_MANAGED] model"),
                ([group(union)], {}, "UNION is not a valid AccountFilterType"),
                ([group(targets("ou-gone-00000000"))], {}, "do not exist in the organization"),
                ([], {"CallAs": "DELEGATED_ADMIN"}, "plays no delegated administrators"),
                ([], {"AutoDeployment": {"Enabled": True, "Delay": 1}}, "extraneous key [Delay] is not permitted"),
                ([], {"OperationPreferences": {"ConcurrencyMode": "SOFT"}}, "SOFT is not a valid enum value")):
            self.assertEqual(self.send("create_stack", self.template(groups, **more)), "ROLLBACK_COMPLETE", reason)
            self.assertIn(reason, self.reasons("CREATE_FAILED")[0])
            self.remove()
        self.sets.deactivate_organizations_access()
        self.assertEqual(self.send("create_stack", self.template([])), "ROLLBACK_COMPLETE")
        self.assertIn("You must enable organizations access to operate a service managed stack set",
                      self.reasons("CREATE_FAILED")[0])

    def test_a_refused_update_goes_back(self):
        self.send("create_stack", self.template([group(targets(self.left))]))
        self.assertEqual(self.send("update_stack", self.template([group(targets())], parameter_template("two"))),
                         "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("for resource Regions with message", self.reasons("UPDATE_FAILED")[0])
        self.assertEqual((self.accounts(), self.kept(self.members[0])), (self.members[:4], "one"))


class Targeting(unittest.TestCase):
    """Filters of one unit before and after, against what each means for three accounts."""

    accounts = ("1", "2", "3")

    def props(self, chosen: tuple | None) -> dict:
        # A filter elsewhere has both models compared by filters.
        groups = [group(targets("ou-else", Accounts=["9"], AccountFilterType="INTERSECTION"), "else")]
        if chosen:
            kind, named = chosen
            groups.append(group(targets("ou-1", AccountFilterType=kind, **({"Accounts": list(named)} if named else {})),
                                "here"))
        else:
            groups.append(group(targets("ou-other", AccountFilterType="NONE"), "here"))
        return {"PermissionModel": "SERVICE_MANAGED", "StackInstancesGroup": groups}

    def meant(self, chosen: dict | None) -> set[str]:
        if chosen is None:
            return set()
        named = set(chosen.get("Accounts", []))
        return {"NONE": set(self.accounts), "INTERSECTION": named, "DIFFERENCE": set(self.accounts) - named}[
            chosen["AccountFilterType"]]

    def of_unit(self, requests: list[tuple]) -> set[str]:
        found = [self.meant(members["DeploymentTargets"]) for members, _ in requests
                 if members["DeploymentTargets"]["OrganizationalUnitIds"] == ["ou-1"]]
        self.assertLessEqual(len(found), 1)
        return found[0] if found else set()

    def test_every_change(self):
        choices = [None, ("NONE", ())] + [
            (kind, named) for kind in ("INTERSECTION", "DIFFERENCE") for size in (1, 2, 3)
            for named in itertools.combinations(self.accounts, size)]
        for before, after in itertools.product(choices, choices):
            delete, create, update = targeting.changes(self.props(before), self.props(after))
            old, new = (self.meant({"AccountFilterType": one[0], "Accounts": one[1]} if one else None)
                        for one in (before, after))
            self.assertEqual((self.of_unit(delete), self.of_unit(create), self.of_unit(update)),
                             (old - new, new - old, old & new), (before, after))

    def test_groups_of_one_unit_are_merged(self):
        def wanted(*filters: tuple) -> dict:
            return {"PermissionModel": "SERVICE_MANAGED", "StackInstancesGroup": [
                group(targets("ou-1", AccountFilterType=kind, **({"Accounts": named} if named else {})), "here")
                for kind, named in filters]}

        empty = wanted(("INTERSECTION", ["9"]))
        for filters, expected in (
                ((("INTERSECTION", ["1"]), ("INTERSECTION", ["2"])), {"1", "2"}),
                ((("DIFFERENCE", ["1", "2"]), ("DIFFERENCE", ["2", "3"])), {"1", "3"}),
                ((("DIFFERENCE", ["1", "2"]), ("INTERSECTION", ["1"])), {"1", "3"}),
                ((("DIFFERENCE", ["1"]), ("NONE", None)), {"1", "2", "3"})):
            _, create, _ = targeting.changes(empty, wanted(*filters))
            self.assertEqual(self.of_unit(create), expected, filters)

    def test_overrides_and_the_order_of_regions(self):
        overrides = [{"ParameterKey": "Word", "ParameterValue": "own"}]
        filtered = targets("ou-1", Accounts=["1"], AccountFilterType="DIFFERENCE")
        props = {"PermissionModel": "SERVICE_MANAGED", "OperationPreferences": {"RegionOrder": ["b"]},
                 "StackInstancesGroup": [{**group(filtered, "a", "b"), "ParameterOverrides": overrides}]}
        _, create, _ = targeting.changes(None, props)
        self.assertEqual(create, [({"Regions": [region], "DeploymentTargets": filtered}, overrides)
                                  for region in ("b", "a")])
        props["StackInstancesGroup"].append(group(filtered, "c"))
        with self.assertRaisesRegex(targeting.Invalid, "more than one Parameters set"):
            targeting.changes(None, props)


if __name__ == "__main__":
    unittest.main()
