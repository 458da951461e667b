"""EventBridge Scheduler: schedules, their roles and targets, and the route that fires one now."""

import datetime
import json
import time
import unittest
import urllib.error

from testing_cloud import REGION
from testing_workflows import WorkflowTest, machine, policy, task

OFF = {"Mode": "OFF"}


class ScheduleTest(WorkflowTest):
    def setUp(self):
        super().setUp()
        self.schedules = self.cloud.client("scheduler", self.account)
        self.function_arn = self.make_function()
        self.machine_arn = self.make_machine(machine(Work=task()))
        self.execution_role = self.make_role("Sweep", "scheduler.amazonaws.com", policy("*"))

    def target(self, arn: str | None = None, **more) -> dict:
        return {"Arn": arn or self.machine_arn, "RoleArn": self.execution_role, **more}

    def create(self, name: str = "sweep", expression: str = "cron(0 3 * * ? *)", **more) -> str:
        return self.schedules.create_schedule(Name=name, ScheduleExpression=expression, **{
            "FlexibleTimeWindow": OFF, "Target": self.target(), **more})["ScheduleArn"]

    def fire(self, name: str = "sweep", group: str = "default") -> dict:
        return self.cloud.call("POST", f"schedules/{group}/{name}/fire?account={self.account}&region={REGION}")

    def executions(self) -> list[dict]:
        return self.states.list_executions(stateMachineArn=self.machine_arn)["executions"]

    def deliveries(self) -> list[dict]:
        return [delivery for delivery in self.cloud.get("deliveries") if delivery["account"] == self.account]

    def await_deliveries(self, outcome: str, count: int = 1) -> list[dict]:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = [delivery for delivery in self.deliveries() if delivery["outcome"] == outcome]
            if len(found) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(self.deliveries())


class Firing(ScheduleTest):
    def test_a_state_machine_is_started_with_the_input(self):
        arn = self.create(Target=self.target(Input=json.dumps({
            "sweep": True, "by": "<aws.scheduler.schedule-arn>", "attempt": "<aws.scheduler.attempt-number>"})))
        fired = self.fire()
        self.assertEqual((fired["outcome"], fired["attempts"], fired["target"]), ("delivered", 1, self.machine_arn))
        execution = self.end(self.executions()[0]["executionArn"])
        self.assertEqual(json.loads(execution["input"]), {"sweep": True, "by": arn, "attempt": "1"})

    def test_a_function_is_invoked_as_an_event(self):
        self.create(Target=self.target(self.function_arn, Input='{"n": 1}'))
        self.assertEqual(self.fire()["outcome"], "delivered")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = [entry for entry in self.cloud.get("invocations") if entry["account"] == self.account]
            if found and found[0]["outcome"] == "succeeded":
                return
            time.sleep(0.05)
        self.fail(found)

    def test_without_input_the_target_gets_the_notification(self):
        self.create()
        self.fire()
        notified = json.loads(self.end(self.executions()[0]["executionArn"])["input"])
        self.assertEqual((notified["source"], notified["detail-type"], notified["account"]),
                         ("aws.scheduler", "Scheduled Event", self.account))

    def test_only_an_enabled_schedule_can_be_fired(self):
        self.create(State="DISABLED")
        for name in ("sweep", "absent"):
            with self.assertRaises(urllib.error.HTTPError) as refusal:
                self.fire(name)
            self.assertEqual(refusal.exception.code, 404)
        self.assertEqual(self.executions(), [])


