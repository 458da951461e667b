"""Step Functions: tasks in the machine's role, their errors, Retry and Catch, histories, refused definitions."""

import json
import time
import unittest

import stepfunctions_history
import stepfunctions_retry
from testing_cloud import REGION
from testing_workflows import WorkflowTest, distributed, machine, policy, task


class Tasks(WorkflowTest):
    def test_errors_are_named_after_what_the_function_reports(self):
        function_arn = self.make_function(timeout=1)
        definition = machine(Work=task())
        error, cause = self.failure(definition, {"mode": "fail", "error": "Conflict"})
        self.assertEqual((error, json.loads(cause)),
                         ("Conflict", {"errorType": "Conflict", "errorMessage": "on purpose"}))
        self.assertEqual(self.failure(definition, {"mode": "sleep", "seconds": 5})[0], "Sandbox.Timedout")
        self.assertEqual(self.failure(definition, {"mode": "exit"})[0], "Runtime.ExitError")
        direct = machine(Work={"Type": "Task", "Resource": function_arn, "End": True})
        self.assertEqual(self.failure(direct, {"mode": "fail", "error": "Denied"})[0], "Denied")
        self.assertEqual(self.output(direct, {"a": 1}), {"got": {"a": 1}})

    def test_a_function_that_dies_before_its_first_event(self):
        self.make_function(bootstrap="#!/bin/sh\nexit 3\n")
        error, cause = self.failure(machine(Work=task()))
        self.assertEqual((error, json.loads(cause)["errorType"]), ("Runtime.ExitError", "Runtime.ExitError"))

    def test_errors_of_the_lambda_service(self):
        self.make_function()
        definition = machine(Work=task())
        for code, name in (("TooManyRequestsException", "Lambda.TooManyRequestsException"),
                           ("ServiceException", "Lambda.ServiceException"),
                           ("SdkClientException", "Lambda.SdkClientException"),
                           ("SomethingElse", "Lambda.AWSLambdaException")):
            self.cloud.call("PUT", "faults", [{"service": "lambda", "action": "InvokeFunction", "code": code,
                                               "status": 429, "account": self.account}])
            self.assertEqual(self.failure(definition)[0], name)
        self.cloud.client("lambda", self.account).put_function_concurrency(
            FunctionName="work", ReservedConcurrentExecutions=0)
        self.assertEqual(self.failure(definition)[0], "Lambda.TooManyRequestsException")
        absent = machine(Work=task(Parameters={"FunctionName": "absent", "Payload": {}}))
        error, cause = self.failure(absent)
        self.assertEqual(error, "Lambda.ResourceNotFoundException")
        self.assertIn("Status Code: 404; Error Code: ResourceNotFoundException", cause)

    def test_the_roles_rights_count(self):
        function_arn = self.make_function()
        self.allow("logs:*")
        error, cause = self.failure(machine(Work=task()))
        self.assertEqual(error, "Lambda.AWSLambdaException")
        self.assertIn("assumed-role/Machine/", cause)
        self.assertIn(f"is not authorized to perform: lambda:InvokeFunction on resource: {function_arn}", cause)
        self.allow("lambda:InvokeFunction", resource=[function_arn, f"{function_arn}:*"])
        self.output(machine(Work=task()))
        queue = self.cloud.client("sqs", self.account).create_queue(QueueName="told")["QueueUrl"]
        for resource, parameters, name in (
                ("arn:aws:states:::sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "x"}, "SQS.AmazonSQSException"),
                ("arn:aws:states:::aws-sdk:ssm:getParameter", {"Name": "any"}, "Ssm.SsmException"),
                ("arn:aws:states:::states:startExecution",
                 {"StateMachineArn": f"arn:aws:states:{REGION}:{self.account}:stateMachine:lab"},
                 "StepFunctions.AWSStepFunctionsException")):
            told = machine(Tell={"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True})
            error, cause = self.failure(told)
            self.assertEqual(error, name, cause)
            self.assertIn("is not authorized to perform", cause)

    def test_a_role_that_states_may_not_assume(self):
        other = self.make_role("Other", "lambda.amazonaws.com", policy("*"))
        message = self.refused("AccessDeniedException", self.states.create_state_machine, name="lab", roleArn=other,
                               definition=json.dumps(machine(Pass={"Type": "Pass", "End": True})))
        self.assertIn("is authorized to assume the provided role", message)
        arn = self.make_machine(machine(Pass={"Type": "Pass", "End": True}))
        self.refused("AccessDeniedException", self.states.update_state_machine, stateMachineArn=arn, roleArn=other)
        self.iam.delete_role_policy(RoleName="Machine", PolicyName="own")
        self.iam.delete_role(RoleName="Machine")
        execution = self.end(self.states.start_execution(stateMachineArn=arn)["executionArn"])
        self.assertEqual((execution["status"], execution["error"]), ("FAILED", "States.Permissions"))

    def test_timeouts_and_stopped_executions(self):
        self.make_function()
        error, _ = self.failure(machine(Work=task(TimeoutSeconds=1)), {"mode": "sleep", "seconds": 3})
        self.assertEqual(error, "States.Timeout")
        execution = self.begin(machine(Work=task()), {"mode": "sleep", "seconds": 1})
        time.sleep(0.3)
        self.states.stop_execution(executionArn=execution, error="Enough", cause="said so")
        time.sleep(1.2)
        stopped = self.states.describe_execution(executionArn=execution)
        self.assertEqual((stopped["status"], stopped["error"]), ("ABORTED", "Enough"))


class Callers(WorkflowTest):
    def caller(self, *actions: str, resource="*"):
        """Step Functions for a caller with these rights alone."""
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
                 "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"}}
        arn = self.iam.create_role(RoleName="Caller", AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName="Caller", PolicyName="own",
                                 PolicyDocument=policy(*actions, resource=resource))
        session = self.cloud.client("sts", self.account).assume_role(RoleArn=arn, RoleSessionName="test")
        return self.cloud.client("stepfunctions", self.account, session["Credentials"])

    def test_a_denial_names_the_machine_or_the_execution(self):
        arn = self.make_machine(machine(Pass={"Type": "Pass", "End": True}))
        own = self.caller("states:StartExecution", "states:DescribeExecution", resource=arn)
        execution = own.start_execution(stateMachineArn=arn)["executionArn"]
        for action, resource, call, request in (
                ("StartExecution", f"{arn}s", own.start_execution, {"stateMachineArn": f"{arn}s"}),
                ("DescribeExecution", execution, own.describe_execution, {"executionArn": execution})):
            message = self.refused("AccessDeniedException", call, **request)
            self.assertIn(f"is not authorized to perform: states:{action} on resource: {resource} because", message)


class RetryAndCatch(WorkflowTest):
    def test_named_errors_are_retried(self):
        self.make_function()
        retry = [{"ErrorEquals": ["Throttled", "Lambda.TooManyRequestsException"], "IntervalSeconds": 2,
                  "MaxAttempts": 2, "BackoffRate": 2, "MaxDelaySeconds": 3, "JitterStrategy": "FULL"}]
        work = machine(Work=task(Retry=retry))
        flaky = {"mode": "flaky", "key": "a", "times": 2, "error": "Throttled"}
        execution = self.begin(work, flaky)
        self.assertEqual(self.end(execution)["status"], "SUCCEEDED")
        kinds = [event["type"] for event in self.history(execution)]
        self.assertEqual((kinds.count("TaskScheduled"), kinds.count("TaskFailed")), (3, 2))
        self.cloud.call("PUT", "faults", [{"service": "lambda", "action": "InvokeFunction", "times": 2, "status": 429,
                                           "code": "TooManyRequestsException", "account": self.account}])
        self.output(work)
        self.assertEqual(self.failure(work, {**flaky, "key": "b", "times": 3})[0], "Throttled")
        self.assertEqual(self.failure(work, {**flaky, "key": "c", "error": "Denied"})[0], "Denied")

    def test_delays(self):
        retrier = {"IntervalSeconds": 4, "BackoffRate": 3, "MaxDelaySeconds": 50}
        self.assertEqual([stepfunctions_retry.delay(retrier, retries) for retries in range(4)], [4, 12, 36, 50])
        jitter = [stepfunctions_retry.delay({**retrier, "JitterStrategy": "FULL"}, 3) for _ in range(50)]
        self.assertTrue(all(0 <= seconds <= 50 for seconds in jitter) and len(set(jitter)) > 40)
        self.assertEqual([stepfunctions_retry.delay({}, retries) for retries in range(4)], [1, 2, 4, 8])

    def test_catch_hands_on_error_and_cause(self):
        self.make_function()
        caught = machine(Work=task(Catch=[
            {"ErrorEquals": ["Invalid"], "Next": "Bad", "ResultPath": "$.problem"},
            {"ErrorEquals": ["States.ALL"], "Next": "Other"}]), Bad={"Type": "Pass", "End": True},
            Other={"Type": "Pass", "End": True, "Parameters": {"error.$": "$.Error"}})
        invalid = self.output(caught, {"mode": "fail", "error": "Invalid"})
        self.assertEqual((invalid["mode"], invalid["problem"]["Error"]), ("fail", "Invalid"))
        self.assertEqual(self.output(caught, {"mode": "fail", "error": "Other"}), {"error": "Other"})
        # A result that is too long is caught, a mistake in the definition is not.
        self.assertEqual(self.output(caught, {"long": "x" * 262_100}), {"error": "States.DataLimitExceeded"})
        broken = machine(Each={**distributed(), "ToleratedFailureCountPath": "$.count", "ItemsPath": "$.items",
                               "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Other"}], "Next": "Other"},
                         Other={"Type": "Pass", "End": True})
        del broken["States"]["Each"]["End"]
        self.assertEqual(self.failure(broken, {"items": [1], "count": "many"})[0], "States.Runtime")


