"""Step Functions: the Distributed Map, its items, limits, children, results and rights."""

import itertools
import json
import time
import unittest

from testing_cloud import REGION
from testing_workflows import WorkflowTest, distributed, machine, task

PASS = machine(Inside={"Type": "Pass", "End": True})


class MapTest(WorkflowTest):
    def setUp(self):
        super().setUp()
        self.make_function()
        self.machine_arn = f"arn:aws:states:{REGION}:{self.account}:stateMachine:lab"

    def writer(self, **more) -> dict:
        return {"Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": self.bucket, "Prefix": "runs"}, **more}


class Items(MapTest):
    def test_reader_selector_and_batches(self):
        reader = self.put("items.json", [{"id": number} for number in range(5)])
        each = distributed(ItemReader=reader, ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"run.$": "$.run"}},
                           ItemSelector={"id.$": "$$.Map.Item.Value.id", "place.$": "$$.Map.Item.Index"})
        execution = self.begin(machine(Each=each), {"run": "r1"})
        output = json.loads(self.end(execution)["output"])
        self.assertEqual([len(result["got"]["Items"]) for result in output], [2, 2, 1])
        self.assertEqual(output[1]["got"], {"BatchInput": {"run": "r1"}, "Items": [
            {"id": 2, "place": 2}, {"id": 3, "place": 3}]})
        run = self.map_run(execution)
        self.assertEqual((run["itemCounts"]["succeeded"], run["executionCounts"]["succeeded"], run["status"]),
                         (5, 3, "SUCCEEDED"))

    def test_batches_by_bytes(self):
        reader = self.put("items.json", ["x" * 100] * 5)
        each = distributed(PASS, ItemReader=reader, ItemBatcher={"MaxInputBytesPerBatchPath": "$.bytes"})
        whole = len(json.dumps({"Items": ["x" * 100] * 3}, separators=(",", ":")))
        for limit, sizes in ((whole - 1, [2, 2, 1]), (whole, [3, 2])):
            output = self.output(machine(Each=each), {"bytes": limit})
            self.assertEqual([len(batch["Items"]) for batch in output], sizes)
        error, cause = self.failure(machine(Each=each), {"bytes": 0})
        self.assertEqual(error, "States.Runtime")
        self.assertIn("MaxInputBytesPerBatch must be positive", cause)

    def test_what_a_reader_cannot_read(self):
        bad = self.put("object.json", {"not": "a list"})
        self.assertEqual(self.failure(machine(Each=distributed(PASS, ItemReader=bad))),
                         ("States.ItemReaderFailed", "Attempting to map over non-iterable node."))
        absent = {**bad, "Parameters": {"Bucket": self.bucket, "Key": "absent.json"}}
        self.assertEqual(self.failure(machine(Each=distributed(PASS, ItemReader=absent)))[0], "States.ItemReaderFailed")
        self.s3.put_object(Bucket=self.bucket, Key="object.json", Body=b"no json")
        self.assertEqual(self.failure(machine(Each=distributed(PASS, ItemReader=bad)))[0], "States.ItemReaderFailed")
        good = self.put("items.json", [1, 2, 3])
        few = {**good, "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.most"}}
        self.assertEqual(self.output(machine(Each=distributed(PASS, ItemReader=few)), {"most": 2}), [1, 2])
        self.assertEqual(self.failure(machine(Each=distributed(PASS, ItemReader=few)), {"most": -1})[1],
                         "field MaxItems must be positive")

    def test_expressions(self):
        reader = self.put("items.json", [1, 2, 3])
        reader["Arguments"] = {"Bucket": "{% $states.input.bucket %}", "Key": reader.pop("Parameters")["Key"]}
        each = distributed(PASS, ItemReader=reader, ToleratedFailurePercentage="{% $states.input.bear %}",
                           MaxConcurrency="{% $states.input.wide %}", Output="{% $sum($states.result) %}",
                           ItemSelector="{% $states.context.Map.Item.Value * 10 %}")
        definition = {"QueryLanguage": "JSONata", **machine(Each=each)}
        execution = self.begin(definition, {"bucket": self.bucket, "bear": 5, "wide": 2})
        self.assertEqual(json.loads(self.end(execution)["output"]), 60)
        run = self.map_run(execution)
        self.assertEqual((run["maxConcurrency"], run["toleratedFailurePercentage"]), (2, 5))


