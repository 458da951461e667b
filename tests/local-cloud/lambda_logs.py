"""Lambda: what a function prints reaches CloudWatch Logs only by the right of its execution role.

Without ``logs:CreateLogGroup`` a log group that a stack deleted does not come back, and without ``logs:PutLogEvents``
nothing is written (Lambda guide, "Sending Lambda function logs to CloudWatch Logs").
"""

from ministack import app
from ministack.services import cloudwatch_logs, lambda_svc

import emulator
from iam_authorization import role_allows

emulator.require(cloudwatch_logs, "_log_groups")


def _may_write(config: dict) -> bool:
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    region, account_id = config["FunctionArn"].split(":")[3:5]
    arn = f"arn:aws:logs:{region}:{account_id}:log-group:{group}"
    role = config.get("Role", "")

    def allowed(action: str, *resources: str) -> bool:
        return any(role_allows(role, action, resource, region) for resource in resources)

    group_exists = group in cloudwatch_logs._log_groups
    return ((group_exists or allowed("logs:CreateLogGroup", arn, f"{arn}:*"))
            and allowed("logs:CreateLogStream", arn, f"{arn}:*")
            and allowed("logs:PutLogEvents", f"{arn}:log-stream:any"))


def install() -> None:
    """Ask the role before the emulator writes a function's output."""
    inner = lambda_svc._emit_lambda_logs

    def emit(func, *args, **kwargs):
        if not app.AUTH or _may_write(func.get("config") or func):
            inner(func, *args, **kwargs)

    emulator.replace(lambda_svc, "_emit_lambda_logs", emit)
