"""Lambda: event source mappings of queues: what is refused, states, and the resource, SAM's event too."""

import json
import unittest

from testing_cloud import REGION
from testing_messaging import MessagingTest, allow, code

RIGHTS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


class Refusals(MessagingTest):
    def make(self, queue: str = "work", **more):
        return self.functions.create_event_source_mapping(
            FunctionName="reader", EventSourceArn=self.queue_arn(queue), **more)

    def invalid(self, problem: str, code: str = "InvalidParameterValueException", **more):
        self.assertIn(problem, self.refused(code, self.make, **more))

    def test_batches_and_windows(self):
        self.reader()
        self.queue("work")
        self.queue("work.fifo", FifoQueue="true")
        self.invalid("Maximum batch window in seconds must be greater than 0", BatchSize=11)
        for more in ({"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1}, {"BatchSize": 0},
                     {"MaximumBatchingWindowInSeconds": 301}, {"FunctionResponseTypes": ["Other"]},
                     {"ScalingConfig": {"MaximumConcurrency": 1}}, {"queue": "work.fifo", "BatchSize": 11}):
            self.refused("ValidationException", self.make, **more)
        self.invalid("not supported for FIFO", queue="work.fifo", MaximumBatchingWindowInSeconds=1)
        made = self.make(BatchSize=10_000, MaximumBatchingWindowInSeconds=300, ScalingConfig={"MaximumConcurrency": 2},
                         FunctionResponseTypes=["ReportBatchItemFailures"])
        self.assertEqual(made["State"], "Creating")
        shown = self.functions.get_event_source_mapping(UUID=made["UUID"])
        self.assertEqual((shown["State"], shown["BatchSize"], shown["ScalingConfig"]),
                         ("Enabled", 10_000, {"MaximumConcurrency": 2}))
        self.assertIn(made["UUID"], self.refused("ResourceConflictException", self.make))
        self.assertIn("batch window", self.refused("InvalidParameterValueException",
                                                   self.functions.update_event_source_mapping,
                                                   UUID=made["UUID"], MaximumBatchingWindowInSeconds=0))

    def test_the_visibility_timeout(self):
        self.reader(timeout=31)
        url = self.queue("work")
        self.invalid("Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds")
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "31"})
        uuid = self.make()["UUID"]
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
        self.assertIn("is less than", self.refused("InvalidParameterValueException", BatchSize=5, UUID=uuid,
                                                   call=self.functions.update_event_source_mapping))

    def test_each_right_is_needed(self):
        arn = self.queue_arn("work")
        self.reader(allow(RIGHTS, f"{arn}-other"))
        self.queue("work")
        for missing in RIGHTS:
            self.allow("reader-role", allow([right for right in RIGHTS if right != missing], arn))
            self.invalid(f"does not have permissions to call {missing[4:]} on SQS")
        self.allow("reader-role", allow(RIGHTS, arn))
        self.make()

    def test_what_is_not_there(self):
        self.reader()
        self.invalid("NonExistentQueue", queue="absent")
        self.queue("work")
        self.refused("ResourceNotFoundException", self.functions.create_event_source_mapping, FunctionName="absent",
                     EventSourceArn=self.queue_arn("work"))


