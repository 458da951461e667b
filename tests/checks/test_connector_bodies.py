"""What Microsoft's SDK knows of a body passes, everything else is named by its path."""

import copy
import json
import tempfile
import unittest
from pathlib import Path

import connector_bodies
from newer_than_sdk import NEWER_API_VERSION, SDK_API_VERSION

ALL_PLANS = json.loads((Path(__file__).parent / "fixtures" / "all-plans.json").read_text(encoding="utf-8"))


def sent(change=lambda connector: None, stored=None, version=SDK_API_VERSION) -> dict:
    """A recorded request with a body that was changed."""
    body = copy.deepcopy(ALL_PLANS)
    change(body)
    return {"apiVersion": version, "path": "/c", "status": 200, "body": body, "stored": stored}


def offering(connector: dict, kind: str) -> dict:
    return next(one for one in connector["properties"]["offerings"] if one["offeringType"] == kind)


def setting(kind: str, name: str, value):
    """A change of one field of one offering."""
    return lambda connector: offering(connector, kind).update({name: value})


def environment(**values):
    """A change of the environment's fields."""
    return lambda connector: connector["properties"]["environmentData"].update(values)


class ConnectorBodies(unittest.TestCase):
    def problems(self, *records: dict) -> list[str]:
        return connector_bodies.check(records)[2]

    def assert_problem(self, record: dict, *expected: str):
        problems = self.problems(record)
        self.assertEqual(len(problems), 1, problems)
        for part in expected:
            self.assertIn(part, problems[0])

    def test_a_body_that_the_sdk_knows_passes(self):
        self.assertEqual(connector_bodies.check([sent(), sent(), sent(version=NEWER_API_VERSION)]), (3, 2, []))

    def test_an_unknown_field_is_named(self):
        place = "properties.offerings[DefenderForServersAws].turbo"
        self.assert_problem(sent(setting("DefenderForServersAws", "turbo", True)), place, "does not know this field")
        self.assert_problem(sent(lambda connector: connector.update(sku={"name": "x"})), "/c (2024-08-01-preview): sku")

    def test_an_unknown_field_may_stay_as_it_was(self):
        stored = copy.deepcopy(ALL_PLANS)
        setting("DefenderForServersAws", "turbo", True)(stored)
        stored["properties"]["offerings"].reverse()
        self.assertEqual(self.problems(sent(setting("DefenderForServersAws", "turbo", True), stored)), [])
        self.assert_problem(sent(setting("DefenderForServersAws", "turbo", 1), stored), "turbo", "it was true before")
        self.assert_problem(sent(setting("DefenderForDatabasesAws", "turbo", True), stored), "turbo")

    def test_an_unknown_field_may_come_back_as_it_was(self):
        former = copy.deepcopy(ALL_PLANS)
        setting("DefenderForServersAws", "turbo", True)(former)
        changed, given_back = sent(stored=former), sent(setting("DefenderForServersAws", "turbo", True), ALL_PLANS)
        self.assertEqual(self.problems(changed, {**given_back, "path": "/C"}), [])
        self.assertEqual(len(self.problems(given_back, changed)), 1)
        self.assertEqual(len(self.problems(changed, {**given_back, "path": "/other"})), 1)

    def test_an_unknown_offering_may_stay_as_it_was(self):
        unknown = {"offeringType": "Turbo", "speed": 9}
        stored = {"properties": {"offerings": [unknown]}}

        def add(connector):
            connector["properties"]["offerings"].append(dict(unknown))

        self.assertEqual(self.problems(sent(add, stored)), [])
        self.assert_problem(sent(add), "properties.offerings[Turbo]", "is no CloudOffering that the SDK knows")

    def test_a_changed_value_or_type_is_named(self):
        interval = "properties.environmentData.scanInterval"
        self.assert_problem(sent(environment(scanInterval="4")), interval, '"4" became 4')
        self.assert_problem(sent(environment(scanInterval=4.5)), interval, "4.5 became 4")
        self.assert_problem(sent(environment(scanInterval=None)), interval, "null is not a value")
        self.assert_problem(sent(environment(regions="eu-west-1")), "regions", "is not a list")
        enabled = setting("DefenderForDatabasesAws", "rds", {"enabled": 1})
        self.assert_problem(sent(enabled), "rds.enabled", "1 became true")
        self.assert_problem(sent(setting("DefenderForDatabasesAws", "rds", "on")), "rds", "is not Defender")
        self.assert_problem(sent(lambda c: c.update(tags=["x"])), "tags", "is not")

    def test_a_value_outside_of_an_enumeration_is_named(self):
        self.assert_problem(sent(lambda c: c["properties"].update(environmentName="aws")), "environmentName", "AWS")
        self.assert_problem(sent(setting("DefenderForServersAws", "subPlan", {"type": "P3"})), "subPlan.type", "P1, P2")

    def test_a_read_only_field_is_not_sent(self):
        described = setting("CspmMonitorAws", "description", "x")
        stored = copy.deepcopy(ALL_PLANS)
        described(stored)
        self.assert_problem(sent(described, stored), "offerings[CspmMonitorAws].description", "read-only")

    def test_the_newer_version_has_four_more_fields(self):
        fields = [
            ("DefenderCspmAws", "serverlessContainers", {"enabled": True}, {"enabled": "true"}),
            ("DefenderForContainersAws", "installationMethod", "Helm", "helm"),
            ("DefenderForContainersAws", "securityGatingEnabled", False, "false"),
            ("DefenderForContainersAws", "containerAntiMalwareEnabled", True, 1),
        ]
        for kind, name, right, wrong in fields:
            with self.subTest(name):
                place = f"properties.offerings[{kind}].{name}"
                self.assertEqual(self.problems(sent(setting(kind, name, right), version=NEWER_API_VERSION)), [])
                self.assert_problem(sent(setting(kind, name, wrong), version=NEWER_API_VERSION), place, "not allowed")
                self.assert_problem(sent(setting(kind, name, right)), place, "does not know this field")

    def test_another_version_is_refused(self):
        self.assert_problem(sent(version="2023-10-01-preview"), "2023-10-01-preview is none that")

    def test_a_sub_plan_may_be_a_bare_word(self):
        self.assertEqual(self.problems(sent(setting("DefenderForServersAws", "subPlan", "P1"))), [])
        self.assert_problem(sent(setting("DefenderForServersAws", "subPlan", "P3")), "subPlan")

    def test_no_body_and_a_missing_offering_fail(self):
        self.assertIn("no body was recorded", self.problems()[0])
        without = sent(lambda c: c["properties"]["offerings"].pop())
        self.assertEqual(self.problems(without), ["no body had the offering DefenderForDatabasesAws"])

    def test_all_files_of_the_folder_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.jsonl", "b.jsonl"):
                Path(folder, name).write_text(f"{json.dumps(sent())}\n{json.dumps(sent())}\n", encoding="utf-8")
            self.assertEqual(len(list(connector_bodies.read(Path(folder)))), 4)


if __name__ == "__main__":
    unittest.main()
