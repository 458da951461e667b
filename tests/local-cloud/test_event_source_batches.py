"""Lambda: what a function gets of a queue, in which batches, and what becomes of the messages."""

import hashlib
import json
import time
import unittest

from testing_cloud import REGION
from testing_messaging import MessagingTest, allow


class BatchTest(MessagingTest):
    def setUp(self):
        super().setUp()
        self.reader()
        self.url = self.queue("work")

    def map(self, **more) -> str:
        return self.functions.create_event_source_mapping(
            FunctionName="reader", EventSourceArn=self.queue_arn("work"), **more)["UUID"]

    def empty(self) -> None:
        self.until(lambda: self.left(self.url), lambda left: left == (0, 0))


class Events(BatchTest):
    def test_an_event_as_aws_has_it(self):
        self.map()
        self.sqs.send_message(QueueUrl=self.url, MessageBody='{"n": 1}', MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "x"}, "raw": {"DataType": "Binary", "BinaryValue": b"\x00"}})
        self.empty()
        ((record,),) = self.seen()
        self.assertEqual({name: record[name] for name in (
            "body", "md5OfBody", "eventSource", "eventSourceARN", "awsRegion")}, {
                "body": '{"n": 1}', "md5OfBody": hashlib.md5(b'{"n": 1}').hexdigest(), "eventSource": "aws:sqs",
                "eventSourceARN": self.queue_arn("work"), "awsRegion": REGION})
        self.assertEqual(record["messageAttributes"], {
            "kind": {"dataType": "String", "stringValue": "x", "stringListValues": [], "binaryListValues": []},
            "raw": {"dataType": "Binary", "binaryValue": "AA==", "stringListValues": [], "binaryListValues": []}})
        self.assertEqual(record["attributes"]["ApproximateReceiveCount"], "1")
        self.assertLessEqual({"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"},
                             set(record["attributes"]))


class Batches(BatchTest):
    def sizes(self) -> list[int]:
        return [len(records) for records in self.seen()]

    def test_without_a_window_there_are_ten_at_most(self):
        self.send(self.url, *[{"n": number} for number in range(25)])
        self.map()
        self.empty()
        self.assertEqual((sum(self.sizes()), max(self.sizes())), (25, 10))

    def test_a_window_gathers(self):
        self.map(BatchSize=10_000, MaximumBatchingWindowInSeconds=2, ScalingConfig={"MaximumConcurrency": 2})
        for start in range(0, 150, 50):
            self.send(self.url, *[{"n": number} for number in range(start, start + 50)])
            time.sleep(0.2)
        self.empty()
        self.assertEqual(sum(self.sizes()), 150)
        self.assertLessEqual(len(self.sizes()), 2)

    def test_the_switch_shortens_the_window(self):
        self.switch(batchingWindowSeconds=0.1)
        self.map(BatchSize=100, MaximumBatchingWindowInSeconds=300)
        self.send(self.url, {"n": 1})
        self.ended()

    def test_a_batch_carries_six_megabytes(self):
        for number in range(10):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps({"n": number, "text": "x" * 900_000}))
        # So much of it that the window does not matter.
        self.map(BatchSize=100, MaximumBatchingWindowInSeconds=300)
        self.empty()
        self.assertEqual(sum(self.sizes()), 10)
        self.assertLessEqual(max(self.sizes()), 6)

    def test_no_more_at_once_than_asked_for(self):
        self.map(BatchSize=1, ScalingConfig={"MaximumConcurrency": 3})
        self.send(self.url, *[{"n": number, "seconds": 0.3} for number in range(9)])
        most = 0
        while self.left(self.url)[0]:
            most = max(most, sum(batch["outcome"] == "running" for batch in self.batches()))
        self.assertEqual(most, 3)

    def test_more_at_once_while_all_are_busy(self):
        self.map(BatchSize=1)
        self.send(self.url, *[{"n": number, "seconds": 1} for number in range(8)])
        self.until(lambda: sum(batch["outcome"] == "running" for batch in self.batches()), lambda running: running == 8)

    def test_a_throttled_function_is_tried_again(self):
        self.functions.put_function_concurrency(FunctionName="reader", ReservedConcurrentExecutions=0)
        self.map()
        self.send(self.url, {"n": 1})
        self.until(self.batches, bool)
        self.functions.delete_function_concurrency(FunctionName="reader")
        self.empty()
        self.assertEqual([batch["outcome"] for batch in self.batches()], ["succeeded"])


