"""CloudFormation: what it sends to a custom resource's function, and what it makes of the outcome.

The function is invoked asynchronously, with every scalar property a string, and CloudFormation waits for ServiceTimeout
(AWS::CloudFormation::CustomResource: 1 to 3600 seconds, 3600 by default) for a reply to the ResponseURL. A failure
carries the physical id that a later Delete has to name: the one replied with, or for a Create without a usable reply
one that CloudFormation makes up.
"""

import secrets
import string

from ministack.core.responses import get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

import custom_resource_reply as replies
import emulator
import switches

DEFAULT_SERVICE_TIMEOUT_SECONDS = 3600

emulator.require(custom_resource, "_normalise_resource_properties")
emulator.require(lambda_svc, "_get_func_record_for_ref", "_execution_record_for_config")


class CustomResourceFailed(RuntimeError):
    """A custom resource did not do what it was asked; ``physical_id`` is what it is known by from now on."""

    def __init__(self, reason: str, physical_id: str):
        super().__init__(reason)
        self.physical_id = physical_id


def is_custom(resource_type: str) -> bool:
    """Whether a resource type is served by a function."""
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"


def _function(service_token) -> dict:
    token = str(service_token or "")
    if token.startswith("arn:") and token.split(":")[3] != get_region():
        raise ValueError(f"Custom resource ServiceToken must be in the stack's Region {get_region()}: {token}")
    func, config, _ = lambda_svc._get_func_record_for_ref(token)
    if func is None or config is None:
        raise ValueError(f"Function not found: {token} (Service: Lambda, Status Code: 404)")
    return lambda_svc._execution_record_for_config(func, config)


def _service_timeout(props: dict) -> float:
    text = str(props.get("ServiceTimeout", DEFAULT_SERVICE_TIMEOUT_SECONDS))
    if not text.isdecimal() or not 1 <= int(text) <= DEFAULT_SERVICE_TIMEOUT_SECONDS:
        raise ValueError(f"ServiceTimeout must be between 1 and {DEFAULT_SERVICE_TIMEOUT_SECONDS} seconds, not {text}")
    return switches.capped("serviceTimeoutSeconds", int(text))


def _made_up_id(stack_name: str, logical_id: str) -> str:
    alphabet = string.ascii_uppercase + string.digits
    return f"{stack_name}-{logical_id}-{''.join(secrets.choice(alphabet) for _ in range(13))}"


def _event(request: replies.Request, resource_type: str, props: dict, physical_id, old_props) -> dict:
    event = {
        "RequestType": request.request_type,
        "ServiceToken": props.get("ServiceToken"),
        "ResponseURL": request.url,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": custom_resource._normalise_resource_properties(props),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_props is not None:
        event["OldResourceProperties"] = custom_resource._normalise_resource_properties(old_props)
    return event


def invoke(request_type: str, logical_id: str, props: dict, stack_name: str, stack_id: str, resource_type: str,
           physical_id: str | None = None, old_props: dict | None = None) -> tuple[str, dict]:
    """Send one request and wait for its reply; the physical id and the attributes. Blocks: worker threads only."""
    timeout = _service_timeout(props)
    func = _function(props.get("ServiceToken"))
    request = replies.open_request(new_uuid(), stack_id, logical_id, request_type)
    lambda_svc.invoke_async_with_retry(func, _event(request, resource_type, props, physical_id, old_props))
    answered = request.answered.wait(timeout)
    replies.close_request(request)
    answered = answered or request.answered.is_set()
    known_id = request.claimed_id or physical_id or _made_up_id(stack_name, logical_id)
    if not answered:
        raise CustomResourceFailed(
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
            f"[{request.request_id}]. If you are using the Python cfn-response module, you may need to update your "
            "Lambda function code so that CloudFormation can attach the updated version.", known_id)
    if request.problem:
        raise CustomResourceFailed(f"{request.problem} (RequestId: {request.request_id})", known_id)
    if request.reply["Status"] == "FAILED":
        raise CustomResourceFailed(
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{request.reply['Reason']} (RequestId: {request.request_id})", known_id)
    return known_id, request.reply.get("Data") or {}


def install() -> None:
    """Take every call of a custom resource."""
    emulator.replace(custom_resource, "invoke_custom_resource", invoke)
