"""EC2: tags as the API reference has them ("CreateTags", "DeleteTags", "Restrictions" in "Tag your resources").

* A resource that does not exist fails the whole call, whose message names it; this is played for instances. DeleteTags
  is assumed to do the same.
* Keys that start with "aws:" are refused, so are keys over 127 and values over 256 characters. A resource has 50 tags,
  those of AWS not counted. One call names up to 1000 resources.
* DeleteTags with a value, be it empty, deletes the tag only if it has that value; without tags it deletes all but those
  of AWS.
* A new instance is described at once, but tagged only after the switch ``taggableAfterSeconds`` ("Eventual
  consistency in the Amazon EC2 API").

Every call is kept for ``GET /_local_cloud/tag-writes``, with the automation that made it.
"""

import re
import threading
import time
from xml.sax.saxutils import escape

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

import ec2_api
import emulator
import switches
from ec2_api import Call, Refused
from ec2_describe import check_ids

emulator.require(ec2, "_instances", "_tags", "_guess_resource_type", "_glob_match")
emulator.require(iam_evaluator, "caller_arn")

_KEY_CHARACTERS, _VALUE_CHARACTERS, _TAGS, _RESOURCES = 127, 256, 50, 1000
_AUTOMATION_SESSION = re.compile(r":assumed-role/[^/]+/Automation-([0-9a-f-]{36})$")

_lock = threading.RLock()
_writes: list[dict] = []


def writes() -> list[dict]:
    """Every CreateTags and DeleteTags, oldest first."""
    with _lock:
        return [dict(write) for write in _writes]


def _record(call: Call, resources: list[str], tags: dict, outcome: str) -> None:
    caller = iam_evaluator.caller_arn()
    automation = _AUTOMATION_SESSION.search(caller)
    with _lock:
        _writes.append({"action": call.action, "account": get_account_id(), "region": get_region(),
                        "resources": resources, "tags": tags, "principal": caller, "outcome": outcome,
                        "automationExecutionId": automation[1] if automation else None})


def _taggable(instance_id: str) -> bool:
    instance = ec2._instances.get(instance_id)
    return instance is not None and (
        time.time() - instance.get("_launched_at", 0) >= switches.get("taggableAfterSeconds"))


def _resources(call: Call) -> list[str]:
    resources = call.numbered("ResourceId")
    if not resources:
        raise Refused("MissingParameter", "The request must contain the parameter resourceIdSet")
    if len(resources) > _RESOURCES:
        raise Refused("InvalidParameterValue", f"No more than {_RESOURCES} resources can be tagged in one request")
    for resource in resources:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*-[0-9a-zA-Z]+", resource):
            raise Refused("InvalidID", f"The ID '{resource}' is not valid")
    check_ids([resource for resource in resources if resource.startswith("i-")], _taggable)
    return resources


def _tags(call: Call) -> dict[str, str | None]:
    """The request's tags; None is a key without a value."""
    found: dict[str, str | None] = {}
    while key := call.one(f"Tag.{len(found) + 1}.Key"):
        name = f"Tag.{len(found) + 1}.Value"
        if key in found:
            raise Refused("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        if key.lower().startswith("aws:"):
            raise Refused("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        found[key] = call.one(name) if name in call.params else None
        if len(key) > _KEY_CHARACTERS:
            raise Refused("InvalidParameterValue",
                          f"Tag key exceeds the maximum length of {_KEY_CHARACTERS} characters")
        if len(found[key] or "") > _VALUE_CHARACTERS:
            raise Refused("InvalidParameterValue",
                          f"Tag value exceeds the maximum length of {_VALUE_CHARACTERS} characters")
    return found


def _written(change):
    def answer(call: Call) -> tuple:
        resources, tags = call.numbered("ResourceId"), {}
        try:
            tags = _tags(call)
            if call.is_dry_run():
                raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
            with _lock:
                change(_resources(call), tags)
        except Refused as refused:
            _record(call, resources, tags, refused.code)
            raise
        _record(call, resources, tags, "ok")
        return ec2._xml(200, f"{call.action}Response", "<return>true</return>")
    return answer


def _create(resources: list[str], tags: dict) -> None:
    if not tags:
        raise Refused("MissingParameter", "The request must contain the parameter tagSet")
    results = {}
    for resource in resources:
        wanted = {tag["Key"]: tag["Value"] for tag in ec2._tags.get(resource, [])}
        wanted |= {key: value or "" for key, value in tags.items()}
        if sum(not key.startswith("aws:") for key in wanted) > _TAGS:
            raise Refused("TagLimitExceeded",
                          f"The maximum number of tags, {_TAGS}, has been reached for resource {resource}")
        results[resource] = [{"Key": key, "Value": value} for key, value in wanted.items()]
    for resource, wanted in results.items():
        ec2._tags[resource] = wanted


def _delete(resources: list[str], tags: dict) -> None:
    def stays(tag: dict) -> bool:
        key, value = tag["Key"], tag["Value"]
        if key.startswith("aws:"):
            return True
        return bool(tags) and (key not in tags or tags[key] not in (None, value))

    for resource in resources:
        ec2._tags[resource] = [tag for tag in ec2._tags.get(resource, []) if stays(tag)]


def _matches(values: list[str] | None, actual: str) -> bool:
    return values is None or any(ec2._glob_match(value, actual) for value in values)


def _describe(call: Call) -> tuple:
    filters = call.filters()
    for name in filters:
        if name not in ("resource-id", "resource-type", "key", "value") and not name.startswith("tag:"):
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
    ids = filters.get("resource-id")
    exact = ids is not None and not any("*" in value or "?" in value for value in ids)
    store = [(name, ec2._tags.get(name, [])) for name in dict.fromkeys(ids)] if exact else ec2._tags.items()
    found = [(resource, tag) for resource, tags in store
             if _matches(ids, resource) and _matches(filters.get("resource-type"), ec2._guess_resource_type(resource))
             for tag in tags
             if _matches(filters.get("key"), tag["Key"]) and _matches(filters.get("value"), tag["Value"])
             and all(tag["Key"] == name[4:] and _matches(values, tag["Value"])
                     for name, values in filters.items() if name.startswith("tag:"))]
    shown, token = ec2_api.page(call, found, lambda item: f"{item[0]}/{item[1]['Key']}")
    items = "".join(
        f"<item><resourceId>{resource}</resourceId><resourceType>{ec2._guess_resource_type(resource)}</resourceType>"
        f"<key>{escape(tag['Key'])}</key><value>{escape(tag['Value'])}</value></item>" for resource, tag in shown)
    return ec2._xml(200, "DescribeTagsResponse", f"<tagSet>{items}</tagSet>{token}")


def reset() -> None:
    """Forget the calls."""
    with _lock:
        _writes.clear()


def install() -> None:
    """Answer the three actions."""
    ec2_api.serve("CreateTags", _written(_create))
    ec2_api.serve("DeleteTags", _written(_delete))
    ec2_api.serve("DescribeTags", _describe)
    ec2_api.on_reset(reset)