class Rights(ScheduleTest):
    def test_the_roles_rights_count(self):
        queue = self.cloud.client("sqs", self.account)
        url = queue.create_queue(QueueName="dead")["QueueUrl"]
        dead = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{self.account}:dead"}}
        self.create(Target=self.target(Input="{}", **dead))
        self.create("function", Target=self.target(self.function_arn))
        self.iam.put_role_policy(RoleName="Sweep", PolicyName="own", PolicyDocument=policy("sqs:SendMessage"))
        fired = self.fire()
        self.assertEqual((fired["outcome"], fired["attempts"]), ("dead-lettered", 1))
        self.assertIn("assumed-role/Sweep/scheduler is not authorized to perform: states:StartExecution",
                      fired["problem"])
        message = queue.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        self.assertEqual((message["Body"], attributes["TARGET_ARN"], attributes["RETRY_ATTEMPTS"]),
                         ("{}", self.machine_arn, "0"))
        self.assertIn("lambda:InvokeFunction", self.fire("function")["problem"])
        self.iam.put_role_policy(RoleName="Sweep", PolicyName="own", PolicyDocument=policy(
            "states:StartExecution", resource=self.machine_arn))
        self.assertEqual(self.fire()["outcome"], "delivered")

    def test_the_role_has_to_trust_scheduler(self):
        other = self.make_role("Other", "events.amazonaws.com", policy("*"))
        message = self.refused("ValidationException", self.create, Target=self.target(RoleArn=other))
        self.assertEqual(message,
                         "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
        narrow = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "scheduler.amazonaws.com"},
            "Condition": {"StringEquals": {
                "aws:SourceAccount": self.account,
                "aws:SourceArn": f"arn:aws:scheduler:{REGION}:{self.account}:schedule-group/default"}}}]}
        self.iam.update_assume_role_policy(RoleName="Other", PolicyDocument=json.dumps(narrow))
        self.create(Target=self.target(RoleArn=other))
        self.schedules.create_schedule_group(Name="group")
        self.refused("ValidationException", self.create, Target=self.target(RoleArn=other), GroupName="group")

    def test_throttling_is_tried_again_as_often_as_the_policy_says(self):
        self.cloud.call("PUT", "switches", {"scheduleRetrySeconds": 0.05})
        self.create(Target=self.target(RetryPolicy={"MaximumRetryAttempts": 2}))
        fault = {"service": "states", "action": "StartExecution", "status": 400, "code": "ThrottlingException",
                 "account": self.account}
        self.cloud.call("PUT", "faults", [{**fault, "times": 2}])
        self.fire()
        self.assertEqual(self.await_deliveries("delivered")[0]["attempts"], 3)
        self.cloud.call("PUT", "faults", [{**fault, "times": 3}])
        self.fire()
        self.assertEqual(self.await_deliveries("failed")[0]["attempts"], 3)


class Times(ScheduleTest):
    def test_expressions(self):
        for expression in ("rate(1 day)", "rate(5 minutes)", "at(2039-01-01T00:00:00)", "cron(0 3 * * ? *)",
                           "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", "cron(1-31/30 1-1 ? * 1,7 *)",
                           "cron(0 18 ? * MON-FRI *)", "cron(0-59/10 0-23/2 ? * * *)"):
            self.create("good", expression, StartDate=datetime.datetime(2038, 1, 1))
            self.schedules.delete_schedule(Name="good")
        for expression in ("cron(0 1 * * * *)", "cron(7 20 * * NOT *)", "cron(INVALID)", "cron(0 dummy ? * MON-FRI *)",
                           "cron(71 8 1 * ? *)", "cron()", "rate(10 seconds)", "rate(10 years)", "rate()", "rate(10)",
                           "rate(10 minutess)", "rate(-10 minutes)", "rate( 10 minutes )", " rate(10 minutes)",
                           "at(2021-12-31T23:59:59Z)", "at(2021-12-31)"):
            message = self.refused("ValidationException", self.create, expression=expression)
            self.assertEqual(message, f"Invalid Schedule Expression {expression}.")

    def test_other_refusals(self):
        for changes in ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
                        {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
                        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}},
                        {"ActionAfterCompletion": "STOP"}, {"ScheduleExpressionTimezone": "Mars/Olympus"},
                        {"Target": self.target(Input="no json")},
                        {"Target": self.target(RetryPolicy={"MaximumRetryAttempts": 186})},
                        {"Target": self.target(RetryPolicy={"MaximumEventAgeInSeconds": 59})}):
            self.refused("ValidationException", self.create, **changes)
        self.create(FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60})
        self.refused("ConflictException", self.create)

    def test_a_rate_starts_at_once_or_at_its_start(self):
        now = datetime.datetime.now(datetime.UTC)
        self.create("later", "rate(1 day)", StartDate=now + datetime.timedelta(hours=1))
        self.create("daily", "rate(1 day)")
        self.create("cron")
        self.assertEqual(self.await_deliveries("delivered")[0]["schedule"].rsplit("/", 1)[-1], "daily")
        time.sleep(1.5)
        self.assertEqual(len(self.deliveries()), 1)

    def test_once_and_gone(self):
        soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
        expression = f"at({soon:%Y-%m-%dT%H:%M:%S})"
        self.create("gone", expression, ActionAfterCompletion="DELETE")
        self.create("kept", expression)
        self.await_deliveries("delivered", 2)
        time.sleep(1.2)
        names = [schedule["Name"] for schedule in self.schedules.list_schedules()["Schedules"]]
        self.assertEqual((names, len(self.deliveries())), (["kept"], 2))
        self.create("fired", "at(2039-01-01T00:00:00)", ActionAfterCompletion="DELETE")
        self.fire("fired")
        self.refused("ResourceNotFoundException", self.schedules.get_schedule, Name="fired")


