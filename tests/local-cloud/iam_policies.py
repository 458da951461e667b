"""IAM: the policies of roles, through the API and through CloudFormation alike.

* Inline policies of a role together have 10,240 characters, a trust policy 2,048, a role 10 managed policies, all
  without an increased quota and not counting white space (IAM guide, "IAM and AWS STS quotas").
* A managed policy that does not exist is not attached; those of AWS that the emulator lacks are added, as "AWS
  managed policies" has them.
* An inline policy has to follow the grammar of identity-based policies ("Grammar of the IAM JSON policy language");
  here as far as mistakes in a template go.
* Names of roles are not told apart by case.
"""

import json
import re

from ministack.services import iam

import emulator
from iam_errors import Refused, check_first

ROLE_POLICY_CHARACTERS = 10_240
TRUST_POLICY_CHARACTERS = 2_048
MANAGED_POLICIES_PER_ROLE = 10

_ECR_READ = ["GetAuthorizationToken", "BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "GetRepositoryPolicy",
             "DescribeRepositories", "ListImages", "DescribeImages", "BatchGetImage", "GetLifecyclePolicy",
             "GetLifecyclePolicyPreview", "ListTagsForResource", "DescribeImageScanFindings"]
_ECR_PUBLIC_READ = ["GetAuthorizationToken", "BatchCheckLayerAvailability", "GetRepositoryPolicy",
                    "DescribeRepositories", "DescribeRegistries", "DescribeImages", "DescribeImageTags",
                    "GetRepositoryCatalogData", "GetRegistryCatalogData"]
_ECR_PUSH = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"]
_BEARER_TOKEN = "sts:GetServiceBearerToken"

emulator.require(iam, "_roles", "_policy_exists", "_aws_managed_policies", "_AWS_MANAGED_POLICY_PREFIX",
                 "_make_aws_managed_record", "_seed_aws_managed_policies", "_p")


def _actions(service: str, names: list[str], *more: str) -> list[str]:
    return [f"{service}:{name}" for name in names] + list(more)


def _managed_statements() -> dict[str, list[tuple]]:
    """What AWS managed policies allow: actions and resource of each statement."""
    baseline = "arn:aws:ssm:*:*:patchbaseline/*"
    return {
        "AmazonEC2ContainerRegistryReadOnly": [(_actions("ecr", _ECR_READ), "*")],
        "AmazonEC2ContainerRegistryPowerUser": [(_actions("ecr", _ECR_READ + _ECR_PUSH), "*")],
        "AmazonElasticContainerRegistryPublicReadOnly": [
            (_actions("ecr-public", _ECR_PUBLIC_READ, _BEARER_TOKEN), "*")],
        "AmazonElasticContainerRegistryPublicPowerUser": [
            (_actions("ecr-public", _ECR_PUBLIC_READ + _ECR_PUSH, _BEARER_TOKEN), "*")],
        "AmazonSSMPatchAssociation": [
            ("ssm:DescribeEffectivePatchesForPatchBaseline", baseline), ("ssm:GetPatchBaseline", baseline),
            ("tag:GetResources", "*"), ("ssm:DescribePatchBaselines", "*")],
    }


def _add_managed_policies() -> None:
    for name, statements in _managed_statements().items():
        document = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in statements]}
        iam._aws_managed_policies[f"{iam._AWS_MANAGED_POLICY_PREFIX}{name}"] = iam._make_aws_managed_record(
            name, json.dumps(document))


def _characters(document) -> int:
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return len(re.sub(r"\s", "", text))


def _malformed(message: str) -> Refused:
    return Refused(400, "MalformedPolicyDocument", message)


def parsed(document) -> dict:
    """A policy document, which may be given as JSON text."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            raise _malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise _malformed("Syntax errors in policy.")
    return document


def listed(value) -> list:
    """One value or several, as policies take both."""
    return value if isinstance(value, list) else [] if value is None else [value]


def statements(document) -> list[dict]:
    """The statements of a document; what is none is refused."""
    found = listed(parsed(document)["Statement"])
    if any(not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny") for statement in found):
        raise _malformed("Syntax errors in policy.")
    ids = [statement["Sid"] for statement in found if statement.get("Sid")]
    if any(not re.fullmatch(r"[0-9A-Za-z]*", str(sid)) for sid in ids):
        raise _malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
                         "expression [0-9A-Za-z]*")
    if len(set(ids)) < len(ids):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")
    return found


def check_inline_policy(document) -> None:
    """Refuse what is no identity-based policy."""
    for statement in statements(document):
        actions = [*listed(statement.get("Action")), *listed(statement.get("NotAction"))]
        resources = [*listed(statement.get("Resource")), *listed(statement.get("NotResource"))]
        if "Principal" in statement or "NotPrincipal" in statement:
            raise _malformed("Policy document should not specify a principal.")
        if not actions:
            raise _malformed("Policy statement must contain actions.")
        if not resources:
            raise _malformed("Policy statement must contain resources.")
        if any(action != "*" and not re.fullmatch(r"[\w-]+:[\w*?]+", str(action)) for action in actions):
            raise _malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        for resource in resources:
            if resource != "*" and not re.fullmatch(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", str(resource)):
                raise _malformed(f'Resource {resource} must be in ARN format or "*".')


def check_role(name: str, inline: dict, managed) -> None:
    """Refuse what a role may not have: ``inline`` maps names to documents, ``managed`` lists ARNs."""
    for arn in managed:
        if not iam._policy_exists(arn):
            raise Refused(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    if len(set(managed)) > MANAGED_POLICIES_PER_ROLE:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MANAGED_POLICIES_PER_ROLE}")
    if sum(_characters(document) for document in inline.values()) > ROLE_POLICY_CHARACTERS:
        raise Refused(409, "LimitExceeded",
                      f"Maximum policy size of {ROLE_POLICY_CHARACTERS} bytes exceeded for role {name}")


def check_trust_size(document) -> None:
    """Refuse a trust policy over the quota."""
    if _characters(document) > TRUST_POLICY_CHARACTERS:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}")


def check_free(name: str) -> None:
    """Refuse a name that a role has already."""
    if name.lower() in (taken.lower() for taken in iam._roles.keys()):
        raise Refused(409, "EntityAlreadyExists", f"Role with name {name} already exists.")


def _check_create(params) -> None:
    check_free(iam._p(params, "RoleName"))
    check_trust_size(iam._p(params, "AssumeRolePolicyDocument"))


def _check_put(params) -> None:
    name, role = iam._p(params, "RoleName"), iam._roles.get(iam._p(params, "RoleName"))
    if role:
        document = iam._p(params, "PolicyDocument")
        check_inline_policy(document)
        check_role(name, {**role["InlinePolicies"], iam._p(params, "PolicyName"): document}, ())


def _check_attach(params) -> None:
    name, role = iam._p(params, "RoleName"), iam._roles.get(iam._p(params, "RoleName"))
    if role:
        check_role(name, {}, [*role["AttachedPolicies"], iam._p(params, "PolicyArn")])


def install() -> None:
    """Check before the emulator acts, and add the managed policies."""
    check_first("CreateRole", _check_create)
    check_first("UpdateAssumeRolePolicy", lambda params: check_trust_size(iam._p(params, "PolicyDocument")))
    check_first("PutRolePolicy", _check_put)
    check_first("AttachRolePolicy", _check_attach)
    inner_seed = iam._seed_aws_managed_policies

    def seed():
        inner_seed()
        _add_managed_policies()

    emulator.replace(iam, "_seed_aws_managed_policies", seed)
    _add_managed_policies()
