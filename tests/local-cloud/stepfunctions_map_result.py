"""Step Functions: what a Distributed Map returns, and what its ResultWriter leaves in S3.

Layout and members are those of "ResultWriter (Map)": a manifest, and the child executions by status in files of at
most 5 GB, of which one is enough here; failed ones are with timed out and aborted ones. The role needs all rights of
the page's policy, and the bucket is in the machine's region. Whether a file of JSON Lines is named .jsonl or .json is
not said; the manifest names it (switch ``jsonLinesHaveTheirSuffix``).
"""

import json

from ministack.core.responses import get_region
from ministack.services import s3, stepfunctions

import emulator
import stepfunctions_role
import switches
from stepfunctions_map_input import Evaluation

_FAILED = "States.ResultWriterFailed"
_ACTIONS = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
_FILES = {"FAILED": ("FAILED", "ABORTED", "TIMED_OUT"), "PENDING": ("PENDING",), "SUCCEEDED": ("SUCCEEDED",)}

emulator.require(s3, "_put_object", "_buckets")


def _record(child: dict) -> dict:
    """A child execution as ResultWriter describes it."""
    included = {"Included": True}
    if child["status"] == "PENDING":
        return {"Input": child["input"], "InputDetails": included, "Status": "PENDING"}
    failed = child["status"] != "SUCCEEDED"
    outcome = {"Cause": child.get("cause"), "Error": child.get("error")} if failed else {
        "Output": child["output"], "OutputDetails": included}
    redrive = {"RedriveStatus": "REDRIVABLE" if failed else "NOT_REDRIVABLE"}
    if not failed:
        redrive["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    return {"ExecutionArn": child["executionArn"], "Input": child["input"], "InputDetails": included,
            "Name": child["name"], **outcome, "RedriveCount": 0, **redrive, "StartDate": child["startDate"],
            "StateMachineArn": child["stateMachineArn"], "Status": child["status"], "StopDate": child["stopDate"]}


def _shaped(children: list[dict], transformation: str) -> list:
    """Children as WriterConfig's Transformation has them; a failed one is always shown whole."""
    found = []
    for child in children:
        if transformation == "NONE" or child["status"] != "SUCCEEDED":
            found.append(_record(child))
            continue
        output = json.loads(child["output"])
        found.extend(output if transformation == "FLATTEN" and isinstance(output, list) else [output])
    return found


def _text(entries: list, output_type: str) -> bytes:
    if output_type == "JSONL":
        return "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()
    return json.dumps(entries).encode()


class Writer:
    """The ResultWriter of one Map Run."""

    def __init__(self, evaluation: Evaluation, map_run_arn: str):
        self.writer = evaluation.state_def.get("ResultWriter") or {}
        self.config = self.writer.get("WriterConfig") or {}
        self.map_run_arn = map_run_arn
        self.arguments = evaluation.template(self.writer.get("Parameters") or self.writer.get("Arguments") or {})

    @property
    def exports(self) -> bool:
        """Whether results go to S3."""
        return "Resource" in self.writer

    def _check_region(self) -> None:
        bucket = self.arguments.get("Bucket")
        region = (s3._buckets.get(bucket) or {}).get("region", get_region())
        if region != get_region():
            raise stepfunctions._ExecutionError(
                _FAILED, f"The bucket {bucket} is not in the state machine's Region but in {region}.")

    def _put(self, key: str, body: bytes) -> None:
        bucket = self.arguments.get("Bucket")
        for action in _ACTIONS:
            if message := stepfunctions_role.denial(action, f"arn:aws:s3:::{bucket}/{key}"):
                raise stepfunctions._ExecutionError(_FAILED, message)
        status, _, answer = s3._put_object(bucket, key, body, {"content-type": "application/json"})
        if status >= 300:
            raise stepfunctions._ExecutionError(_FAILED, answer.decode(errors="replace"))

    def export(self, children: list[dict]) -> dict:
        """Write the files and return what the Map state returns instead of the results."""
        self._check_region()
        prefix = str(self.arguments.get("Prefix") or "")
        folder = f"{prefix}{'' if not prefix or prefix.endswith('/') else '/'}{self.map_run_arn.rsplit(':', 1)[-1]}"
        files = {name: [] for name in _FILES}
        for name, statuses in _FILES.items():
            chosen = [child for child in children if child["status"] in statuses]
            if chosen:
                output_type = self.config.get("OutputType", "JSON")
                body = _text(_shaped(chosen, self.config.get("Transformation", "NONE")), output_type)
                suffix = output_type if switches.get("jsonLinesHaveTheirSuffix") else "JSON"
                key = f"{folder}/{name}_0.{suffix.lower()}"
                self._put(key, body)
                files[name].append({"Key": key, "Size": len(body)})
        bucket, manifest = self.arguments.get("Bucket"), f"{folder}/manifest.json"
        self._put(manifest, json.dumps({"DestinationBucket": bucket, "MapRunArn": self.map_run_arn,
                                        "ResultFiles": files}).encode())
        return {"MapRunArn": self.map_run_arn, "ResultWriterDetails": {"Bucket": bucket, "Key": manifest}}

    def inline(self, children: list[dict]) -> list:
        """The results that the Map state itself returns."""
        return _shaped(children, self.config.get("Transformation", "COMPACT"))