class Resource(ScheduleTest):
    def setUp(self):
        super().setUp()
        self.stacks = self.cloud.client("cloudformation", self.account)

    def send(self, action: str, **props) -> str:
        template = {"Resources": {"Sweep": {"Type": "AWS::Scheduler::Schedule", "Properties": {
            "ScheduleExpression": "cron(0 3 * * ? *)", "FlexibleTimeWindow": OFF, "Target": self.target(), **props}}},
            "Outputs": {"Name": {"Value": {"Ref": "Sweep"}}, "Arn": {"Value": {"Fn::GetAtt": ["Sweep", "Arn"]}}}}
        getattr(self.stacks, action)(StackName="lab", TemplateBody=json.dumps(template))
        return self.status()

    def status(self) -> str:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self.stacks.describe_stacks(StackName=self.stacks.list_stacks()["StackSummaries"][0]["StackId"])
            if not (status := found["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
                self.outputs = {output["OutputKey"]: output["OutputValue"] for output in
                                found["Stacks"][0].get("Outputs", [])}
                return status
            time.sleep(0.02)
        raise AssertionError(status)

    def test_create_change_and_delete(self):
        created = self.send("create_stack", ScheduleExpression="at(2039-01-01T00:00:00)",
                            ActionAfterCompletion="DELETE", State="ENABLED", Name="sweep")
        self.assertEqual((created, self.outputs["Name"]), ("CREATE_COMPLETE", "sweep"))
        found = self.schedules.get_schedule(Name="sweep")
        self.assertEqual((found["ActionAfterCompletion"], found["Arn"]), ("DELETE", self.outputs["Arn"]))
        updated = self.send("update_stack", Name="sweep", State="DISABLED", Target=self.target(Input='{"a": 1}'))
        found = self.schedules.get_schedule(Name="sweep")
        self.assertEqual((updated, found["State"], found["ScheduleExpression"], found["Target"]["Input"]),
                         ("UPDATE_COMPLETE", "DISABLED", "cron(0 3 * * ? *)", '{"a": 1}'))
        self.assertEqual(found["ActionAfterCompletion"], "NONE")
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(), "DELETE_COMPLETE")
        self.refused("ResourceNotFoundException", self.schedules.get_schedule, Name="sweep")

    def test_a_refused_schedule_fails_the_resource(self):
        self.assertEqual(self.send("create_stack", ScheduleExpression="rate(1 fortnight)"), "ROLLBACK_COMPLETE")
        events = self.stacks.describe_stack_events(StackName="lab")["StackEvents"]
        self.assertTrue(any("Invalid Schedule Expression rate(1 fortnight)." in event.get("ResourceStatusReason", "")
                            for event in events))


if __name__ == "__main__":
    unittest.main()
