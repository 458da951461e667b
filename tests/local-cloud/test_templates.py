"""Templates: what their functions give, and what is refused before anything is made."""

import unittest

from botocore.exceptions import ClientError

from testing_stacks import StackTest, base_template, custom, role


def equals(name: str, value: str) -> dict:
    return {"Fn::Equals": [{"Ref": name}, value]}


class Functions(StackTest):
    def properties(self, logical_id: str = "Thing") -> dict:
        """What the function got with its last request."""
        return [reply["body"]["Data"]["Properties"] for reply in self.replies()
                if reply["logicalResourceId"] == logical_id][-1]

    def looking(self, properties: dict, **sections) -> dict:
        template = base_template()
        template["Resources"]["Thing"] = custom({"Create": "look", "Update": "look", **properties})
        template["Parameters"].update({"Plan": {"Type": "String", "Default": "Off"},
                                       "Regions": {"Type": "CommaDelimitedList", "Default": ""}})
        template["Conditions"] = {"UsesPlan": equals("Plan", "On")}
        for name, section in sections.items():
            template[name].update(section)
        return template

    def test_conditional_values(self):
        absent = {"Ref": "AWS::NoValue"}
        template = self.looking({
            "RoleNames": {"Always": "A", "Planned": {"Fn::If": ["UsesPlan", {"Ref": "PlanRole"}, absent]}},
            "Plan": {"Fn::If": ["UsesPlan", {"Tier": "Defender", "Scans": True, "Tags": absent}, absent]},
            "Regions": {"Fn::Join": [",", {"Ref": "Regions"}]},
            "List": {"Fn::If": ["UsesPlan", ["a", absent, "b"], []]},
            "Arn": {"Fn::If": ["UsesPlan", {"Fn::GetAtt": ["PlanRole", "Arn"]}, ""]},
            "Stack": {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]},
        }, Resources={"PlanRole": {**role(), "Condition": "UsesPlan"}})
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        found = self.properties()
        self.assertEqual((found["RoleNames"], found["List"], found["Arn"], found["Regions"]),
                         ({"Always": "A"}, [], "", ""))
        self.assertNotIn("Plan", found)
        self.assertEqual(found["Stack"], self.stack_id().rsplit("/", 1)[1])
        self.assertEqual(self.update(template, {"Plan": "On", "Regions": "eu-west-1, us-east-1"}), "UPDATE_COMPLETE")
        found = self.properties()
        self.assertEqual((found["Plan"], found["List"], found["Regions"]),
                         ({"Tier": "Defender", "Scans": "true"}, ["a", "b"], "eu-west-1,us-east-1"))
        self.assertTrue(found["Arn"].endswith(f":role/{found['RoleNames']['Planned']}"))

    def test_conditions_know_pseudo_parameters_and_functions(self):
        template = self.looking({"Here": {"Fn::If": ["IsHere", "yes", "no"]},
                                 "All": {"Fn::If": ["AllRegions", "yes", "no"]}}, Conditions={
            "IsHere": {"Fn::And": [{"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
                                   {"Fn::Not": [{"Condition": "UsesPlan"}]}]},
            "AllRegions": {"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Regions"}]}, ""]}})
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        self.assertEqual((self.properties()["Here"], self.properties()["All"]), ("yes", "yes"))

    def test_parameters_of_a_nested_stack(self):
        child = {"Parameters": {"Name": {"Type": "String", "Default": "unset"}, "Token": {"Type": "String"},
                                "Sizes": {"Type": "CommaDelimitedList", "Default": "1,2"}}, "Resources": {
            "Inner": {"Type": "Custom::Thing", "Properties": {
                "ServiceToken": {"Ref": "Token"}, "ServiceTimeout": 20, "Create": "look", "Update": "look",
                "Name": {"Ref": "Name"}, "Sizes": {"Ref": "Sizes"}}}},
            "Outputs": {"Name": {"Value": {"Ref": "Name"}}}}
        template = self.looking({"Name": {"Fn::GetAtt": ["Child", "Outputs.Name"]}})
        template["Resources"]["Child"] = self.nested("child", child, {
            "Token": {"Fn::GetAtt": ["Provider", "Arn"]}, "Sizes": {"Fn::Join": [",", {"Ref": "Regions"}]},
            "Name": {"Fn::If": ["UsesPlan", {"Fn::Sub": "${Plan}-${AWS::AccountId}"}, {"Ref": "AWS::NoValue"}]},
        }, DependsOn="Invoke")
        self.assertEqual(self.create(template, {"Regions": "a,b"}), "CREATE_COMPLETE")
        self.assertEqual((self.properties("Inner")["Name"], self.properties("Inner")["Sizes"]), ("unset", ["a", "b"]))
        self.assertEqual(self.update(template, {"Plan": "On", "Regions": "a,b"}), "UPDATE_COMPLETE")
        self.assertEqual(self.properties("Inner")["Name"], f"On-{self.account}")
        self.assertEqual(self.properties()["Name"], f"On-{self.account}")


