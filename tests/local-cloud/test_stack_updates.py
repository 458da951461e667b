"""Updates that switch plans on and off: what changes first, what goes last, and what a failed one leaves."""

import json
import unittest

from testing_stacks import StackTest, base_template, custom, role

ACCOUNT = {
    "Parameters": {name: {"Type": "String"} for name in ("Plan", "PlanRoleName", "Provider", "Token", "Fails")},
    "Conditions": {"UsesPlan": {"Fn::Equals": [{"Ref": "Plan"}, "On"]},
                   "FailsLater": {"Fn::Equals": [{"Ref": "Fails"}, "true"]}},
    "Resources": {
        "AlwaysRole": role(), "PlanRole": {**role(), "Condition": "UsesPlan"},
        # Last of all, for updates of the nested stack that fail after its roles.
        "Late": {"Type": "Custom::Thing", "Condition": "FailsLater", "DependsOn": ["AlwaysRole"], "Properties": {
            "ServiceToken": {"Ref": "Token"}, "ServiceTimeout": 20, "Create": "fail late-id"}}},
    "Outputs": {"AlwaysRoleArn": {"Value": {"Fn::GetAtt": ["AlwaysRole", "Arn"]}},
                "PlanRoleArn": {"Condition": "UsesPlan", "Value": {"Fn::GetAtt": ["PlanRole", "Arn"]}}},
}
ACCOUNT["Resources"]["AlwaysRole"]["Properties"]["RoleName"] = "PlanAlways"
ACCOUNT["Resources"]["AlwaysRole"]["Properties"]["Description"] = {"Ref": "Provider"}
ACCOUNT["Resources"]["PlanRole"]["Properties"]["RoleName"] = {"Ref": "PlanRoleName"}
ON = {"Plan": "On"}
OFF = {"Plan": "Off"}


class PlanTest(StackTest):
    """A stack as the project's: conditional provider, nested stack with a conditional role, connector."""

    def plans(self, connector: dict | None = None, provider: dict | None = None, **more) -> dict:
        template = base_template()
        template["Parameters"].update({"Plan": {"Type": "String"}, "Fails": {"Type": "String", "Default": "false"},
                                       "PlanRoleName": {"Type": "String", "Default": "PlanRole"}})
        template["Conditions"] = {"UsesPlan": {"Fn::Equals": [{"Ref": "Plan"}, "On"]}}
        token = {"Fn::GetAtt": ["Provider", "Arn"]}
        template["Resources"].update({
            "PlanProvider": custom(provider or {}, Condition="UsesPlan"),
            "Account": self.nested("account", ACCOUNT, {
                **{name: {"Ref": name} for name in ("Plan", "PlanRoleName", "Fails")}, "Token": token,
                "Provider": {"Fn::If": ["UsesPlan", {"Fn::GetAtt": ["PlanProvider", "Answer"]}, "none"]}}),
            "Connector": custom({"Plan": {"Ref": "Plan"}, "PlanRoleName": {"Ref": "PlanRoleName"},
                                 **{kind: "look" for kind in ("Create", "Update", "Delete")}, **(connector or {})}),
            **more})
        template["Resources"]["Connector"]["DependsOn"] = ["Invoke", "Account"]
        return template

    def roles(self) -> dict:
        found = self.cloud.client("iam", self.account).list_roles()["Roles"]
        return {found["RoleName"]: found["RoleId"] for found in found if found["RoleName"].startswith("Plan")}

    def requests(self) -> list[tuple[str, str]]:
        """Resource and request type of every reply, oldest first."""
        return [(reply["logicalResourceId"], reply["requestType"]) for reply in self.replies()]

    def seen(self, number: int = -1) -> list[str]:
        """The roles that the connector's function saw at one of its requests."""
        return [reply["body"]["Data"]["Roles"] for reply in self.replies()
                if reply["logicalResourceId"] == "Connector" and "Data" in reply["body"]][number]


