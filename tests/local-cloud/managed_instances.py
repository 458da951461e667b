"""EC2 and Systems Manager: the parts that play them, and their routes of the admin API."""

import json
import re

import ec2_api
import ec2_authorization
import ec2_describe
import ec2_events
import ec2_fleet
import ec2_images
import ec2_instance_profiles
import ec2_regions
import ec2_tag_bucket
import ec2_tags
import ssm_agents
import ssm_api
import ssm_authorization
import ssm_automation
import ssm_automation_queue
import ssm_automation_rate
import ssm_automation_read
import ssm_automation_start
import ssm_document_resource
import ssm_documents
import ssm_event_target
import ssm_host_management
import ssm_managed_nodes
import ssm_tags
import timer
from ministack.core.responses import request_scope

_PARTS = (ec2_api, ec2_images, ec2_describe, ec2_tag_bucket, ec2_tags, ec2_regions, ec2_events, ec2_instance_profiles,
          ec2_authorization, ssm_api, ssm_authorization, ssm_documents, ssm_tags, ssm_document_resource,
          ssm_automation, ssm_automation_queue, ssm_automation_rate, ssm_automation_read, ssm_automation_start,
          ssm_host_management, ssm_managed_nodes, ssm_event_target)

# Routes of the admin API that read, and those that write, with what they answer.
READS = {"automations": ssm_automation.everything, "tag-writes": ec2_tags.writes, "regions": ec2_regions.everything}
WRITES = {"regions": (ec2_regions.put, ec2_regions.everything)}
_INSTANCES = re.compile(r"instances(?:/(i-[0-9a-f]+)(/agent)?)?")


def _scope(query: dict) -> tuple[str, str]:
    if not query.get("account") or not query.get("region"):
        raise ValueError("instances are those of an account and a region")
    return query["account"][0], query["region"][0]


def answer(method: str, name: str, query: dict, body: bytes) -> tuple[int, object] | None:
    """Status and value for a route about instances, None for any other; ValueError for what cannot be done."""
    found = _INSTANCES.fullmatch(name)
    if not found:
        return None
    instance_id, agent = found.groups()
    if method == "POST" and not instance_id:
        return 200, ec2_fleet.create(*_scope(query), json.loads(body))
    if method == "DELETE" and instance_id and not agent:
        gone = ec2_fleet.delete(*_scope(query), instance_id)
        return 200 if gone else 404, {"deleted": gone}
    if method == "PUT" and agent:
        with request_scope(*_scope(query)):
            ssm_agents.put(instance_id, json.loads(body))
        return 200, {"instanceId": instance_id}
    return None


def install() -> None:
    """Put every part in its place."""
    for part in _PARTS:
        part.install()
    ssm_api.on_reset(timer.reset)