class Failures(BatchTest):
    def setUp(self):
        super().setUp()
        self.switch(mappingVisibilitySeconds=1)
        self.partial = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}

    def received(self) -> list[tuple[int, str]]:
        """What every record was, and how often it had been read."""
        return sorted((json.loads(record["body"])["n"], record["attributes"]["ApproximateReceiveCount"])
                      for records in self.seen() for record in records)

    def test_an_error_brings_all_back(self):
        dead = self.queue("dead")
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"RedrivePolicy": json.dumps({
            "deadLetterTargetArn": self.queue_arn("dead"), "maxReceiveCount": 2})})
        self.send(self.url, {"n": 1, "error": True}, {"n": 2})
        self.map(**self.partial)
        self.until(lambda: self.left(dead)[0], lambda left: left == 2)
        self.assertEqual(self.received(), [(1, "1"), (1, "2"), (2, "1"), (2, "2")])
        self.assertEqual([batch["outcome"] for batch in self.batches()], ["failed", "failed"])
        self.assertEqual(self.left(self.url), (0, 0))

    def test_only_named_messages_come_back(self):
        self.send(self.url, {"n": 1, "fail": True}, {"n": 2}, {"n": 3})
        self.map(**self.partial)
        self.ended(2)
        self.assertEqual([(batch["messages"], batch["failed"], batch["outcome"]) for batch in self.ended(2)[:2]],
                         [(3, 1, "partly"), (1, 1, "partly")])
        self.assertEqual(self.received()[:4], [(1, "1"), (1, "2"), (2, "1"), (3, "1")])

    def test_names_count_for_nothing_unless_asked_for(self):
        self.send(self.url, {"n": 1, "fail": True})
        self.map()
        self.empty()
        self.assertEqual([batch["outcome"] for batch in self.batches()], ["succeeded"])

    def test_malformed_answers_bring_all_back(self):
        mapping = self.map(**self.partial)
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        answers = [{"batchItemFailures": [{"itemIdentifier": name}]} for name in ("", None, "of-another-batch")] + [
            {"batchItemFailures": [{"messageId": "x"}]}, {"batchItemFailures": "x"}, "text", [1]]
        self.switch(mappingVisibilitySeconds=None)
        for number, answer in enumerate(answers):
            self.send(self.url, {"n": number, "answer": answer})
            self.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
            self.assertEqual(self.ended(number + 1)[number]["outcome"], "malformed", answer)
            self.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        self.assertEqual(self.left(self.url), (len(answers), len(answers)))

    def test_answers_that_name_nothing_are_successes(self):
        self.map(**self.partial)
        for answer in ({}, {"batchItemFailures": []}, {"batchItemFailures": None}, ""):
            self.send(self.url, {"n": 1, "answer": answer})
            self.empty()
        self.assertEqual({batch["outcome"] for batch in self.batches()}, {"succeeded"})

    def test_a_function_that_is_too_slow_gets_its_messages_again(self):
        self.switch(functionTimeoutSeconds=0.3)
        self.send(self.url, {"n": 1, "seconds": 5})
        self.map()
        self.ended(2)
        self.assertEqual(self.received()[:2], [(1, "1"), (1, "2")])


class Life(BatchTest):
    def test_disabled_and_deleted_it_reads_nothing(self):
        mapping = self.map(BatchSize=100, MaximumBatchingWindowInSeconds=1)
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        self.assertEqual(self.functions.get_event_source_mapping(UUID=mapping)["State"], "Disabled")
        self.send(self.url, {"n": 1})
        time.sleep(0.5)
        self.assertEqual(self.left(self.url), (1, 0))
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
        self.empty()
        # What is being gathered when the mapping goes is invisible for a while, and not worked on.
        self.send(self.url, {"n": 2})
        self.until(lambda: self.left(self.url), lambda left: left == (1, 1))
        self.functions.delete_event_source_mapping(UUID=mapping)
        self.send(self.url, {"n": 3})
        time.sleep(1.5)
        self.assertEqual((self.left(self.url), len(self.seen())), ((2, 1), 1))
        self.refused("ResourceNotFoundException", self.functions.get_event_source_mapping, UUID=mapping)

    def test_the_role_is_looked_at_every_time(self):
        self.map()
        self.allow("reader-role", allow("sqs:GetQueueAttributes"))
        self.send(self.url, {"n": 1})
        time.sleep(0.5)
        self.assertEqual(self.left(self.url), (1, 0))
        self.allow("reader-role", allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], self.queue_arn("work")))
        self.empty()

    def test_a_queue_that_refuses_is_read_later(self):
        self.fault("sqs", "ReceiveMessage", times=2, status=500, code="InternalFailure")
        self.map()
        self.send(self.url, {"n": 1})
        self.empty()


if __name__ == "__main__":
    unittest.main()