class Success(PlanTest):
    def test_switched_off_roles_go_after_the_connector(self):
        self.assertEqual(self.create(self.plans(), ON), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(), OFF), "UPDATE_COMPLETE")
        self.assertEqual(self.seen(), ["PlanAlways", "PlanRole"])
        self.assertEqual(self.requests()[-2:], [("Connector", "Update"), ("PlanProvider", "Delete")])
        self.assertEqual(list(self.roles()), ["PlanAlways"])
        events = self.events()
        last = events[events.index(("", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) + 1:]
        self.assertEqual(last, [("Account", "UPDATE_COMPLETE"), ("PlanProvider", "DELETE_IN_PROGRESS"),
                                ("PlanProvider", "DELETE_COMPLETE"), ("", "UPDATE_COMPLETE")])
        self.assertEqual(self.events("lab-Account")[-4:], [
            ("", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), ("PlanRole", "DELETE_IN_PROGRESS"),
            ("PlanRole", "DELETE_COMPLETE"), ("", "UPDATE_COMPLETE")])
        self.assertNotIn("PlanProvider", self.remaining())

    def test_switched_on_resources_come_in_the_order_of_their_dependencies(self):
        self.assertEqual(self.create(self.plans(), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(), ON), "UPDATE_COMPLETE")
        self.assertEqual(self.requests()[-2:], [("PlanProvider", "Create"), ("Connector", "Update")])
        self.assertEqual(self.seen(), ["PlanAlways", "PlanRole"])
        self.assertIn(("PlanProvider", "CREATE_COMPLETE"), self.events())
        self.assertIn(("PlanRole", "CREATE_COMPLETE"), self.events("lab-Account"))
        self.assertNotIn(("PlanRole", "UPDATE_COMPLETE"), self.events("lab-Account"))

    def test_a_renamed_role_is_replaced(self):
        self.assertEqual(self.create(self.plans(), ON), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(), {**ON, "PlanRoleName": "PlanOther"}), "UPDATE_COMPLETE")
        self.assertEqual(self.seen(), ["PlanAlways", "PlanOther", "PlanRole"])
        self.assertEqual(list(self.roles()), ["PlanAlways", "PlanOther"])

    def test_a_nested_stack_without_changes_is_left_alone(self):
        self.assertEqual(self.create(self.plans(), ON), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans({"Other": "1"}), ON), "UPDATE_COMPLETE")
        self.assertEqual([status for logical_id, status in self.events("lab-Account") if not logical_id],
                         ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])

    def test_a_clean_up_that_fails_three_times_is_given_up(self):
        template = self.plans(provider={"Delete": "fail made-id"})
        self.assertEqual(self.create(template, ON), "CREATE_COMPLETE")
        self.assertEqual(self.update(template, OFF), "UPDATE_COMPLETE")
        self.assertEqual(self.requests()[-3:], [("PlanProvider", "Delete")] * 3)
        self.assertEqual(self.reasons("lab", "UPDATE_COMPLETE"),
                         ["Update successful. One or more resources could not be deleted."])
        self.assertNotIn("PlanProvider", self.remaining())


