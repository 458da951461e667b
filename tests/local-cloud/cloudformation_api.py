"""CloudFormation: two requests that are answered with the client in mind.

* DescribeStacks can wait for a stack under deletion (switch ``deleteWaitSeconds``).
* GetTemplate shows S3 URLs as AWS's. ``sam package`` writes the endpoint that it talks to into TemplateURL, and
  ``sam delete`` then refuses anything that does not start with ``https://s3``.
"""

import asyncio
import re
import time
from urllib.parse import parse_qs

from ministack.core.responses import get_region
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

import emulator
import switches

emulator.require(handlers, "_resolve_stack")


async def _deletion_over(stack_name: str, wait_seconds: float) -> None:
    until = time.monotonic() + wait_seconds
    while time.monotonic() < until:
        stack = handlers._resolve_stack(stack_name)
        if not stack or stack.get("StackStatus") != "DELETE_IN_PROGRESS":
            return
        await asyncio.sleep(0.1)


def _with_s3_urls(body: bytes) -> bytes:
    here = rf"http://(?:127\.0\.0\.1|localhost):{emulator.port()}/"
    return re.sub(here.encode(), f"https://s3.{get_region()}.amazonaws.com/".encode(), body)


def _answering(inner):
    async def handle_request(method, path, headers, body, query_params):
        params = {**query_params, **parse_qs((body or b"").decode("utf-8", errors="replace"))}
        action, stack_name = (params.get(name, [""])[0] for name in ("Action", "StackName"))
        if action == "DescribeStacks" and stack_name:
            await _deletion_over(stack_name, switches.get("deleteWaitSeconds"))
        status, answer_headers, answer = await inner(method, path, headers, body, query_params)
        if action == "GetTemplate" and status == 200:
            answer = _with_s3_urls(answer)
        return status, answer_headers, answer
    return handle_request


def install() -> None:
    """Stand before the service."""
    emulator.replace(cloudformation, "handle_request", _answering(cloudformation.handle_request))
