"""Systems Manager: rate-control automations: their targets, concurrency, errors and children."""

import time
import unittest

from testing_ssm import RUNBOOK, SsmTest, runbook, step, tagging

GONE = "i-0000000000000000a"


class RateControl(SsmTest):
    def setUp(self):
        super().setUp()
        self.document(tagging())

    def maps(self, instances: list[str]) -> list[dict]:
        return [{"InstanceId": [instance]} for instance in instances]

    def children(self, parent: str) -> list[dict]:
        return self.ssm.describe_automation_executions(
            Filters=[{"Key": "ParentExecutionId", "Values": [parent]}])["AutomationExecutionMetadataList"]

    def steps(self, parent: str) -> list[dict]:
        found, request = [], {"AutomationExecutionId": parent}
        while True:
            answer = self.ssm.describe_automation_step_executions(**request)
            found += answer["StepExecutions"]
            if "NextToken" not in answer:
                return found
            request["NextToken"] = answer["NextToken"]


class Children(RateControl):
    def test_each_map_is_a_child(self):
        role = self.tag_role()
        instances = self.instances(60)
        parent = self.start(TargetMaps=self.maps(instances), MaxConcurrency="25", MaxErrors="100%",
                            Parameters={"AutomationAssumeRole": [role]})
        found = self.ended(parent)
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        self.assertEqual((found["MaxConcurrency"], found["MaxErrors"]), ("25", "100%"))
        self.assertEqual(len(found["TargetMaps"]), 60)
        for instance in instances:
            self.assertEqual(self.tags(instance)["InstanceId"], instance)
        steps = self.steps(parent)
        self.assertEqual([entry["Inputs"]["InstanceId"] for entry in steps], instances)
        self.assertEqual({entry["StepStatus"] for entry in steps}, {"Success"})
        self.assertEqual({entry["Action"] for entry in steps}, {"aws:executeAutomation"})
        page = self.children(parent)
        self.assertEqual(len(page), 50)
        self.assertEqual({child["ParentAutomationExecutionId"] for child in page}, {parent})
        child = self.execution(page[0]["AutomationExecutionId"])
        self.assertEqual(child["Parameters"], {"InstanceId": [child["Target"]], "AutomationAssumeRole": [role]})
        writes = [write for write in self.cloud.get("tag-writes") if write["account"] == self.account]
        self.assertEqual(len({write["automationExecutionId"] for write in writes}), 60)

    def test_more_steps_than_are_shown(self):
        parent = self.start(TargetMaps=self.maps(self.instances(101)), MaxErrors="100%", MaxConcurrency="25")
        found = self.ended(parent)
        self.assertTrue(found["StepExecutionsTruncated"])
        self.assertEqual((len(found["StepExecutions"]), len(self.steps(parent))), (100, 101))

    def test_values_of_a_parameter_and_tags_are_targets(self):
        tagged = self.instances(2, tags={"Team": "a"})
        other = self.instances(1)[0]
        for targets, expected in (([{"Key": "ParameterValues", "Values": [other]}], [other]),
                                  ([{"Key": "tag:Team", "Values": ["a"]}], tagged),
                                  ([{"Key": "AWS::EC2::Instance", "Values": ["*"]}], [*tagged, other])):
            parent = self.start(Targets=targets, TargetParameterName="InstanceId")
            found = self.ended(parent)
            self.assertEqual(found["ResolvedTargets"]["ParameterValues"], expected)
            self.assertEqual(found["TargetParameterName"], "InstanceId")
            self.assertEqual(len(self.children(parent)), len(expected))

    def test_what_is_no_target(self):
        one = self.maps(["i-1"])
        bad = "InvalidAutomationExecutionParametersException"
        self.refused("ValidationException", self.start, TargetMaps=one * 301)
        self.refused("ValidationException", self.start, TargetMaps=[{"InstanceId": ["i" * 51]}])
        self.refused(bad, self.start, TargetMaps=[{"Other": ["i-1"]}])
        values = [{"Key": "ParameterValues", "Values": ["i-1"]}]
        self.refused(bad, self.start, TargetMaps=one, Targets=values, TargetParameterName="InstanceId")
        self.refused(bad, self.start, Targets=values)
        self.refused(bad, self.start, Targets=values, TargetParameterName="Other")
        refusal = self.refused(bad, self.start, Targets=values * 2, TargetParameterName="InstanceId")
        self.assertEqual(refusal["Error"]["Message"], "Only one resource group or tag can be specified at a time")
        for name in ("MaxConcurrency", "MaxErrors"):
            self.refused("ValidationException", self.start, TargetMaps=one, **{name: "many"})
        self.refused("ValidationException", self.start, TargetMaps=one, MaxConcurrency="0")