class Limits(MapTest):
    def items(self, *modes: str) -> list[dict]:
        return [{"mode": "fail", "error": "Broken"} if mode == "fail" else {"n": mode} for mode in modes]

    def test_tolerated_failures(self):
        items = {"items": self.items("fail", "a", "b", "fail"), "count": 2, "percent": 50}
        for limit, status in (({}, "FAILED"), ({"ToleratedFailureCount": 1}, "FAILED"),
                              ({"ToleratedFailureCountPath": "$.count"}, "SUCCEEDED"),
                              ({"ToleratedFailurePercentage": 49.9}, "FAILED"),
                              ({"ToleratedFailurePercentagePath": "$.percent"}, "SUCCEEDED"),
                              ({"ToleratedFailureCount": 2, "ToleratedFailurePercentage": 10}, "FAILED")):
            each = distributed(ItemsPath="$.items", MaxConcurrency=1, **limit)
            execution = self.begin(machine(Each=each), items)
            ended = self.end(execution)
            self.assertEqual(ended["status"], status, limit)
            if status == "FAILED":
                self.assertEqual((ended["error"], ended["cause"]), (
                    "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"))
        # Without a limit the first failure ends the run, and what waited stays so.
        execution = self.begin(machine(Each=distributed(ItemsPath="$.items", MaxConcurrency=1)), items)
        self.end(execution)
        self.assertEqual({name: count for name, count in self.map_run(execution)["itemCounts"].items() if count},
                         {"pending": 3, "failed": 1, "total": 4})

    def test_refused_values(self):
        place = "An error occurred while executing the state 'Each' (entered at the event id #2). "
        for field, value, problem in (
                ("ToleratedFailureCount", -1, "ToleratedFailureCount cannot be negative."),
                ("ToleratedFailureCount", "no", 'The ToleratedFailureCountPath field refers to value "no" which is not '
                                                "a valid integer: $.value"),
                ("ToleratedFailurePercentage", 100.1, "ToleratedFailurePercentage must be between 0 and 100."),
                ("ToleratedFailurePercentage", {}, 'The ToleratedFailurePercentagePath field refers to value "{}" '
                                                   "which is not a valid float: $.value"),
                ("MaxConcurrency", 1.5, 'The MaxConcurrencyPath field refers to value "1.5" which is not a valid '
                                        "integer: $.value")):
            each = distributed(PASS, ItemsPath="$.items", **{f"{field}Path": "$.value"})
            self.assertEqual(self.failure(machine(Each=each), {"items": [1], "value": value}),
                             ("States.Runtime", place + problem))

    def most_at_once(self, concurrency: dict, value: dict) -> int:
        execution = self.begin(machine(Each=distributed(ItemsPath="$.items", **concurrency)), value)
        self.assertEqual(self.end(execution)["status"], "SUCCEEDED")
        changes = [(child[moment], change) for child in self.children(execution)
                   for moment, change in (("startDate", 1), ("stopDate", -1))]
        return max(itertools.accumulate(change for _, change in sorted(changes)))

    def test_concurrency(self):
        items = {"items": [{"mode": "sleep", "seconds": 0.3}] * 6, "wide": 3}
        self.assertEqual(self.most_at_once({"MaxConcurrencyPath": "$.wide"}, items), 3)
        self.assertEqual(self.most_at_once({"MaxConcurrency": 2}, items), 2)
        self.assertEqual(self.most_at_once({}, items), 6)

    def test_an_inline_map_has_a_path_too(self):
        inline = {"Type": "Map", "End": True, "ItemsPath": "$.items", "ItemProcessor": PASS,
                  "MaxConcurrencyPath": "$.wide"}
        self.assertEqual(self.output(machine(Each=inline), {"items": [1, 2], "wide": 1}), [1, 2])
        self.assertIn("MaxConcurrencyPath", self.failure(machine(Each=inline), {"items": [1], "wide": "no"})[1])