class Failure(PlanTest):
    FAILING = {"Update": "fail made-id"}

    def test_what_was_to_be_removed_is_still_there(self):
        self.assertEqual(self.create(self.plans(), ON), "CREATE_COMPLETE")
        before = self.roles()
        self.assertEqual(self.update(self.plans(self.FAILING), OFF), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.roles(), before)
        self.assertEqual(self.seen(), ["PlanAlways", "PlanRole"])
        self.assertNotIn(("PlanProvider", "Delete"), self.requests())
        self.assertIn("PlanProvider", self.remaining())
        # All of it goes in the right order later: the conditions went back as well.
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(self.stack_id()), "DELETE_COMPLETE")
        self.assertEqual(self.requests()[-2:], [("Connector", "Delete"), ("PlanProvider", "Delete")])
        self.assertEqual((self.seen(), self.roles()), (["PlanAlways", "PlanRole"], {}))

    def test_what_was_added_goes_after_the_connector_is_back(self):
        self.assertEqual(self.create(self.plans(), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(self.FAILING), ON), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.seen(), ["PlanAlways", "PlanRole"])
        self.assertEqual(self.requests()[-4:], [("PlanProvider", "Create"), ("Connector", "Update"),
                                                ("Connector", "Update"), ("PlanProvider", "Delete")])
        self.assertEqual(list(self.roles()), ["PlanAlways"])
        self.assertEqual([status for logical_id, status in self.events("lab-Account") if not logical_id][2:], [
            "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
        iam = self.cloud.client("iam", self.account)
        self.assertEqual(iam.get_role(RoleName="PlanAlways")["Role"]["Description"], "none")

    def test_a_renamed_role_keeps_its_old_name(self):
        self.assertEqual(self.create(self.plans(), ON), "CREATE_COMPLETE")
        before = self.roles()
        self.assertEqual(self.update(self.plans(self.FAILING), {**ON, "PlanRoleName": "PlanOther"}),
                         "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.roles(), before)

    def test_a_nested_stack_that_fails_goes_back_and_says_why(self):
        self.cloud.client("iam", self.account).create_role(RoleName="PlanRole", AssumeRolePolicyDocument=json.dumps(
            role()["Properties"]["AssumeRolePolicyDocument"]))
        self.assertEqual(self.create(self.plans(), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(), ON), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("Role with name PlanRole already exists. (Service: Iam, Status Code: 409",
                      self.reasons("PlanRole", "CREATE_FAILED", "lab-Account")[0])
        self.assertRegex(self.reasons("Account", "UPDATE_FAILED")[0], (
            r"^Embedded stack arn:\S+ was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with "
            r"reason: The following resource\(s\) failed to create: \[PlanRole\]\. $"))
        self.assertEqual(self.reasons("lab", "UPDATE_ROLLBACK_IN_PROGRESS"),
                         ["The following resource(s) failed to update: [Account]. "])
        self.assertEqual(self.requests()[-2:], [("PlanProvider", "Create"), ("PlanProvider", "Delete")])
        self.assertIn("PlanRole", self.roles())

    def test_a_nested_stack_that_fails_late_takes_its_roles_along(self):
        self.assertEqual(self.create(self.plans(), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(), {**ON, "Fails": "true"}), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(list(self.roles()), ["PlanAlways"])
        self.assertIn("late-id", self.deletes())
        self.assertNotIn(("Connector", "Update"), self.requests())

    def test_a_nested_stack_that_is_not_made_says_why(self):
        self.cloud.client("iam", self.account).create_role(RoleName="planrole", AssumeRolePolicyDocument=json.dumps(
            role()["Properties"]["AssumeRolePolicyDocument"]))
        self.assertEqual(self.create(self.plans(), ON), "ROLLBACK_COMPLETE")
        self.assertRegex(self.reasons("Account", "CREATE_FAILED")[0], (
            r"^Embedded stack arn:\S+ was not successfully created: The following resource\(s\) failed to create: "
            r"\[PlanRole\]\. $"))
        self.assertEqual(self.roles(), {})

    def test_a_way_back_that_fails_can_be_continued(self):
        self.assertEqual(self.create(self.plans(self.FAILING), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(self.FAILING), ON), "UPDATE_ROLLBACK_FAILED")
        self.assertEqual(self.reasons("lab", "UPDATE_ROLLBACK_FAILED"),
                         ["The following resource(s) failed to update: [Connector]. "])
        self.assertEqual(sorted(self.roles()), ["PlanAlways", "PlanRole"])
        self.stacks.continue_update_rollback(StackName="lab", ResourcesToSkip=["Connector"])
        self.assertEqual(self.status(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(list(self.roles()), ["PlanAlways"])
        self.assertEqual(self.requests()[-1], ("PlanProvider", "Delete"))

    def test_a_way_back_that_failed_leaves_nothing_to_a_delete(self):
        self.assertEqual(self.create(self.plans(self.FAILING), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(self.FAILING), ON), "UPDATE_ROLLBACK_FAILED")
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(self.stack_id()), "DELETE_COMPLETE")
        self.assertEqual(self.roles(), {})
        self.assertIn(("PlanProvider", "Delete"), self.requests())

    def test_without_rollback_everything_stays_for_rollback_stack(self):
        self.assertEqual(self.create(self.plans(), OFF), "CREATE_COMPLETE")
        self.assertEqual(self.update(self.plans(self.FAILING), ON, DisableRollback=True), "UPDATE_FAILED")
        self.assertEqual(sorted(self.roles()), ["PlanAlways", "PlanRole"])
        self.stacks.rollback_stack(StackName="lab")
        self.assertEqual(self.status(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(list(self.roles()), ["PlanAlways"])

    def test_what_others_depend_on_goes_back_first(self):
        def chain(number: int, **last) -> dict:
            template = base_template()
            for name, needs, modes in (("First", "Invoke", {}), ("Second", "First", {}), ("Third", "Second", last)):
                template["Resources"][name] = custom({"Number": str(number), **modes})
                template["Resources"][name]["DependsOn"] = ["Invoke", needs]
            return template
        self.assertEqual(self.create(chain(1)), "CREATE_COMPLETE")
        self.assertEqual(self.update(chain(2, Update="fail made-id")), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual([name for name, _ in self.requests()[-3:]], ["First", "Second", "Third"])


if __name__ == "__main__":
    unittest.main()
