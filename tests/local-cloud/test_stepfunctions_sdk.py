"""Step Functions: AWS SDK integrations of S3, SQS and Step Functions in the machine's role."""

import json
import unittest

from testing_cloud import REGION
from testing_workflows import WorkflowTest, machine

PASS = machine(Last={"Type": "Pass", "End": True})


class SdkTest(WorkflowTest):
    def task(self, integration: str, **parameters) -> dict:
        return machine(Call={"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "End": True,
                             "Parameters": parameters})

    def sdk(self, integration: str, **parameters) -> dict:
        return self.task(f"aws-sdk:{integration}", **parameters)


class Objects(SdkTest):
    def test_put_and_get(self):
        put = self.sdk("s3:putObject", Bucket=self.bucket, Key="a b/c.json", **{"Body.$": "$.body"})
        for body in ({"list": [1, "ä"]}, [1], "text"):
            self.assertIn("ETag", self.output(put, {"body": body}))
            self.assertEqual(self.fetched("a b/c.json"), body)
        got = self.output(self.sdk("s3:getObject", Bucket=self.bucket, Key="a b/c.json"))
        self.assertEqual((got["Body"], got["ContentLength"]), ('"text"', 6))
        self.assertRegex(got["LastModified"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")

    def test_an_expression_gives_the_body(self):
        put = {"QueryLanguage": "JSONata", **machine(Call={
            "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject", "End": True, "Arguments": {
                "Bucket": self.bucket, "Key": "{% $states.input.key %}", "Body": "{% {'n': $states.input.n + 1} %}"}})}
        self.output(put, {"key": "n.json", "n": 1})
        self.assertEqual(self.fetched("n.json"), {"n": 2})

    def test_errors(self):
        self.put("taken.json", 1)
        for integration, more, error in (
                ("getObject", {"Key": "absent"}, "S3.NoSuchKeyException"),
                ("getObject", {"Key": "x", "Bucket": "a-bucket-that-is-not"}, "S3.S3Exception"),
                ("putObject", {"Key": "taken.json", "Body": 2, "IfNoneMatch": "*"}, "S3.S3Exception")):
            found, cause = self.failure(self.sdk(f"s3:{integration}", **{"Bucket": self.bucket, **more}))
            self.assertEqual(found, error, cause)
            self.assertRegex(cause, r"\(Service: S3, Status Code: (404|412), Request ID: ")
        self.cloud.call("PUT", "faults", [{"service": "s3", "action": "GetObject", "status": 503, "code": "SlowDown",
                                           "account": self.account}])
        self.assertEqual(self.failure(self.sdk("s3:getObject", Bucket=self.bucket, Key="taken.json"))[0],
                         "S3.S3Exception")

    def test_rights(self):
        self.put("a.json", 1)
        arn = f"arn:aws:s3:::{self.bucket}"
        for integration, action, more in (("getObject", "s3:GetObject", {}),
                                          ("putObject", "s3:PutObject", {"Body": 1})):
            call = self.sdk(f"s3:{integration}", Bucket=self.bucket, Key="a.json", **more)
            self.allow(action, resource=f"{arn}/b*")
            error, cause = self.failure(call)
            self.assertEqual(error, "S3.S3Exception")
            self.assertIn(f"not authorized to perform: {action} on resource: {arn}/a.json", cause)
            self.allow(action, resource=f"{arn}/a*")
            self.output(call)


class Messages(SdkTest):
    def test_a_message(self):
        sqs = self.cloud.client("sqs", self.account)
        url = sqs.create_queue(QueueName="told")["QueueUrl"]
        send = self.sdk("sqs:sendMessage", QueueUrl=url, **{"MessageBody.$": "$.body"})
        self.allow("sqs:SendMessage", resource=f"arn:aws:sqs:{REGION}:{self.account}:other")
        self.assertEqual(self.failure(send, {"body": "x"})[0], "Sqs.SqsException")
        self.allow("sqs:SendMessage", resource=f"arn:aws:sqs:{REGION}:{self.account}:told")
        self.assertIn("MessageId", self.output(send, {"body": {"n": 1}}))
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        self.assertEqual(json.loads(message["Body"]), {"n": 1})
        sqs.delete_queue(QueueUrl=url)
        self.assertEqual(self.failure(send, {"body": "x"})[0], "Sqs.QueueDoesNotExistException")


class Executions(SdkTest):
    def test_another_machine_is_started(self):
        arn = self.make_machine(PASS, "inner")
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:once"
        for integration, prefix, denied in (("aws-sdk:sfn", "Sfn", "Sfn.SfnException"),
                                            ("states", "StepFunctions", "StepFunctions.AWSStepFunctionsException")):
            start = self.task(f"{integration}:startExecution", StateMachineArn=arn, Name=f"{prefix}",
                              **{"Input.$": "$"})
            self.allow("states:StartExecution", resource=f"{arn}-other")
            self.assertEqual(self.failure(start)[0], denied)
            self.allow("states:StartExecution", resource=arn)
            started = self.output(start, {"n": 1})["ExecutionArn"]
            self.assertEqual(started, execution.replace("once", prefix))
            self.assertEqual(json.loads(self.end(started)["input"]), {"n": 1})
            self.assertEqual(self.failure(start, {"n": 2})[0], f"{prefix}.ExecutionAlreadyExistsException")
            absent = self.task(f"{integration}:startExecution", StateMachineArn=f"{arn}-absent", Input={})
            self.allow("states:StartExecution")
            self.assertEqual(self.failure(absent)[0], f"{prefix}.StateMachineDoesNotExistException")


if __name__ == "__main__":
    unittest.main()