class Resource(MessagingTest):
    def setUp(self):
        super().setUp()
        self.stacks, self.s3 = self.client("cloudformation"), self.client("s3")
        self.bucket = f"code-{self.account}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_object(Bucket=self.bucket, Key="code.zip", Body=code())
        self.switch(batchingWindowSeconds=0.2)

    def template(self, **mapping) -> dict:
        policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            allow(RIGHTS, {"Fn::GetAtt": ["Queue", "Arn"]})]}}
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                         "Principal": {"Service": "lambda.amazonaws.com"}}]}
        return {"Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "Policies": [policy], "AssumeRolePolicyDocument": trust}},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
            "Reader": {"Type": "AWS::Lambda::Function", "Properties": {
                "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 10,
                "Code": {"S3Bucket": self.bucket, "S3Key": "code.zip"}, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": {"SEEN": str(self.seen_file)}}}},
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "FunctionName": {"Ref": "Reader"}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, **mapping}}},
            "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}}}

    def send(self, action: str, template: dict) -> str:
        getattr(self.stacks, action)(StackName="lab", TemplateBody=json.dumps(template),
                                     Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
        stack = self.until(lambda: self.stacks.describe_stacks(StackName="lab")["Stacks"][0],
                           lambda found: not found["StackStatus"].endswith("IN_PROGRESS"))
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        return stack["StackStatus"]

    def mapping(self) -> dict:
        (found,) = self.functions.list_event_source_mappings()["EventSourceMappings"]
        return found

    def test_made_changed_and_deleted(self):
        made = self.template(
            BatchSize="100", MaximumBatchingWindowInSeconds="5", Enabled="false",
            ScalingConfig={"MaximumConcurrency": "2"}, FunctionResponseTypes=["ReportBatchItemFailures"])
        self.assertEqual(self.send("create_stack", made), "CREATE_COMPLETE")
        url = self.outputs["Queue"]
        self.assertEqual((self.mapping()["State"], self.mapping()["BatchSize"]), ("Disabled", 100))
        self.send_and_see(url, 0)
        changed = self.template(BatchSize=20, MaximumBatchingWindowInSeconds=1)
        self.assertEqual(self.send("update_stack", changed), "UPDATE_COMPLETE")
        shown = self.mapping()
        self.assertEqual((shown["State"], shown["BatchSize"], shown["FunctionResponseTypes"]), ("Enabled", 20, []))
        self.until(lambda: self.left(url)[0], lambda left: left == 0)
        self.assertEqual(sum(len(records) for records in self.seen()), 1)
        self.stacks.delete_stack(StackName="lab")
        self.until(lambda: (self.sqs.list_queues().get("QueueUrls"),
                            self.functions.list_event_source_mappings()["EventSourceMappings"]),
                   lambda found: not any(found))

    def send_and_see(self, url: str, batches: int) -> None:
        self.send_messages(url)
        self.until(lambda: self.left(url), lambda left: left == (1, 0), 1)
        self.assertEqual(len(self.batches()), batches)

    def send_messages(self, url: str) -> None:
        MessagingTest.send(self, url, {"n": 1})

    def test_what_is_refused_fails_the_stack(self):
        slow = self.template()
        slow["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] = 9
        self.assertEqual(self.send("create_stack", slow), "ROLLBACK_COMPLETE")
        events = self.stacks.describe_stack_events(StackName="lab")["StackEvents"]
        reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
        self.assertIn('"Invalid request provided: Queue visibility timeout: 9 seconds is less than Function timeout: '
                      "10 seconds (Service: Lambda, Status Code: 400", reasons)
        self.assertEqual(self.functions.list_event_source_mappings()["EventSourceMappings"], [])

    def test_an_event_of_a_serverless_function(self):
        template = self.template()
        resources = template["Resources"]
        del resources["Mapping"]
        template["Transform"] = "AWS::Serverless-2016-10-31"
        properties = resources["Reader"]["Properties"]
        properties["CodeUri"] = f"s3://{self.bucket}/code.zip"
        del properties["Code"]
        resources["Reader"] = {"Type": "AWS::Serverless::Function", "Properties": {**properties, "Events": {
            "Work": {"Type": "SQS", "Properties": {
                "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}, "BatchSize": 1000, "MaximumBatchingWindowInSeconds": 60,
                "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 2}}}}}}
        self.assertEqual(self.send("create_stack", template), "CREATE_COMPLETE")
        shown = self.mapping()
        self.assertEqual((shown["BatchSize"], shown["MaximumBatchingWindowInSeconds"], shown["ScalingConfig"]),
                         (1000, 60, {"MaximumConcurrency": 2}))
        self.send_messages(self.outputs["Queue"])
        self.ended()
        self.assertEqual(json.loads(self.seen()[0][0]["body"]), {"n": 1})


if __name__ == "__main__":
    unittest.main()