class Children(MapTest):
    def test_children_are_executions_with_histories(self):
        each = distributed(machine(First={"Type": "Pass", "Next": "Work"}, Work=task()), ItemsPath="$",
                           MaxConcurrency=1)
        execution = self.begin(machine(Each=each), [{"n": 1}, {"mode": "fail", "error": "Broken"}])
        self.assertEqual(self.end(execution)["status"], "FAILED")
        children = {child["status"]: child for child in self.children(execution)}
        self.assertEqual(set(children), {"SUCCEEDED", "FAILED"})
        shown = self.states.describe_execution(executionArn=children["FAILED"]["executionArn"])
        self.assertEqual((shown["error"], json.loads(shown["input"])), ("Broken", {"mode": "fail", "error": "Broken"}))
        self.assertRegex(shown["executionArn"], rf":execution:lab/Each:{shown['name']}$")
        self.assertRegex(shown["mapRunArn"],
                         rf"^arn:aws:states:{REGION}:{self.account}:mapRun:lab/Each:[0-9a-f-]{{36}}$")
        kinds = [event["type"] for event in self.history(shown["executionArn"])]
        self.assertEqual(kinds, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "TaskStateEntered",
                                 "TaskScheduled", "TaskStarted", "TaskFailed", "ExecutionFailed"])
        listed = self.states.list_executions(stateMachineArn=self.machine_arn)["executions"]
        self.assertEqual([entry["executionArn"] for entry in listed], [execution])
        kinds = [event["type"] for event in self.history(execution)]
        self.assertEqual(kinds, ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted",
                                 "MapRunFailed", "MapStateFailed", "ExecutionFailed"])

    def test_children_know_their_own_execution(self):
        inside = machine(Tell={"Type": "Pass", "End": True, "Parameters": {
            "id.$": "$$.Execution.Id", "input.$": "$$.Execution.Input", "machine.$": "$$.StateMachine.Id"}})
        execution = self.begin(machine(Each=distributed(inside, ItemsPath="$")), ["a"])
        told = json.loads(self.end(execution)["output"])[0]
        self.assertEqual(told, {"id": self.children(execution)[0]["executionArn"], "input": "a",
                                "machine": f"{self.machine_arn}/Each"})

    def test_stopping_aborts_the_children(self):
        execution = self.begin(machine(Each=distributed(ItemsPath="$", MaxConcurrency=2, Catch=[
            {"ErrorEquals": ["States.ALL"], "Next": "Caught"}]), Caught={"Type": "Pass", "End": True}),
            [{"mode": "sleep", "seconds": 2}] * 4)
        while not self.states.list_map_runs(executionArn=execution)["mapRuns"] or not self.children(execution):
            time.sleep(0.02)
        self.states.stop_execution(executionArn=execution)
        deadline = time.monotonic() + 10
        while self.map_run(execution)["status"] == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.02)
        run = self.map_run(execution)
        self.assertEqual((run["status"], run["executionCounts"]["aborted"], run["executionCounts"]["pending"]),
                         ("ABORTED", 2, 2))
        self.assertEqual({child["status"] for child in self.children(execution)}, {"ABORTED"})
        self.assertEqual(self.states.describe_execution(executionArn=execution)["status"], "ABORTED")

    def test_a_thousand_children(self):
        reader = self.put("items.json", list(range(1000)))
        execution = self.begin(machine(Each=distributed(PASS, ItemReader=reader, MaxConcurrency=50,
                                                        ResultWriter=self.writer())))
        self.assertEqual(self.end(execution)["status"], "SUCCEEDED")
        counts = self.map_run(execution)["itemCounts"]
        self.assertEqual((counts["succeeded"], counts["resultsWritten"], counts["pending"]), (1000, 1000, 0))


