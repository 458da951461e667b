"""Step Functions: the items of a Distributed Map: ItemReader, ItemSelector and ItemBatcher.

An ItemReader reads S3 with the role's rights. Manifests and Parquet files are not played.
"""

import json

from ministack.services import s3, stepfunctions

import emulator
import stepfunctions_history as history
import stepfunctions_role

_FAILED = "States.ItemReaderFailed"
_DENIED = "Access Denied (Service: S3, Status Code: 403)"

emulator.require(s3, "_buckets")
emulator.require(stepfunctions, "_read_map_items", "_resolve_params_obj", "_resolve_path_or_ctx",
                 "_apply_jsonata_template", "_jsonata_state_field", "_apply_input_path", "_state_query_language",
                 "_ExecutionError")


class Evaluation:
    """The fields of one Map state, resolved against its input in the state's query language."""

    def __init__(self, state_def: dict, raw_input, execution: dict, ctx: dict):
        self.state_def, self.raw_input, self.execution, self.ctx = state_def, raw_input, execution, ctx
        self.effective = stepfunctions._apply_input_path(state_def, raw_input, ctx)
        self.is_jsonata = stepfunctions._state_query_language(state_def, ctx) == "JSONata"

    def refusal(self, problem: str) -> Exception:
        """A value that AWS refuses when the state runs."""
        name = self.ctx["State"]["Name"]
        entered = [event["id"] for event in self.execution["events"] if event["type"] == "MapStateEntered"
                   and event["stateEnteredEventDetails"]["name"] == name]
        return stepfunctions._ExecutionError(
            "States.Runtime", f"An error occurred while executing the state '{name}' (entered at the event id "
            f"#{entered[-1] if entered else 0}). {problem}")

    def template(self, value, ctx: dict | None = None):
        """An object with paths or expressions in it."""
        ctx = ctx or self.ctx
        if self.is_jsonata:
            return stepfunctions._apply_jsonata_template(value, self.raw_input, ctx)
        return stepfunctions._resolve_params_obj(value, self.effective, ctx)

    def number(self, owner: dict, name: str, kind: str = "integer"):
        """A number that a field, its Path variant or an expression gives; None without any of them."""
        path = owner.get(f"{name}Path")
        if path:
            value = stepfunctions._resolve_path_or_ctx(path, self.effective, self.ctx)
        elif self.is_jsonata and isinstance(owner.get(name), str):
            value = stepfunctions._jsonata_state_field(owner, name, "number", self.raw_input, self.ctx)
        else:
            value = owner.get(name)
        if value is None and not path:
            return None
        if self.is_jsonata and isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int if kind == "integer" else (int, float)):
            shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            raise self.refusal(f'The {name}Path field refers to value "{shown}" which is not a valid {kind}: {path}')
        return value

    def items(self) -> list:
        """The items of a Map state without a reader."""
        if self.is_jsonata and "Items" in self.state_def:
            return stepfunctions._jsonata_state_field(self.state_def, "Items", "array", self.raw_input, self.ctx)
        found = stepfunctions._resolve_path_or_ctx(self.state_def.get("ItemsPath", "$"), self.effective, self.ctx)
        if not isinstance(found, list):
            raise stepfunctions._ExecutionError(
                "States.Runtime", f"Reference path \"{self.state_def.get('ItemsPath', '$')}\" must point to array.")
        return found


def _failed(cause: str) -> Exception:
    return stepfunctions._ExecutionError(_FAILED, cause)


def _check_rights(resource: str, arguments: dict) -> None:
    bucket = f"arn:aws:s3:::{arguments.get('Bucket')}"
    checks = [("s3:ListBucket", bucket)] if resource.endswith("listObjectsV2") else [
        ("s3:GetObject", f"{bucket}/{arguments.get('Key')}")]
    if any(stepfunctions_role.denial(action, arn) for action, arn in checks):
        raise _failed(_DENIED)


def read(evaluation: Evaluation) -> list:
    """What an ItemReader reads."""
    reader = evaluation.state_def["ItemReader"]
    config, resource = reader.get("ReaderConfig") or {}, reader.get("Resource", "")
    arguments = evaluation.template(reader.get("Parameters") or reader.get("Arguments") or {})
    if config.get("InputType", "JSON") not in ("JSON", "JSONL", "CSV"):
        raise _failed(f"The local cloud does not read {config['InputType']}")
    _check_rights(resource, arguments)
    if arguments.get("Bucket") not in s3._buckets:
        raise _failed(f"The specified bucket does not exist. (Bucket: {arguments.get('Bucket')})")
    most = evaluation.number(config, "MaxItems")
    if most is not None and most < 0:
        raise _failed("field MaxItems must be positive")
    plain = {key: value for key, value in config.items() if not key.startswith("MaxItems")}
    plain_reader = {"Resource": resource, "Parameters": arguments, "ReaderConfig": plain}
    try:
        items = stepfunctions._read_map_items(plain_reader, evaluation.effective, evaluation.ctx)
    except ValueError as problem:
        raise _failed(f"The object is not valid {config.get('InputType', 'JSON')}: {problem}") from None
    if not isinstance(items, list):
        raise _failed("Attempting to map over non-iterable node.")
    return items[:most] if most else items


def selected(evaluation: Evaluation, items: list) -> list:
    """Every item as ItemSelector shapes it."""
    selector = evaluation.state_def.get("ItemSelector") or evaluation.state_def.get("Parameters")
    if not selector:
        return items
    return [evaluation.template(selector, {**evaluation.ctx, "Map": {"Item": {"Index": index, "Value": item}}})
            for index, item in enumerate(items)]


def _size(value) -> int:
    return len(json.dumps(value, separators=(",", ":")).encode())


def _positive(evaluation: Evaluation, batcher: dict, name: str) -> int | None:
    value = evaluation.number(batcher, name)
    if value is not None and value < 1:
        raise evaluation.refusal(f"{name} must be positive.")
    return value


def batches(evaluation: Evaluation, items: list) -> list[tuple[object, int]]:
    """The inputs of the child executions, and how many items each has; bytes are those of JSON without blanks."""
    batcher = evaluation.state_def.get("ItemBatcher")
    if not batcher:
        return [(item, 1) for item in items]
    most = _positive(evaluation, batcher, "MaxItemsPerBatch") or len(items)
    limit = min(_positive(evaluation, batcher, "MaxInputBytesPerBatch") or history.LONGEST_PAYLOAD,
                history.LONGEST_PAYLOAD)
    common = {"BatchInput": evaluation.template(batcher["BatchInput"])} if "BatchInput" in batcher else {}
    found, current, used = [], [], 0
    empty = _size({**common, "Items": []})
    for item in items:
        size = _size(item)
        if current and (len(current) == most or empty + used + len(current) + size > limit):
            found.append(current)
            current, used = [], 0
        current.append(item)
        used += size
    found += [current] if current else []
    return [({**common, "Items": batch}, len(batch)) for batch in found]
