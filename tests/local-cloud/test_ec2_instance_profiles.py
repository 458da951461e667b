"""EC2: what giving an instance a profile, another one or none is authorised on. IAM: what actions on profiles are."""

import unittest

from testing_ssm import SsmTest, allow

ASSOCIATE, REPLACE = "ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation"
DISASSOCIATE = "ec2:DisassociateIamInstanceProfile"


class ProfileTest(SsmTest):
    def setUp(self):
        super().setUp()
        self.callers = 0

    def profile(self, name: str, **more) -> str:
        """An instance profile with a role of its name; its ARN."""
        self.role(name, [], service="ec2.amazonaws.com")
        made = self.iam.create_instance_profile(InstanceProfileName=name, **more)["InstanceProfile"]
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return made["Arn"]

    def passing(self, name: str, service: str = "ec2.amazonaws.com") -> dict:
        return allow("iam:PassRole", f"arn:aws:iam::{self.account}:role/{name}",
                     condition={"StringEquals": {"iam:PassedToService": service}})

    def ec2_with(self, *statements):
        """EC2 for a caller with these rights alone."""
        self.callers += 1
        return self.client("ec2", self.caller(f"Caller{self.callers}", list(statements)))

    def instance_arn(self, instance_id: str) -> str:
        return f"arn:aws:ec2:*:{self.account}:instance/{instance_id}"


def associating(instance_id: str, **profile) -> dict:
    return {"InstanceId": instance_id, "IamInstanceProfile": profile}


class Associating(ProfileTest):
    def denied(self, ec2, **request) -> str:
        return self.refused("UnauthorizedOperation", ec2.associate_iam_instance_profile, **request)["Error"]["Message"]

    def test_it_takes_the_right_to_pass_the_role_to_ec2(self):
        (instance,) = self.instances(1)
        self.profile("Machine")
        request = associating(instance, Name="Machine")
        for statements in ([], [self.passing("Other")], [self.passing("Machine", "ssm.amazonaws.com")]):
            self.assertIn("iam:PassRole", self.denied(self.ec2_with(allow(ASSOCIATE), *statements), **request))
        self.ec2_with(allow(ASSOCIATE), self.passing("Machine")).associate_iam_instance_profile(**request)

    def test_it_is_authorised_on_the_instance(self):
        first, second = self.instances(2)
        self.profile("Machine")
        own = self.ec2_with(allow(ASSOCIATE, self.instance_arn(first)), self.passing("Machine"))
        self.assertIn(ASSOCIATE, self.denied(own, **associating(second, Name="Machine")))
        own.associate_iam_instance_profile(**associating(first, Name="Machine"))

    def test_the_new_profile_is_a_condition_by_name_and_by_arn(self):
        first, second = self.instances(2)
        machine, other = self.profile("Machine", Path="/team/"), self.profile("Other")
        own = self.ec2_with(
            allow(ASSOCIATE, self.instance_arn("*"), condition={"ArnEquals": {"ec2:NewInstanceProfile": machine}}),
            self.passing("Machine"), self.passing("Other"))
        for profile in ({"Name": "Other"}, {"Arn": other}, {"Name": "Missing"}):
            self.assertIn(ASSOCIATE, self.denied(own, **associating(first, **profile)))
        own.associate_iam_instance_profile(**associating(first, Name="Machine"))
        own.associate_iam_instance_profile(**associating(second, Arn=machine))


