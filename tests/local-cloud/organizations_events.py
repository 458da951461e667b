"""AWS Organizations: what CloudTrail tells EventBridge of it, always in us-east-1.

* "AWS API Call via CloudTrail" for every call that writes, also for one that is refused, on the bus of the account that
  calls: what a member does itself (LeaveOrganization) is not seen in the management account. Field names and masked
  values follow the examples of "Logging API calls with AWS CloudTrail".
* "AWS Service Event via CloudTrail" in the management account: CreateAccountResult, CloseAccountResult.
* AccountJoinedOrganization and AccountDepartedOrganization in the management account. AWS shows no example of them:
  the detail-type is a switch, ``membershipEventsAreServiceEvents``; method and time of a departure are named as the
  API reference has it (``departureMethod`` LEFT, REMOVED, CLEANED), or as the announcement does (``departedMethod``
  Left, Removed, Cleaned) by ``membershipEventsAsAnnounced``; where in the event the account stands is a guess.

CloudTrail needs a trail for it and delivers on a best effort basis: the switch ``organizationsEvents`` turns all off.
"""

import time
import uuid

from ministack.core.iam_evaluator import CredentialResolutionError
from ministack.services import sts

import emulator
import organizations_wire as wire
import service_events
import switches
from organizations_model import Account, Organization

SERVICE = "organizations.amazonaws.com"
_REGION = "us-east-1"
_API_CALL, _SERVICE_EVENT = "AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"
_MASKED = ("email", "accountName")

emulator.require(sts, "_caller_identity")


def shown_time(when: float) -> str:
    """A time as CloudTrail's examples write it: ``Sep 16, 2020 9:20:50 PM``."""
    moment = time.gmtime(when)
    return time.strftime(f"%b {moment.tm_mday}, %Y {moment.tm_hour % 12 or 12}:%M:%S %p", moment)


def _put(account_id: str, detail_type: str, detail: dict) -> None:
    if not switches.get("organizationsEvents"):
        return
    event = {"eventVersion": "1.08", "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
             "eventSource": SERVICE, "awsRegion": _REGION, "eventID": str(uuid.uuid4()), "readOnly": False,
             "managementEvent": True, "recipientAccountId": account_id, "eventCategory": "Management", **detail}
    service_events.put(account_id, _REGION, "aws.organizations", detail_type, event, [])


def _trail_form(value):
    """Names begin in lower case in CloudTrail; who an account belongs to is masked."""
    if isinstance(value, list):
        return [_trail_form(item) for item in value]
    if not isinstance(value, dict):
        return value
    small = {name[0].lower() + name[1:]: _trail_form(item) for name, item in value.items()}
    return {name: "****" if name in _MASKED else item for name, item in small.items()}


def identity(headers: dict, query_params: dict, account_id: str) -> dict:
    """Who calls, as CloudTrail names it."""
    caller = sts._caller_identity(headers, query_params)
    if isinstance(caller, CredentialResolutionError):
        return root(account_id)
    kind = {"Root": "Root", "User": "IAMUser"}.get(caller["principalType"], caller["principalType"])
    return {"type": kind, "principalId": caller["userId"], "arn": caller["userArn"],
            "accountId": caller["accountId"], "accessKeyId": caller["accessKey"]}


def root(account_id: str) -> dict:
    """The root user of an account, who works at the console."""
    return {"type": "Root", "principalId": account_id, "arn": f"arn:aws:iam::{account_id}:root",
            "accountId": account_id}


def api_call(call: wire.Call, caller: dict, response: dict | None, refused: wire.Refused | None = None) -> None:
    """A call that writes, done or refused."""
    error = {"errorCode": refused.code, "errorMessage": refused.message} if refused else {}
    _put(call.caller, _API_CALL, {
        "userIdentity": caller, "eventName": call.action, "eventType": "AwsApiCall", "requestID": str(uuid.uuid4()),
        "sourceIPAddress": "127.0.0.1", "userAgent": "local-cloud",
        "requestParameters": _trail_form(call.request) or None, "responseElements": _trail_form(response) or None,
        **error})


def _by_service(organization: Organization, name: str, details: dict, api_call_type: bool = False) -> None:
    parameters = details if api_call_type else None
    _put(organization.management, _API_CALL if api_call_type else _SERVICE_EVENT, {
        "userIdentity": {"accountId": organization.management, "invokedBy": SERVICE}, "eventName": name,
        "eventType": "AwsApiCall" if api_call_type else "AwsServiceEvent", "sourceIPAddress": SERVICE,
        "userAgent": SERVICE, "requestParameters": parameters, "responseElements": None,
        **({} if api_call_type else {"serviceEventDetails": details})})


def create_account_result(organization: Organization, status: dict) -> None:
    """The end of a CreateAccount; ``status`` is a CreateAccountStatus."""
    times = {name: shown_time(value) for name, value in status.items() if name.endswith("Timestamp")}
    _by_service(organization, "CreateAccountResult", {"createAccountStatus": _trail_form({**status, **times})})


def close_account_result(organization: Organization, account: Account, requested: float) -> None:
    """The end of a CloseAccount."""
    _by_service(organization, "CloseAccountResult", {"closeAccountStatus": {
        "accountId": account.id, "state": "SUCCEEDED", "requestedTimestamp": shown_time(requested),
        "completedTimestamp": shown_time(time.time())}})


def _membership(organization: Organization, name: str, details: dict) -> None:
    _by_service(organization, name, details, not switches.get("membershipEventsAreServiceEvents"))


def joined(organization: Organization, account: Account) -> None:
    """An account is in the organization now."""
    method = {"CREATED": "Created", "INVITED": "INVITED"}[account.joined_method]
    if switches.get("membershipEventsAsAnnounced"):
        method = method.capitalize()
    _membership(organization, "AccountJoinedOrganization", {
        "accountId": account.id, "joinedMethod": method, "joinedTime": shown_time(account.joined)})


def departed(organization: Organization, account: Account, how: str) -> None:
    """An account is no longer in the organization; ``how`` is Left, Removed or Cleaned."""
    announced = switches.get("membershipEventsAsAnnounced")
    method, moment = ("departedMethod", "departedTime") if announced else ("departureMethod", "departureTime")
    _membership(organization, "AccountDepartedOrganization", {
        "accountId": account.id, method: how if announced else how.upper(), moment: shown_time(time.time())})