class Refusals(StackTest):
    GROUP = {"Type": "AWS::Logs::LogGroup"}

    def template(self, **sections) -> dict:
        return {"Parameters": {"CodeBucket": {"Type": "String"}, "Plan": {"Type": "String", "Default": "Off"},
                               "Subject": {"Type": "String", "Default": ""},
                               "Regions": {"Type": "CommaDelimitedList", "Default": ""}},
                "Conditions": {"UsesPlan": equals("Plan", "On")}, "Resources": {"Group": self.GROUP}, **sections}

    def refused(self, expected: str, action: str, template: dict, values: dict | None = None, **more):
        with self.assertRaises(ClientError) as refusal:
            self.send(action, template, values, **more)
        error = refusal.exception.response["Error"]
        self.assertEqual(error["Code"], "ValidationError")
        self.assertIn(expected, error["Message"])

    def test_rules(self):
        why = "Plan=On needs Subject"
        template = self.template(Rules={"PlanNeedsSubject": {
            "RuleCondition": {"Fn::And": [equals("Plan", "On"), {"Fn::Not": [equals("Subject", "any")]}]},
            "Assertions": [{"Assert": {"Fn::Or": [{"Fn::Contains": [["a", "b"], {"Ref": "Subject"}]},
                                                  {"Fn::Contains": [{"Ref": "Regions"}, "eu-west-1"]}]},
                            "AssertDescription": why}]}})
        change_set = {"ChangeSetName": "change", "ChangeSetType": "CREATE"}
        self.refused(why, "create_stack", template, {"Plan": "On"})
        self.refused(why, "create_change_set", template, {"Plan": "On"}, **change_set)
        self.assertEqual(self.stacks.list_stacks()["StackSummaries"], [])
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        self.refused(why, "update_stack", template, {"Plan": "On", "Subject": "c"})
        self.refused(why, "create_change_set", template, {"Plan": "On"}, **{**change_set, "ChangeSetType": "UPDATE"})
        for values in ({"Subject": "a"}, {"Subject": "any"}, {"Regions": "us-east-1,eu-west-1"}):
            self.assertEqual(self.update(template, {"Plan": "On", **values}), "UPDATE_COMPLETE")

    def test_rules_of_a_nested_stack(self):
        child = {"Parameters": {"Plan": {"Type": "String"}}, "Resources": {"Group": self.GROUP}, "Rules": {
            "NotOn": {"Assertions": [{"Assert": {"Fn::Not": [equals("Plan", "On")]}, "AssertDescription": "not On"}]}}}
        template = self.template()
        template["Resources"]["Child"] = self.nested("child", child, {"Plan": {"Ref": "Plan"}})
        self.assertEqual(self.create(template, {"Plan": "On"}), "ROLLBACK_COMPLETE")
        self.assertIn("not On", self.reasons("Child", "CREATE_FAILED")[0])
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(self.stack_id()), "DELETE_COMPLETE")
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        self.assertEqual(self.update(template, {"Plan": "On"}), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("not On", self.reasons("Child", "UPDATE_FAILED")[0])

    def test_references_to_what_is_not_there(self):
        planned = {**self.GROUP, "Condition": "UsesPlan"}
        naming = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "x-${Planned}"}}}
        guarded = {"Type": "AWS::Logs::LogGroup", "DependsOn": "Planned", "Properties": {
            "LogGroupName": {"Fn::If": ["UsesPlan", {"Fn::Sub": "x-${Planned}"}, "x"]}}}
        unresolved = "Template format error: Unresolved resource dependencies [Planned] in the"
        self.refused(f"{unresolved} Resources block", "create_stack", self.template(
            Resources={"Planned": planned, "Naming": naming}))
        self.refused(f"{unresolved} Outputs block", "create_stack", self.template(
            Resources={"Planned": planned, "Group": self.GROUP},
            Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Planned", "Arn"]}}}))
        self.refused("dependencies [Absent]", "create_stack", self.template(
            Resources={"Group": {**self.GROUP, "DependsOn": ["Absent"]}}))
        self.refused("unresolved condition dependency Typo in Fn::If", "create_stack", self.template(
            Outputs={"Plan": {"Value": {"Fn::If": ["Typo", "a", "b"]}}}))
        for typo in ({"Resources": {"Group": {**self.GROUP, "Condition": "Typo"}}},
                     {"Conditions": {"Two": {"Fn::Not": [{"Condition": "Typo"}]}}}):
            self.refused("Unresolved condition dependency [Typo]", "create_stack", self.template(**typo))
        self.refused("Cannot reference resources in the Conditions block", "create_stack", self.template(
            Conditions={"Two": equals("Group", "a")}))
        template = self.template(Resources={"Planned": planned, "Naming": guarded}, Outputs={
            "Arn": {"Condition": "UsesPlan", "Value": {"Fn::GetAtt": ["Planned", "Arn"]}}})
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        self.assertEqual(self.update(template, {"Plan": "On"}), "UPDATE_COMPLETE")
        self.assertEqual(self.remaining(), {"Planned", "Naming"})


if __name__ == "__main__":
    unittest.main()