class Results(MapTest):
    def test_manifest_and_files(self):
        items = [{"n": 1}, {"mode": "fail", "error": "Broken"}, {"n": 2}]
        each = distributed(ItemsPath="$", MaxConcurrency=1, ToleratedFailureCount=1, ResultWriter=self.writer(),
                           ResultPath="$.written", InputPath="$.items")
        execution = self.begin(machine(Each=each), {"items": items})
        output = json.loads(self.end(execution)["output"])
        written = output["written"]
        run_arn = self.map_run(execution)["mapRunArn"]
        folder = f"runs/{run_arn.rsplit(':', 1)[-1]}"
        self.assertEqual(written, {"MapRunArn": run_arn, "ResultWriterDetails": {
            "Bucket": self.bucket, "Key": f"{folder}/manifest.json"}})
        manifest = self.fetched(f"{folder}/manifest.json")
        self.assertEqual((manifest["DestinationBucket"], manifest["MapRunArn"]), (self.bucket, run_arn))
        files = manifest["ResultFiles"]
        self.assertEqual({name: [entry["Key"] for entry in entries] for name, entries in files.items()}, {
            "SUCCEEDED": [f"{folder}/SUCCEEDED_0.json"], "FAILED": [f"{folder}/FAILED_0.json"], "PENDING": []})
        size = self.s3.head_object(Bucket=self.bucket, Key=f"{folder}/FAILED_0.json")["ContentLength"]
        self.assertEqual(files["FAILED"][0]["Size"], size)
        succeeded, failed = (self.fetched(f"{folder}/{name}_0.json") for name in ("SUCCEEDED", "FAILED"))
        self.assertEqual([json.loads(entry["Input"]) for entry in succeeded], [items[0], items[2]])
        self.assertEqual(json.loads(succeeded[0]["Output"]), {"got": {"n": 1}})
        self.assertEqual((failed[0]["Error"], failed[0]["Status"], failed[0]["RedriveStatus"]),
                         ("Broken", "FAILED", "REDRIVABLE"))
        self.assertEqual(set(succeeded[0]), {
            "ExecutionArn", "Input", "InputDetails", "Name", "Output", "OutputDetails", "RedriveCount", "RedriveStatus",
            "RedriveStatusReason", "StartDate", "StateMachineArn", "Status", "StopDate"})

    def test_a_failed_run_leaves_what_was_pending(self):
        items = [{"mode": "fail", "error": "Broken"}, {"n": 2}, {"n": 3}]
        each = distributed(ItemsPath="$", MaxConcurrency=1, ResultWriter=self.writer())
        execution = self.begin(machine(Each=each), items)
        self.assertEqual(self.end(execution)["error"], "States.ExceedToleratedFailureThreshold")
        folder = f"runs/{self.map_run(execution)['mapRunArn'].rsplit(':', 1)[-1]}"
        pending = self.fetched(f"{folder}/PENDING_0.json")
        self.assertEqual([json.loads(entry["Input"]) for entry in pending], items[1:])
        self.assertEqual(self.fetched(f"{folder}/manifest.json")["ResultFiles"]["SUCCEEDED"], [])

    def test_formats(self):
        inside = machine(Inside={"Type": "Pass", "End": True})
        for transformation, expected in (("FLATTEN", [1, 2, 3]), ("COMPACT", [[1, 2], [3]])):
            each = distributed(inside, ItemsPath="$", ResultWriter={
                "WriterConfig": {"Transformation": transformation, "OutputType": "JSON"}})
            self.assertEqual(self.output(machine(Each=each), [[1, 2], [3]]), expected)
        lines = distributed(inside, ItemsPath="$", ResultWriter=self.writer(
            WriterConfig={"Transformation": "COMPACT", "OutputType": "JSONL"}))
        execution = self.begin(machine(Each=lines), ["a", "b"])
        self.end(execution)
        key = f"runs/{self.map_run(execution)['mapRunArn'].rsplit(':', 1)[-1]}/SUCCEEDED_0.jsonl"
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(), b'"a"\n"b"\n')

    def test_too_much_for_the_state_itself(self):
        reader = self.put("items.json", ["x" * 1000] * 300)
        each = distributed(PASS, ItemReader=reader, MaxConcurrency=50)
        self.assertEqual(self.failure(machine(Each=each))[0], "States.DataLimitExceeded")
        each["ResultWriter"] = self.writer()
        self.output(machine(Each=each))


if __name__ == "__main__":
    unittest.main()
