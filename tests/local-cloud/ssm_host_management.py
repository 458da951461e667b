"""Systems Manager: the service setting of Default Host Management, and since when it holds.

``/ssm/managed-instance/default-ec2-instance-management-role`` is "$None" by default and names a role with its path
otherwise ("Managing EC2 instances automatically with Default Host Management Configuration"). Who sets it needs
``iam:PassRole`` on the role to ssm.amazonaws.com. It takes up to 30 minutes to hold: switch
``hostManagementDelaySeconds``, which also delays that it ends. Other settings are the emulator's own.

The managed policy of that role, AmazonSSMManagedEC2InstanceDefaultPolicy, is AmazonSSMManagedInstanceCore without the
Parameter Store ("AWS managed policies for AWS Systems Manager").
"""

import json
import time

from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import iam, ssm

import emulator
import pass_role
import ssm_api
import switches
from ssm_api import Caller, SsmError

SETTING = "/ssm/managed-instance/default-ec2-instance-management-role"
NONE = "$None"

_POLICY, _CORE = "AmazonSSMManagedEC2InstanceDefaultPolicy", "AmazonSSMManagedInstanceCore"
_PARAMETER_STORE = ("ssm:GetParameter", "ssm:GetParameters")

# Values with the times they were set at, oldest first.
_history = AccountRegionScopedDict()

emulator.require(ssm, "_service_setting_id", "_SERVICE_SETTING_DEFAULTS")
emulator.require(ssm._SERVICE_SETTING_DEFAULTS, SETTING)
emulator.require(iam, "_aws_managed_policies", "_AWS_MANAGED_POLICY_PREFIX", "_make_aws_managed_record",
                 "_seed_aws_managed_policies")


def role() -> str | None:
    """The name of the role that holds now in the scope's account and region."""
    since = time.time() - switches.get("hostManagementDelaySeconds")
    value = NONE
    for moment, set_value in _history.get(SETTING, ()):
        if moment <= since:
            value = set_value
    return None if value == NONE else value.rsplit("/", 1)[-1]


def _set(value: str) -> None:
    _history[SETTING] = [*_history.get(SETTING, ()), (time.time(), value)]


def _is_about_it(request: dict) -> bool:
    return ssm._service_setting_id(request) == SETTING


def _update(request: dict, caller: Caller) -> None:
    """Note a new value; the emulator keeps it and answers."""
    if not _is_about_it(request):
        return
    value = str(request.get("SettingValue", ""))
    if value != NONE:
        role_arn = f"arn:aws:iam::{get_account_id()}:role/{value}"
        if message := pass_role.refusal(caller.access_key, role_arn, "ssm.amazonaws.com"):
            raise SsmError("AccessDeniedException", message)
    _set(value)


def _reset_setting(request: dict, _caller: Caller) -> None:
    if _is_about_it(request):
        _set(NONE)


def _add_policy() -> None:
    core = iam._aws_managed_policies[f"{iam._AWS_MANAGED_POLICY_PREFIX}{_CORE}"]
    document = core["Versions"][core["DefaultVersionId"]]["Document"]
    document = json.loads(document) if isinstance(document, str) else document
    statements = [{**statement, "Action": [action for action in statement["Action"] if action not in _PARAMETER_STORE]}
                  for statement in document["Statement"]]
    iam._aws_managed_policies[f"{iam._AWS_MANAGED_POLICY_PREFIX}{_POLICY}"] = iam._make_aws_managed_record(
        _POLICY, json.dumps({"Version": "2012-10-17", "Statement": statements}))


def install() -> None:
    """Look at changes of the setting, and add the policy."""
    inner_seed = iam._seed_aws_managed_policies

    def seed():
        inner_seed()
        _add_policy()

    emulator.replace(iam, "_seed_aws_managed_policies", seed)
    _add_policy()
    ssm_api.serve({"UpdateServiceSetting": _update, "ResetServiceSetting": _reset_setting})
    ssm_api.on_reset(_history.clear)
