"""Systems Manager: single executions: quotas and queues, time, stopping, failures on purpose, and how they are told."""

import datetime
import time
import unittest

from testing_ssm import RUNBOOK, SsmTest, runbook, sleeping, step, tagging


class Limits(SsmTest):
    def setUp(self):
        super().setUp()
        self.document(sleeping())

    def statuses(self, ids: list[str]) -> list[str]:
        return [self.execution(execution_id)["AutomationExecutionStatus"] for execution_id in ids]

    def test_what_finds_no_slot_waits_in_order_and_a_full_queue_refuses(self):
        self.switch(automationsAtOnce=2, automationsQueued=2, automationSeconds=0.5)
        ids = [self.start() for _ in range(4)]
        self.assertEqual(self.statuses(ids), ["InProgress", "InProgress", "Pending", "Pending"])
        self.refused("AutomationExecutionLimitExceededException", self.start)
        self.assertEqual(len(self.ssm.describe_automation_executions()["AutomationExecutionMetadataList"]), 4)
        for execution_id in ids:
            self.ended(execution_id)
        self.start()

    def test_the_queue_is_first_come_first_served(self):
        self.switch(automationsAtOnce=1, automationSeconds=0.05)
        ids = [self.start() for _ in range(4)]
        ends = [self.ended(execution_id)["ExecutionEndTime"] for execution_id in ids]
        self.assertEqual(ends, sorted(ends))

    def test_others_take_part_of_the_quota(self):
        self.switch(automationsAtOnce=5, foreignAutomations=5)
        waiting = self.start()
        time.sleep(0.5)
        self.assertEqual(self.statuses([waiting]), ["Pending"])
        self.switch(automationsQueued=10, foreignAutomationsQueued=9)
        self.refused("AutomationExecutionLimitExceededException", self.start)
        self.switch(foreignAutomations=4)
        self.assertEqual(self.ended(waiting)["AutomationExecutionStatus"], "Success")

    def test_an_execution_takes_its_time(self):
        self.switch(automationSeconds=0.6)
        started = time.monotonic()
        self.ended(self.start())
        self.assertGreater(time.monotonic() - started, 0.6)

    def test_stopping(self):
        self.document(sleeping("PT60S"), name="Test-Long")
        running = self.start("Test-Long")
        self.until(lambda: self.execution(running), lambda found: found.get("CurrentStepName") == "Rest")
        self.ssm.stop_automation_execution(AutomationExecutionId=running)
        found = self.ended(running)
        self.assertEqual(found["AutomationExecutionStatus"], "Cancelled")
        self.assertEqual(found["StepExecutions"][0]["StepStatus"], "Cancelled")
        self.refused("InvalidAutomationStatusUpdateException", self.ssm.stop_automation_execution,
                     AutomationExecutionId=running)
        complete = self.start("Test-Long")
        self.ssm.stop_automation_execution(AutomationExecutionId=complete, Type="Complete")
        self.assertEqual(self.ended(complete)["AutomationExecutionStatus"], "Success")
        self.switch(automationsAtOnce=0)
        waiting = self.start("Test-Long")
        self.ssm.stop_automation_execution(AutomationExecutionId=waiting)
        self.assertEqual(self.statuses([waiting]), ["Cancelled"])

    def test_failures_on_purpose(self):
        self.cloud.call("PUT", "faults", [
            {"service": "automation", "action": RUNBOOK, "times": 1, "account": self.account, "message": "no"},
            {"service": "automation", "action": RUNBOOK, "times": 1, "account": self.account, "code": "TimedOut"}])
        first, second, third = (self.ended(self.start()) for _ in range(3))
        self.assertEqual([found["AutomationExecutionStatus"] for found in (first, second, third)],
                         ["Failed", "TimedOut", "Success"])
        self.switch(automationFailurePercent=100)
        self.assertEqual(self.ended(self.start())["AutomationExecutionStatus"], "Failed")

    def test_half_of_the_random_failures_come_after_the_work(self):
        self.document(tagging(), name="Test-Tags")
        self.switch(automationFailurePercent=100)
        instances = self.instances(12)
        for instance in instances:
            found = self.ended(self.start("Test-Tags", Parameters={"InstanceId": [instance]}))
            self.assertEqual(found["AutomationExecutionStatus"], "Failed")
        tagged = sum(bool(self.tags(instance)) for instance in instances)
        self.assertGreater(tagged, 0)
        self.assertLess(tagged, len(instances))


class Reading(SsmTest):
    def listed(self, **request) -> list[str]:
        found = []
        while True:
            answer = self.ssm.describe_automation_executions(**request)
            found += [entry["AutomationExecutionId"] for entry in answer["AutomationExecutionMetadataList"]]
            if "NextToken" not in answer:
                return found
            request["NextToken"] = answer["NextToken"]

    def filtered(self, key: str, *values: str) -> list[str]:
        return self.listed(Filters=[{"Key": key, "Values": list(values)}])

    def test_the_newest_first_in_pages(self):
        self.document(sleeping())
        ids = [self.start() for _ in range(5)]
        self.assertEqual(self.listed(), ids[::-1])
        self.assertEqual(self.listed(MaxResults=2), ids[::-1])
        self.refused("ValidationException", self.ssm.describe_automation_executions, MaxResults=51)
        self.refused("InvalidNextToken", self.ssm.describe_automation_executions, NextToken="x")

    def test_filters(self):
        self.document(sleeping())
        self.document(sleeping("PT60S"), name="Other-Long")
        before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
        quick, slow = self.start(), self.start("Other-Long", Tags=[{"Key": "Run", "Value": "1"}])
        self.ended(quick)
        self.assertEqual(self.filtered("DocumentNamePrefix", "Other-"), [slow])
        self.assertEqual(self.filtered("ExecutionStatus", "Success", "Failed"), [quick])
        self.assertEqual(self.filtered("ExecutionId", quick), [quick])
        self.assertEqual(self.filtered("TagKey", "Run"), [slow])
        self.assertEqual(self.filtered("StartTimeAfter", before.strftime("%Y-%m-%dT%H:%M:%SZ")), [slow, quick])
        self.assertEqual(self.filtered("StartTimeBefore", before.strftime("%Y-%m-%dT%H:%M:%SZ")), [])
        self.assertEqual(self.filtered("ParentExecutionId", quick), [])
        self.refused("InvalidFilterKey", self.filtered, key="Colour")
        self.refused("InvalidFilterValue", self.filtered, key="ExecutionId")
        tags = self.ssm.list_tags_for_resource(ResourceType="Automation", ResourceId=slow)["TagList"]
        self.assertEqual(tags, [{"Key": "Run", "Value": "1"}])

    def test_steps(self):
        self.document(runbook([step(name, "aws:sleep", {"Duration": "PT0S"}) for name in ("One", "Two", "Three")]))
        execution_id = self.start()
        self.ended(execution_id)
        it = {"AutomationExecutionId": execution_id}
        first = self.ssm.describe_automation_step_executions(**it, MaxResults=2)
        rest = self.ssm.describe_automation_step_executions(**it, MaxResults=2, NextToken=first["NextToken"])
        names = [entry["StepName"] for page in (first, rest) for entry in page["StepExecutions"]]
        self.assertEqual(names, ["One", "Two", "Three"])
        one = self.ssm.describe_automation_step_executions(**it, Filters=[{"Key": "StepName", "Values": ["Two"]}])
        self.assertEqual([entry["StepStatus"] for entry in one["StepExecutions"]], ["Success"])


if __name__ == "__main__":
    unittest.main()
