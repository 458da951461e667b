"""Behaviours that AWS leaves open, or that take too long for a test: each one is a switch."""

DEFAULTS = {
    # IAM: refuse a trust policy that names an OIDC provider which does not exist (AWS does not say).
    "trustNeedsProvider": True,
    # IAM: refuse a trust in Microsoft's shared issuer that does not look at the session name; false plays a role from
    # before IAM asked for it.
    "trustNeedsSessionName": True,
    # IAM: principals of accounts that the local cloud does not have exist; false plays that they are gone.
    "foreignPrincipalsExist": True,
    # IAM: what DeleteOpenIDConnectProvider says of an absent provider. The API reference calls the operation
    # idempotent and lists NoSuchEntity among its errors.
    "absentProviderIsAnError": True,
    # Lambda: seconds before a failed asynchronous event is tried again (AWS: 60, then 120).
    "asyncRetrySeconds": 1,
    # Lambda: caps MaximumEventAgeInSeconds, whose minimum on AWS is 60.
    "maximumEventAgeSeconds": None,
    # Lambda: caps every function's Timeout; the deadline that the runtime is told moves with it.
    "functionTimeoutSeconds": None,
    # CloudFormation: caps every custom resource's ServiceTimeout.
    "serviceTimeoutSeconds": None,
    # CloudFormation: what a resource depends on stays when its Delete failed. Users report that AWS goes on
    # (cloudformation-coverage-roadmap issues 852 and 1508), its documentation does not say.
    "failedDeleteKeepsDependencies": True,
    # CloudFormation: answer PUTs to a ResponseURL as S3 does once the signature has expired.
    "responseUrlExpired": False,
    # CloudFormation: how long DescribeStacks waits for a stack under deletion. Nothing of AWS: it spares
    # `sam delete` its pause of 30 seconds between two looks.
    "deleteWaitSeconds": 0,
}

_values = dict(DEFAULTS)


def get(name: str):
    """The value of one switch."""
    return _values[name]


def capped(name: str, seconds: float) -> float:
    """``seconds``, or the switch's value where that is set and smaller."""
    cap = get(name)
    return seconds if cap is None else min(seconds, cap)


def everything() -> dict:
    """All switches and their values."""
    return dict(_values)


def change(wanted: dict) -> None:
    """Set some switches; ``None`` goes back to the default."""
    unknown = sorted(set(wanted) - set(DEFAULTS))
    if unknown:
        raise ValueError(f"unknown switch: {', '.join(unknown)}; known: {', '.join(sorted(DEFAULTS))}")
    for name, value in wanted.items():
        default = DEFAULTS[name]
        of_kind = isinstance(value, bool) if isinstance(default, bool) else (
            isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0)
        if value is not None and not of_kind:
            kind = "true or false" if isinstance(default, bool) else "a number of seconds"
            raise ValueError(f"switch {name} takes {kind}")
        _values[name] = default if value is None else value


def reset() -> None:
    """Back to the defaults."""
    _values.clear()
    _values.update(DEFAULTS)