class Concurrency(RateControl):
    def most_at_once(self, parent: str) -> list[int]:
        """How many children were at work at once, whenever that changed."""
        seen = [0]

        def look() -> bool:
            steps = self.steps(parent)
            running = sum(entry["StepStatus"] == "InProgress" for entry in steps)
            if running != seen[-1]:
                seen.append(running)
            return self.execution(parent)["AutomationExecutionStatus"] == "Success"
        self.until(look, bool, 40)
        return seen

    def test_it_begins_with_one_and_grows_to_the_concurrency(self):
        self.switch(automationSeconds=0.3)
        started = time.monotonic()
        parent = self.start(TargetMaps=self.maps(self.instances(15)), MaxConcurrency="4")
        seen = self.most_at_once(parent)
        self.assertEqual(seen[1], 1)
        self.assertEqual(max(seen), 4)
        # One, two, four, four, four.
        self.assertGreater(time.monotonic() - started, 5 * 0.3)

    def test_at_once_without_the_ramp(self):
        self.switch(automationSeconds=0.5, rateControlRampUp=False)
        parent = self.start(TargetMaps=self.maps(self.instances(8)), MaxConcurrency="50%")
        self.assertEqual(self.most_at_once(parent)[1], 4)

    def test_children_and_parents_share_the_quota(self):
        self.switch(automationsAtOnce=3, automationSeconds=0.3, rateControlRampUp=False)
        parent = self.start(TargetMaps=self.maps(self.instances(6)), MaxConcurrency="6", MaxErrors="100%")
        self.until(lambda: len(self.children(parent)), lambda count: count == 6)
        statuses = [child["AutomationExecutionStatus"] for child in self.children(parent)]
        self.assertEqual(statuses.count("InProgress"), 2)
        self.assertEqual(self.ended(parent)["AutomationExecutionStatus"], "Success")

    def test_a_full_queue_makes_the_parent_wait(self):
        self.switch(automationsAtOnce=2, automationsQueued=1, automationSeconds=0.2, rateControlRampUp=False)
        instances = self.instances(6)
        parent = self.start(TargetMaps=self.maps(instances), MaxConcurrency="6", MaxErrors="0")
        self.assertEqual(self.ended(parent)["AutomationExecutionStatus"], "Success")
        self.assertTrue(all(self.tags(instance) for instance in instances))

    def test_parents_have_a_limit_of_their_own(self):
        self.switch(rateControlsAtOnce=1, rateControlsQueued=1, automationSeconds=0.5)
        maps = self.maps(self.instances(1))
        first, second = self.start(TargetMaps=maps), self.start(TargetMaps=maps)
        self.assertEqual(self.execution(second)["AutomationExecutionStatus"], "Pending")
        self.refused("AutomationExecutionLimitExceededException", self.start, TargetMaps=maps)
        self.start(Parameters={"InstanceId": maps[0]["InstanceId"]})
        for parent in (first, second):
            self.assertEqual(self.ended(parent)["AutomationExecutionStatus"], "Success")


class Errors(RateControl):
    def test_one_more_than_allowed_stops_the_rest(self):
        good = self.instances(3)
        targets = self.maps([good[0], GONE, GONE, *good[1:]])
        parent = self.start(TargetMaps=targets, MaxConcurrency="1", MaxErrors="1")
        found = self.ended(parent)
        self.assertEqual(found["AutomationExecutionStatus"], "Failed")
        self.assertEqual([entry["StepStatus"] for entry in self.steps(parent)],
                         ["Success", "Failed", "Failed", "Pending", "Pending"])
        self.assertIn("InvalidInstanceID.NotFound", self.steps(parent)[1]["FailureMessage"])
        self.assertEqual(len(self.children(parent)), 3)

    def test_as_many_as_allowed_do_not(self):
        good = self.instances(2)
        for errors in ("1", "34%", "100%"):
            parent = self.start(TargetMaps=self.maps([good[0], GONE, good[1]]), MaxConcurrency="1", MaxErrors=errors)
            self.assertEqual(self.ended(parent)["AutomationExecutionStatus"], "Success", errors)
            self.assertEqual([entry["StepStatus"] for entry in self.steps(parent)], ["Success", "Failed", "Success"])

    def test_none_are_allowed_unless_asked_for(self):
        parent = self.start(TargetMaps=self.maps([GONE, *self.instances(1)]))
        self.assertEqual(self.ended(parent)["AutomationExecutionStatus"], "Failed")
        self.assertEqual(len(self.children(parent)), 1)

    def test_stopping_a_parent_stops_its_children(self):
        self.document(runbook([step("Rest", "aws:sleep", {"Duration": "PT60S"})], {"InstanceId": {"type": "String"}}),
                      name="Test-Long")
        parent = self.start("Test-Long", TargetMaps=self.maps(["i-1", "i-2", "i-3"]), MaxConcurrency="1")
        self.until(lambda: self.children(parent), bool)
        self.ssm.stop_automation_execution(AutomationExecutionId=parent)
        self.assertEqual(self.ended(parent)["AutomationExecutionStatus"], "Cancelled")
        children = self.children(parent)
        self.assertEqual([child["AutomationExecutionStatus"] for child in children], ["Cancelled"])

    def test_the_same_runbook_for_a_thousand(self):
        self.switch(tagRequestBurst=0, rateControlRampUp=False)
        instances = self.instances(1000)
        parents = [self.start(TargetMaps=self.maps(instances[first:first + 250]), MaxConcurrency="25",
                              MaxErrors="100%") for first in range(0, 1000, 250)]
        for parent in parents:
            self.assertEqual(self.ended(parent, 60)["AutomationExecutionStatus"], "Success")
        writes = [write["resources"][0] for write in self.cloud.get("tag-writes") if write["account"] == self.account]
        self.assertEqual(sorted(writes), sorted(instances))
        self.assertEqual(self.execution(parents[0])["DocumentName"], RUNBOOK)


if __name__ == "__main__":
    unittest.main()