class Histories(WorkflowTest):
    def test_events_carry_all_that_states_pass_on(self):
        self.make_function()
        execution = self.begin(machine(Work=task(Next="Last", End=False), Last={"Type": "Succeed"}), {"secret": "url"})
        self.end(execution)
        events = self.history(execution)
        self.assertEqual([event["type"] for event in events], [
            "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
            "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"])
        self.assertEqual([event["previousEventId"] for event in events], [0, 0, 2, 3, 4, 5, 6, 7, 8])
        scheduled = events[2]["taskScheduledEventDetails"]
        self.assertEqual((scheduled["resourceType"], scheduled["resource"], scheduled["region"]),
                         ("lambda", "invoke", REGION))
        self.assertEqual(json.loads(scheduled["parameters"]), {"FunctionName": "work", "Payload": {"secret": "url"}})
        self.assertIn("url", events[4]["taskSucceededEventDetails"]["output"])
        self.assertEqual(events[1]["stateEnteredEventDetails"]["inputDetails"], {"truncated": False})

    def test_inner_states_have_events_too(self):
        self.make_function()
        inner = machine(Inside={"Type": "Pass", "Result": "deep", "End": True})
        both = {"Type": "Parallel", "End": True, "Branches": [inner, machine(Each={
            "Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "End": True})]}
        execution = self.begin(machine(Both=both), {"items": [1, 2]})
        self.end(execution)
        entered = [event["stateEnteredEventDetails"]["name"] for event in self.history(execution)
                   if event["type"].endswith("StateEntered")]
        self.assertEqual(sorted(entered), ["Both", "Each", "Inside", "Inside", "Inside"])

    def test_limits(self):
        long = {"text": "x" * 262_145}
        arn = self.make_machine(machine(Pass={"Type": "Pass", "End": True}))
        self.refused("ValidationException", self.states.start_execution, stateMachineArn=arn, input=json.dumps(long))
        error, cause = self.failure(machine(Grow={"Type": "Pass", "Parameters": {
            "a.$": "$", "b.$": "$"}, "End": True}), {"text": "x" * 200_000})
        self.assertEqual((error, cause), ("States.DataLimitExceeded", "The state/task 'Grow' returned a result with a "
                                          "size exceeding the maximum number of bytes service limit."))

    def test_an_execution_has_so_many_events(self):
        full = {"events": [{"id": number + 1} for number in range(stepfunctions_history.MOST_EVENTS - 1)]}
        with self.assertRaisesRegex(Exception, r"maximum number of history events \(25000\)"):
            stepfunctions_history.add(full, "PassStateEntered")
        self.assertEqual(stepfunctions_history.add(full, "ExecutionFailed")["id"], stepfunctions_history.MOST_EVENTS)

    def test_the_same_start_twice(self):
        self.make_function()
        arn = self.make_machine(machine(Work=task()))
        start = {"stateMachineArn": arn, "name": "once", "input": json.dumps({"mode": "sleep", "seconds": 1})}
        first = self.states.start_execution(**start)
        self.assertEqual(self.states.start_execution(**start)["executionArn"], first["executionArn"])
        self.refused("ExecutionAlreadyExists", self.states.start_execution, **{**start, "input": "{}"})
        self.end(first["executionArn"])
        self.refused("ExecutionAlreadyExists", self.states.start_execution, **start)


class Definitions(WorkflowTest):
    def refusal(self, definition) -> str:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        message = self.refused("InvalidDefinition", self.states.create_state_machine, name="lab", definition=text,
                               roleArn=self.role)
        verdict = self.states.validate_state_machine_definition(definition=text)
        self.assertEqual((verdict["result"], verdict["diagnostics"][0]["message"]), ("FAIL", message))
        return message

    def test_structure(self):
        end = {"Type": "Pass", "End": True}
        self.assertIn("INVALID_JSON_DESCRIPTION", self.refusal("not json"))
        self.assertEqual(self.refusal({"StartAt": "A"}), "Invalid State Machine Definition: "
                         "'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'")
        self.assertIn("MISSING_TRANSITION_TARGET", self.refusal({"StartAt": "B", "States": {"A": end}}))
        self.assertIn("MISSING_TRANSITION_TARGET", self.refusal(machine(A={"Type": "Pass", "Next": "B"})))
        self.assertIn("Exactly one of 'Next' and 'End'", self.refusal(machine(A={"Type": "Pass"})))
        for retry, problem in (
                ({"ErrorEquals": ["A"], "IntervalSeconds": 0}, "IntervalSeconds"),
                ({"ErrorEquals": ["A"], "BackoffRate": 0.5}, "BackoffRate"),
                ({"ErrorEquals": ["A"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}, "MaxDelaySeconds"),
                ({"ErrorEquals": ["A"], "JitterStrategy": "SOME"}, "JitterStrategy"),
                ({"ErrorEquals": ["A", "States.ALL"]}, "must appear alone"),
                ({"ErrorEquals": []}, "must not be empty")):
            self.assertIn(problem, self.refusal(machine(Work=task(Retry=[retry]))))

    def test_maps(self):
        for changes, problem in (
                ({"Label": "a" * 41}, "Label cannot exceed 40 characters"),
                ({"Label": "a?"}, "Label contains invalid character: '?'"),
                ({"ToleratedFailurePercentage": 101}, "ToleratedFailurePercentage"),
                ({"MaxConcurrency": 1, "MaxConcurrencyPath": "$.a"}, "both 'MaxConcurrency' and 'MaxConcurrencyPath'"),
                ({"ItemBatcher": {"BatchInput": {}}}, "MaxItemsPerBatch, MaxInputBytesPerBatch"),
                ({"ItemBatcher": {"MaxInputBytesPerBatch": 262_145}}, "MaxInputBytesPerBatch"),
                ({"ResultWriter": {}}, "[Resource, WriterConfig]"),
                ({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}, "ItemsPath": "$.a"}, "ItemReader")):
            self.assertIn(problem, self.refusal(machine(Each=distributed(**changes))), changes)
        no_type = distributed()
        del no_type["ItemProcessor"]["ProcessorConfig"]["ExecutionType"]
        self.assertIn("ExecutionType", self.refusal(machine(Each=no_type)))
        inline = {"Type": "Map", "End": True, "ItemProcessor": machine(Work=task()), "ResultWriter": {"Resource": "x"}}
        self.assertIn("DISTRIBUTED", self.refusal(machine(Each=inline)))


if __name__ == "__main__":
    unittest.main()
