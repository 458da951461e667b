"""EC2: associating an instance profile takes ``iam:PassRole`` on the profile's role to ec2.amazonaws.com (EC2 guide,
"IAM roles for Amazon EC2"); the emulator asks for nothing."""

from ministack.core.responses import get_account_id
from ministack.services import iam

import ec2_api
import emulator
import pass_role
from ec2_api import Call, Refused

emulator.require(iam, "_lookup_instance_profile", "_roles")


def _check(call: Call) -> None:
    name, arn = call.one("IamInstanceProfile.Name"), call.one("IamInstanceProfile.Arn")
    profile = iam._lookup_instance_profile(name=name, arn=arn) if name or arn else None
    for role_name in profile["Roles"] if profile else ():
        role = iam._roles.get(role_name) or {}
        role_arn = role.get("Arn", f"arn:aws:iam::{get_account_id()}:role/{role_name}")
        if message := pass_role.refusal(call.access_key, role_arn, "ec2.amazonaws.com"):
            raise Refused("UnauthorizedOperation", f"You are not authorized to perform this operation. {message}", 403)


def install() -> None:
    """Stand before the actions that give an instance a profile."""
    ec2_api.check(("RunInstances", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"), _check)
