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
    # EC2: seconds for which a new instance is described but not yet tagged.
    "taggableAfterSeconds": 0,
    # EC2: the token buckets of CreateTags and DeleteTags; a burst of 0 turns them off.
    "tagRequestBurst": 100,
    "tagRequestsPerSecond": 10,
    # EC2: seconds for which a terminated instance is still described ("usually about an hour").
    "terminatedVisibleSeconds": 3600,
    # EC2: what a call to a region says that the account has not opted in to: OptInRequired, else AuthFailure.
    "disabledRegionIsOptInRequired": False,
    # Systems Manager: whether a policy that names automation-definition/<name> alone allows a start, as AWS's former
    # examples have it; those of today name document/<name> and automation-execution/*, which always do.
    "startByAutomationDefinition": True,
    # Systems Manager: executions at once and in the queue of an account and region, then rate-control ones alone.
    "automationsAtOnce": 100,
    "automationsQueued": 5000,
    "rateControlsAtOnce": 25,
    "rateControlsQueued": 1000,
    # Systems Manager: what others in the account take of the first two.
    "foreignAutomations": 0,
    "foreignAutomationsQueued": 0,
    # Systems Manager: seconds that an execution takes before its first action, between two attempts at a step, and at
    # most in a step that sleeps.
    "automationSeconds": 0,
    "automationRetrySeconds": 0.2,
    "automationSleepSeconds": None,
    # Systems Manager: how many of 100 executions fail, half of them after all was done.
    "automationFailurePercent": 0,
    # Systems Manager: a rate-control automation begins with one child and lets one more run after each that ended.
    "rateControlRampUp": True,
    # Systems Manager: a variable such as {{global:REGION}} within a parameter's default gets its value. AWS's samples
    # rely on it, its documentation has such variables in steps only.
    "systemVariablesInDefaults": True,
    # CloudFormation: AWS::SSM::Document with UpdateMethod NewVersion makes the new version the default one, as AWS
    # documents; users report that it does not (cloudformation-coverage-roadmap issue 2539).
    "newDocumentVersionIsDefault": True,
    # Systems Manager: seconds until Default Host Management holds, or ends (AWS: up to 30 minutes).
    "hostManagementDelaySeconds": 0,
    # EventBridge: seconds before a failed start of an automation is tried again; twice as long each time.
    "eventRetrySeconds": 1,
    # Lambda: caps MaximumBatchingWindowInSeconds of the event source mappings of queues.
    "batchingWindowSeconds": None,
    # Lambda: caps the visibility timeout of what a mapping reads, after which a failed batch is read again.
    "mappingVisibilitySeconds": None,
    # Step Functions: a Distributed Map needs states:DescribeExecution and states:StopExecution. AWS's documentation has
    # them in the policy, users report maps that run without (aws-cdk issue 35390).
    "mapNeedsExecutionRights": True,
    # Step Functions: a file of ResultWriter with JSON Lines is named .jsonl, else .json as all the others.
    "jsonLinesHaveTheirSuffix": True,
    # StackSets: seconds that a stack instance takes, besides its stack.
    "stackInstanceSeconds": 0,
    # StackSets: stack instances of one stack set that are at work at the same time. AWS's guide of 2023: "The maximum
    # speed of deployment is 100 concurrent stack instances per stack set."
    "stackInstancesAtOnce": 100,
    # StackSets: trusting their principal (EnableAWSServiceAccess) is enough for service-managed stack sets. Users
    # report that only CloudFormation's own ActivateOrganizationsAccess is.
    "serviceAccessActivatesStackSets": False,
    # StackSets: stacks of an account that leaves the organization can still be deleted, as AWS documents without
    # saying when; false plays that the delete fails and the instance is INOPERABLE.
    "departedStacksCanBeDeleted": True,
    # StackSets: deleting instances of a suspended account skips it and takes the instance off the stack set; false
    # plays that the instance stays (AWS does not say).
    "suspendedInstancesAreDeleted": True,
    # StackSets: an automatic deployment whose AutoDeployment.DependsOn has failed leaves its instances behind,
    # CANCELLED; false plays that there are none (AWS does not say).
    "failedDependencyLeavesInstances": True,
    # Organizations: the published token buckets hold.
    "organizationsThrottling": True,
    # Organizations: pages with fewer items than they may have, and some with none, all of them with a token.
    "organizationsShortPages": False,
    # Organizations: accounts still have the Status that AWS has retired on 2026-09-09.
    "organizationsStatusField": False,
    # Organizations: seconds until an account that is created is there, and until one that is closed is CLOSED.
    "createAccountSeconds": 0,
    "closeAccountSeconds": 0,
    # Organizations: CloudTrail tells EventBridge of it; false plays that no trail is logging.
    "organizationsEvents": True,
    # Organizations: detail-type of AccountJoinedOrganization and AccountDepartedOrganization, which AWS does not
    # document: AWS Service Event via CloudTrail, else AWS API Call via CloudTrail.
    "membershipEventsAreServiceEvents": True,
    # Organizations: names and values in these as in AWS's announcement (departedMethod Left), not as in the API
    # reference (departureMethod LEFT).
    "membershipEventsAsAnnounced": False,
    # Scheduler: seconds before a failed invocation is tried again; twice as long each time.
    "scheduleRetrySeconds": 1,
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
            kind = "true or false" if isinstance(default, bool) else "a number that is not negative"
            raise ValueError(f"switch {name} takes {kind}")
        _values[name] = default if value is None else value


def reset() -> None:
    """Back to the defaults."""
    _values.clear()
    _values.update(DEFAULTS)
