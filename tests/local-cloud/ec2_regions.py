"""EC2: regions that an account has not opted in to.

A new account has the regions that need no opt-in; the others are "not-opted-in", and DescribeRegions shows them with
AllRegions only (EC2 API reference, "DescribeRegions"; the Account API's ListRegions agrees). A call to such a region
fails: EC2 says AuthFailure, or OptInRequired by the switch ``disabledRegionIsOptInRequired``, services with a JSON
protocol UnrecognizedClientException, others InvalidClientTokenId. The codes are those that clients report; AWS
documents OptInRequired only ("Common errors").

``PUT /_local_cloud/regions`` with ``{"account", "optedIn": [...], "disabled": [...]}`` opts an account in, and can
disable any region, be it one that AWS would not let go.
"""

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id
from ministack.core.router import detect_service, extract_region
from ministack.services import account, ec2

import ec2_api
import emulator
import switches
from ec2_api import Call, Refused

_WITHOUT_REGION = ("iam", "organizations", "account", "route53", "cloudfront", "support")

_opted_in: dict[str, set[str]] = {}
_disabled: dict[str, set[str]] = {}

emulator.require(ec2, "_AWS_REGIONS")
emulator.require(account, "_DISPATCH", "_json")
emulator.require(app, "_dispatch_service_request", "_routing_params")
emulator.require(iam_actions, "access_denied_response", "_SERVICE_PROTOCOL")


def put(wanted: dict) -> None:
    """Set the regions of one account."""
    known = {name for name, _ in ec2._AWS_REGIONS}
    if set(wanted) - {"account", "optedIn", "disabled"} or not wanted.get("account"):
        raise ValueError("regions take account, and optedIn and disabled, which list regions")
    opted_in, disabled = set(wanted.get("optedIn", ())), set(wanted.get("disabled", ()))
    if unknown := sorted((opted_in | disabled) - known):
        raise ValueError(f"unknown region: {', '.join(unknown)}")
    _opted_in[wanted["account"]], _disabled[wanted["account"]] = opted_in, disabled


def everything() -> dict:
    """What was set, by account."""
    return {account_id: {"optedIn": sorted(names), "disabled": sorted(_disabled[account_id])}
            for account_id, names in _opted_in.items()}


def reset() -> None:
    """Every account is new again."""
    _opted_in.clear()
    _disabled.clear()


def _status(account_id: str, region: str) -> str:
    needs_opt_in = dict(ec2._AWS_REGIONS).get(region, "opt-in-not-required") != "opt-in-not-required"
    if region in _disabled.get(account_id, ()):
        return "not-opted-in"
    if not needs_opt_in:
        return "opt-in-not-required"
    return "opted-in" if region in _opted_in.get(account_id, ()) else "not-opted-in"


def is_enabled(account_id: str, region: str) -> bool:
    """Whether an account may use a region."""
    return _status(account_id, region) != "not-opted-in"


def _describe(call: Call) -> tuple:
    names, all_regions = call.numbered("RegionName"), call.one("AllRegions").lower() == "true"
    known = [name for name, _ in ec2._AWS_REGIONS]
    filters = call.filters()
    if unknown := [name for name in names if name not in known]:
        raise Refused("InvalidParameterValue", f"Invalid region names: [{', '.join(unknown)}]")
    if unknown := sorted(set(filters) - {"region-name", "opt-in-status", "endpoint"}):
        raise Refused("InvalidParameterValue", f"The filter '{unknown[0]}' is invalid")
    items = []
    for name in names or known:
        status, endpoint = _status(get_account_id(), name), f"ec2.{name}.amazonaws.com"
        values = {"region-name": name, "opt-in-status": status, "endpoint": endpoint}
        if (all_regions or status != "not-opted-in") and all(values[key] in wanted for key, wanted in filters.items()):
            items.append(f"<item><regionName>{name}</regionName><regionEndpoint>{endpoint}</regionEndpoint>"
                         f"<optInStatus>{status}</optInStatus></item>")
    return ec2._xml(200, "DescribeRegionsResponse", f"<regionInfo>{''.join(items)}</regionInfo>")


def _opt_status(region: str) -> str:
    return {"opt-in-not-required": "ENABLED_BY_DEFAULT", "opted-in": "ENABLED",
            "not-opted-in": "DISABLED"}[_status(get_account_id(), region)]


def _list_regions(payload: dict) -> tuple:
    wanted = payload.get("RegionOptStatusContains") or ()
    regions = [{"RegionName": name, "RegionOptStatus": _opt_status(name)} for name, _ in ec2._AWS_REGIONS]
    start, limit = int(payload.get("NextToken") or 0), min(int(payload.get("MaxResults") or 50), 50)
    regions = [region for region in regions if not wanted or region["RegionOptStatus"] in wanted]
    more = {"NextToken": str(start + limit)} if start + limit < len(regions) else {}
    return account._json(200, {"Regions": regions[start:start + limit], **more})


def _region_status(inner):
    def region_status(payload):
        status, headers, body = inner(payload)
        if status == 200:
            name = payload["RegionName"]
            return account._json(200, {"RegionName": name, "RegionOptStatus": _opt_status(name)})
        return status, headers, body
    return region_status


def _refusal(service: str, headers: dict, request_id: str) -> tuple:
    if service == "ec2" and switches.get("disabledRegionIsOptInRequired"):
        refused = Refused("OptInRequired", "You are not subscribed to this service. Please go to "
                          "http://aws.amazon.com to subscribe.", 403)
        return refused.response
    if service == "ec2":
        return Refused("AuthFailure", "AWS was not able to validate the provided access credentials", 401).response
    json_protocol = iam_actions._SERVICE_PROTOCOL.get(service, "json") == "json"
    code = "UnrecognizedClientException" if json_protocol else "InvalidClientTokenId"
    status, answer_headers, body = iam_actions.access_denied_response(
        service, f"{service}:*", "", request_id, error_code=code, headers=headers,
        message="The security token included in the request is invalid.")
    return (400 if json_protocol else status), answer_headers, body


def install() -> None:
    """Answer for regions, and stand before every service in those that are off."""
    ec2_api.serve("DescribeRegions", _describe)
    account._DISPATCH["/listRegions"] = _list_regions
    account._DISPATCH["/getRegionOptStatus"] = _region_status(account._DISPATCH["/getRegionOptStatus"])
    ec2_api.on_reset(reset)
    inner = app._dispatch_service_request

    async def dispatch(method, path, headers, body, query_params, request_id):
        if not is_enabled(get_account_id(), extract_region(headers, query_params)):
            params = app._routing_params(method, path, headers, body, query_params)
            service = detect_service(method, path, headers, params)
            if service not in _WITHOUT_REGION:
                status, answer_headers, answer = _refusal(service, headers, request_id)
                return status, {**answer_headers, "x-amzn-requestid": request_id}, answer
        return await inner(method, path, headers, body, query_params, request_id)

    emulator.replace(app, "_dispatch_service_request", dispatch)