class Changing(ProfileTest):
    def association(self, instance_id: str) -> str:
        found = self.ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [instance_id]}])
        return found["IamInstanceProfileAssociations"][0]["AssociationId"]

    def setUp(self):
        super().setUp()
        self.old, self.new = self.profile("Old"), self.profile("New")
        self.first, self.second = self.instances(2, instanceProfile="Old")

    def test_another_profile_is_authorised_on_the_associations_instance_by_both_profiles(self):
        keys = {"ArnEquals": {"ec2:InstanceProfile": self.old, "ec2:NewInstanceProfile": self.new}}
        own = self.ec2_with(allow(REPLACE, self.instance_arn(self.first), condition=keys), self.passing("New"),
                            self.passing("Old"))

        def replace(instance_id: str, name: str) -> dict:
            return {"AssociationId": self.association(instance_id), "IamInstanceProfile": {"Name": name}}

        for request in (replace(self.second, "New"), replace(self.first, "Old")):
            self.refused("UnauthorizedOperation", own.replace_iam_instance_profile_association, **request)
        own.replace_iam_instance_profile_association(**replace(self.first, "New"))
        # The profile that is there now is another one.
        self.refused("UnauthorizedOperation", own.replace_iam_instance_profile_association,
                     **replace(self.first, "New"))

    def test_taking_it_away_is_authorised_on_the_associations_instance(self):
        own = self.ec2_with(allow(DISASSOCIATE, self.instance_arn(self.first)))
        second = self.association(self.second)
        self.refused("UnauthorizedOperation", own.disassociate_iam_instance_profile, AssociationId=second)
        own.disassociate_iam_instance_profile(AssociationId=self.association(self.first))
        every = self.ec2_with(allow(DISASSOCIATE, self.instance_arn("*")))
        self.refused("InvalidAssociationID.NotFound", every.disassociate_iam_instance_profile,
                     AssociationId="iip-assoc-0000000000000000a")


class Profiles(ProfileTest):
    def iam_with(self, name: str, actions, resource: str):
        return self.client("iam", self.caller(name, [allow(actions, resource)]))

    def test_actions_are_authorised_on_the_profile_with_its_path(self):
        arn = self.profile("Machine", Path="/team/")
        own = self.iam_with("Reader", "iam:GetInstanceProfile", arn)
        own.get_instance_profile(InstanceProfileName="Machine")
        for other in (arn.replace("/team/", "/"), arn.replace(":instance-profile/team/", ":role/")):
            weak = self.iam_with(f"Reader{len(other)}", "iam:GetInstanceProfile", other)
            message = self.refused("AccessDenied", weak.get_instance_profile, InstanceProfileName="Machine")
            self.assertIn(f"on resource: {arn}", message["Error"]["Message"])

    def test_a_profile_that_is_made_has_the_path_of_the_request(self):
        arn = f"arn:aws:iam::{self.account}:instance-profile/team/Machine"
        own = self.iam_with("Maker", "iam:CreateInstanceProfile", arn)
        self.refused("AccessDenied", own.create_instance_profile, InstanceProfileName="Machine")
        made = own.create_instance_profile(InstanceProfileName="Machine", Path="/team/")["InstanceProfile"]
        self.assertEqual(made["Arn"], arn)

    def test_a_role_is_put_into_a_profile_by_a_right_on_the_profile(self):
        arn = self.profile("Machine")
        actions = ["iam:RemoveRoleFromInstanceProfile", "iam:AddRoleToInstanceProfile"]
        request = {"InstanceProfileName": "Machine", "RoleName": "Machine"}
        on_role = self.iam_with("OnRole", actions, f"arn:aws:iam::{self.account}:role/Machine")
        self.refused("AccessDenied", on_role.remove_role_from_instance_profile, **request)
        on_profile = self.iam_with("OnProfile", actions, arn)
        on_profile.remove_role_from_instance_profile(**request)
        on_profile.add_role_to_instance_profile(**request)

    def test_profiles_of_a_role_are_listed_by_a_right_on_the_role(self):
        arn = self.profile("Machine")
        on_profile = self.iam_with("OnProfile", "iam:ListInstanceProfilesForRole", arn)
        self.refused("AccessDenied", on_profile.list_instance_profiles_for_role, RoleName="Machine")
        on_role = self.iam_with("OnRole", "iam:ListInstanceProfilesForRole",
                                f"arn:aws:iam::{self.account}:role/Machine")
        on_role.list_instance_profiles_for_role(RoleName="Machine")


if __name__ == "__main__":
    unittest.main()
