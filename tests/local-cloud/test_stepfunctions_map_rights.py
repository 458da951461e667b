"""Step Functions: what a Distributed Map needs of its role and bucket, limits by expression, files of JSON Lines."""

import json
import unittest

import boto3

from testing_cloud import REGION
from testing_workflows import WorkflowTest, distributed, machine

PASS = machine(Inside={"Type": "Pass", "End": True})


class MapTest(WorkflowTest):
    def setUp(self):
        super().setUp()
        self.machine_arn = f"arn:aws:states:{REGION}:{self.account}:stateMachine:lab"

    def writer(self, **more) -> dict:
        return {"Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": self.bucket, "Prefix": "runs"}, **more}


class Rights(MapTest):
    def test_each_right_is_needed(self):
        self.make_function()
        reader = self.put("items.json", [{"n": 1}])
        definition = machine(Each=distributed(ItemReader=reader, ResultWriter=self.writer()))
        objects = f"arn:aws:s3:::{self.bucket}/"
        function = f"arn:aws:lambda:{REGION}:{self.account}:function:work"
        executions = f"{self.machine_arn.replace(':stateMachine:', ':execution:')}:*"
        rights = [("states:StartExecution", self.machine_arn, "StepFunctions.AWSStepFunctionsException"),
                  ("states:DescribeExecution", executions, "StepFunctions.AWSStepFunctionsException"),
                  ("states:StopExecution", executions, "StepFunctions.AWSStepFunctionsException"),
                  ("s3:GetObject", f"{objects}items.json", "States.ItemReaderFailed"),
                  ("lambda:InvokeFunction", function, "States.ExceedToleratedFailureThreshold"),
                  *[(f"s3:{action}", f"{objects}runs/*", "States.ResultWriterFailed") for action in (
                      "PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")]]
        for missing in rights:
            self.give([right for right in rights if right != missing])
            self.assertEqual(self.failure(definition)[0], missing[2], missing)
        self.give(rights)
        self.output(definition)
        # The executions of the map alone will do as well, and with the switch none of them.
        label = (executions.replace(":lab:*", ":lab/Each:*"),)
        self.give([(right[0], *label, "") if right[1] == executions else right for right in rights])
        self.output(definition)
        self.give([right for right in rights if right[1] != executions])
        self.failure(definition)
        self.cloud.call("PUT", "switches", {"mapNeedsExecutionRights": False})
        self.output(definition)

    def give(self, rights: list[tuple[str, str, str]]) -> None:
        self.iam.put_role_policy(RoleName="Machine", PolicyName="own", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}
                                                   for action, resource, _ in rights]}))


class Expressions(MapTest):
    def test_a_whole_number_is_one_however_it_came_to_be(self):
        for expression, expected in (("10 * 1.5", 15), ("$floor(12.7)", 12), ("$states.input.rate * 0.5", 2)):
            each = distributed(PASS, Items="{% [1, 2] %}", MaxConcurrency=f"{{% {expression} %}}")
            execution = self.begin({"QueryLanguage": "JSONata", **machine(Each=each)}, {"rate": 4})
            self.assertEqual(self.end(execution)["status"], "SUCCEEDED")
            self.assertEqual(self.map_run(execution)["maxConcurrency"], expected)
        each = distributed(PASS, Items="{% [1, 2] %}", MaxConcurrency="{% 'many' %}")
        error, _ = self.failure({"QueryLanguage": "JSONata", **machine(Each=each)})
        self.assertEqual(error, "States.QueryEvaluationError")


class Files(MapTest):
    def folder(self, execution: str) -> str:
        return f"runs/{self.map_run(execution)['mapRunArn'].rsplit(':', 1)[-1]}"

    def test_json_lines_in_and_out(self):
        self.s3.put_object(Bucket=self.bucket, Key="items.jsonl", Body=b'{"n": 1}\n{"n": 2}\n')
        reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
                  "Parameters": {"Bucket": self.bucket, "Key": "items.jsonl"}}
        each = distributed(PASS, ItemReader=reader, ResultWriter=self.writer(
            WriterConfig={"Transformation": "NONE", "OutputType": "JSONL"}))
        for has_suffix, name in ((True, "SUCCEEDED_0.jsonl"), (False, "SUCCEEDED_0.json")):
            self.cloud.call("PUT", "switches", {"jsonLinesHaveTheirSuffix": has_suffix})
            execution = self.begin(machine(Each=each))
            self.assertEqual(self.end(execution)["status"], "SUCCEEDED")
            folder = self.folder(execution)
            (entry,) = self.fetched(f"{folder}/manifest.json")["ResultFiles"]["SUCCEEDED"]
            self.assertEqual(entry["Key"], f"{folder}/{name}")
            lines = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read().splitlines()
            self.assertEqual([json.loads(json.loads(line)["Input"]) for line in lines], [{"n": 1}, {"n": 2}])
        self.s3.put_object(Bucket=self.bucket, Key="items.jsonl", Body=b'{"n": 1}\n{')
        self.assertEqual(self.failure(machine(Each=each))[0], "States.ItemReaderFailed")

    def test_the_bucket_is_in_the_machines_region(self):
        far = f"far-{self.account}"
        boto3.client("s3", endpoint_url=self.cloud.base, region_name="us-east-1", aws_access_key_id=self.account,
                     aws_secret_access_key="test").create_bucket(Bucket=far)
        each = distributed(PASS, ItemsPath="$", ResultWriter={**self.writer(), "Parameters": {"Bucket": far}})
        error, cause = self.failure(machine(Each=each), [1])
        self.assertEqual(error, "States.ResultWriterFailed")
        self.assertIn("us-east-1", cause)


if __name__ == "__main__":
    unittest.main()
