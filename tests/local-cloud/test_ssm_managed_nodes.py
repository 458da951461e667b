"""Systems Manager: which instances are managed nodes, Default Host Management, and AWS's runbook for profiles."""

import unittest

from testing_cloud import REGION
from testing_ssm import SsmTest, allow

SETTING = "/ssm/managed-instance/default-ec2-instance-management-role"


class Nodes(SsmTest):
    def setUp(self):
        super().setUp()
        self.profile("Managed", managed=("AmazonSSMManagedInstanceCore",))

    def profile(self, name: str, **role) -> None:
        self.role(name, role.pop("statements", []), service="ec2.amazonaws.com", **role)
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    def nodes(self, **request) -> dict[str, dict]:
        found, request = {}, {"MaxResults": 50, **request}
        while True:
            answer = self.ssm.describe_instance_information(**request)
            found |= {entry["InstanceId"]: entry for entry in answer["InstanceInformationList"]}
            if "NextToken" not in answer:
                return found
            request["NextToken"] = answer["NextToken"]

    def agent(self, instance: str, **settings) -> None:
        self.cloud.call("PUT", f"instances/{instance}/agent?account={self.account}&region={REGION}", settings)


class Managed(Nodes):
    def test_what_makes_a_managed_node(self):
        (managed,) = self.instances(1, instanceProfile="Managed")
        self.instances(1)
        self.profile("Bare")
        self.instances(1, instanceProfile="Bare")
        self.instances(1, instanceProfile="Managed", agent={"status": "absent"})
        self.instances(1, instanceProfile="Managed", state="terminated")
        self.profile("Own", statements=[allow("ssm:UpdateInstanceInformation")])
        (own,) = self.instances(1, instanceProfile="Own")
        found = self.nodes()
        self.assertEqual(set(found), {managed, own})
        node = found[managed]
        self.assertEqual((node["PingStatus"], node["PlatformType"], node["PlatformName"], node["PlatformVersion"],
                          node["ResourceType"], node["IamRole"]),
                         ("Online", "Linux", "Amazon Linux", "2023", "EC2Instance", "Managed"))

    def test_a_profile_makes_one_and_unmakes_one(self):
        (instance,) = self.instances(1)
        self.assertEqual(self.nodes(), {})
        associated = self.ec2.associate_iam_instance_profile(
            InstanceId=instance, IamInstanceProfile={"Name": "Managed"})["IamInstanceProfileAssociation"]
        self.assertEqual(set(self.nodes()), {instance})
        self.ec2.disassociate_iam_instance_profile(AssociationId=associated["AssociationId"])
        self.assertEqual(self.nodes(), {})

    def test_stopped_and_silent_nodes_have_lost_their_connection(self):
        (stopped,) = self.instances(1, instanceProfile="Managed", state="stopped")
        (silent,) = self.instances(1, instanceProfile="Managed")
        self.agent(silent, status="offline")
        self.assertEqual({node["PingStatus"] for node in self.nodes().values()}, {"ConnectionLost"})
        self.ec2.start_instances(InstanceIds=[stopped])
        self.assertEqual(set(self.nodes(Filters=[{"Key": "PingStatus", "Values": ["Online"]}])), {stopped})

    def test_platforms_follow_from_image_and_settings(self):
        (windows,) = self.instances(1, instanceProfile="Managed", imageId="ami-0fedcba9876543210")
        (old,) = self.instances(1, instanceProfile="Managed", agent={
            "platformName": "CentOS Linux", "platformVersion": "6", "agentVersion": "2.3.0.0"})
        found = self.nodes()
        self.assertEqual(found[windows]["PlatformType"], "Windows")
        self.assertEqual((found[old]["PlatformName"], found[old]["AgentVersion"], found[old]["IsLatestVersion"]),
                         ("CentOS Linux", "2.3.0.0", False))

    def test_pages_and_filters(self):
        ids = self.instances(12, instanceProfile="Managed", tags={"Team": "a"})
        first = self.ssm.describe_instance_information()
        self.assertEqual(len(first["InstanceInformationList"]), 10)
        self.assertEqual(list(self.nodes(MaxResults=5)), ids)
        for size in (4, 51):
            self.refused("ValidationException", self.ssm.describe_instance_information, MaxResults=size)
        self.assertEqual(list(self.nodes(Filters=[{"Key": "InstanceIds", "Values": ids[3:5]}])), ids[3:5])
        self.assertEqual(list(self.nodes(InstanceInformationFilterList=[{"key": "InstanceIds", "valueSet": ids[:1]}])),
                         ids[:1])
        self.assertEqual(list(self.nodes(Filters=[{"Key": "tag:Team", "Values": ["a"]}])), ids)
        self.assertEqual(self.nodes(Filters=[{"Key": "tag:Team", "Values": ["b"]}]), {})
        self.refused("InvalidFilterKey", self.nodes, Filters=[{"Key": "Colour", "Values": ["red"]}])
        self.refused("InvalidFilterKey", self.nodes, Filters=[{"Key": "tag:Team", "Values": ["a"]},
                                                             {"Key": "PingStatus", "Values": ["Online"]}])
        self.refused("InvalidInstanceInformationFilterValue", self.nodes,
                     Filters=[{"Key": "InstanceIds", "Values": ["x"]}])


class HostManagement(Nodes):
    ROLE = "service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole"

    def setUp(self):
        super().setUp()
        self.iam.create_role(RoleName=self.ROLE.partition("/")[2], Path="/service-role/", AssumeRolePolicyDocument=(
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
            '"Principal": {"Service": "ssm.amazonaws.com"}}]}'))
        self.iam.attach_role_policy(RoleName=self.ROLE.partition("/")[2], PolicyArn=(
            "arn:aws:iam::aws:policy/AmazonSSMManagedEC2InstanceDefaultPolicy"))

    def setting(self) -> tuple[str, str]:
        found = self.ssm.get_service_setting(SettingId=SETTING)["ServiceSetting"]
        return found["SettingValue"], found["Status"]

    def test_it_manages_instances_without_a_profile_in_its_region(self):
        (instance,) = self.instances(1)
        (old,) = self.instances(1, agent={"agentVersion": "3.1.0.0"})
        self.assertEqual(self.setting(), ("$None", "Default"))
        self.ssm.update_service_setting(SettingId=SETTING, SettingValue=self.ROLE)
        self.assertEqual(self.setting(), (self.ROLE, "Customized"))
        self.assertEqual(set(self.nodes()), {instance})
        self.assertNotIn(old, self.nodes())
        self.instances(1, region="us-east-1")
        elsewhere = self.client("ssm", region="us-east-1").describe_instance_information()
        self.assertEqual(elsewhere["InstanceInformationList"], [])
        self.ssm.reset_service_setting(SettingId=SETTING)
        self.assertEqual(self.setting(), ("$None", "Default"))
        self.assertEqual(self.nodes(), {})

    def test_the_own_profile_comes_first(self):
        (instance,) = self.instances(1, instanceProfile="Managed")
        self.ssm.update_service_setting(SettingId=SETTING, SettingValue=self.ROLE)
        self.assertEqual(self.nodes()[instance]["IamRole"], "Managed")

    def test_it_takes_a_while(self):
        self.instances(1)
        self.switch(hostManagementDelaySeconds=600)
        self.ssm.update_service_setting(SettingId=SETTING, SettingValue=self.ROLE)
        self.assertEqual((self.setting()[1], self.nodes()), ("Customized", {}))
        self.switch(hostManagementDelaySeconds=0)
        self.assertEqual(len(self.nodes()), 1)

    def test_rights(self):
        setting = f"arn:aws:ssm:*:{self.account}:servicesetting{SETTING}"
        weak = self.client("ssm", self.caller("Weak", [allow("ssm:*ServiceSetting", setting)]))
        weak.get_service_setting(SettingId=SETTING)
        self.refused("AccessDeniedException", weak.update_service_setting, SettingId=SETTING, SettingValue=self.ROLE)
        self.assertEqual(self.setting()[0], "$None")
        strong = self.client("ssm", self.caller("Strong", [
            allow("ssm:*ServiceSetting", setting), allow("iam:PassRole", f"arn:aws:iam::*:role/{self.ROLE}")]))
        strong.update_service_setting(SettingId=SETTING, SettingValue=self.ROLE)


class AttachIamToInstance(Nodes):
    DOCUMENT = "AWS-AttachIAMToInstance"

    def attach(self, instance: str, role: str, **more) -> dict:
        given = {"InstanceId": [instance], "RoleName": [role], **{name: [value] for name, value in more.items()}}
        return self.ended(self.start(self.DOCUMENT, Parameters=given))

    def test_a_role_that_has_a_profile(self):
        (instance,) = self.instances(1)
        found = self.attach(instance, "Managed", ForceReplace="false")
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        self.assertTrue(found["Outputs"]["AttachIAMProfileToInstance.AssociationId"][0].startswith("iip-assoc-"))
        self.assertEqual(set(self.nodes()), {instance})

    def test_a_role_without_a_profile_gets_one(self):
        (instance,) = self.instances(1)
        self.role("Alone", [], service="ec2.amazonaws.com", managed=("AmazonSSMManagedInstanceCore",))
        found = self.attach(instance, "Alone")
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)
        self.assertEqual(self.iam.get_instance_profile(InstanceProfileName="Alone")["InstanceProfile"]["Roles"][0][
            "RoleName"], "Alone")
        self.assertEqual(self.nodes()[instance]["IamRole"], "Alone")

    def test_another_profile_is_replaced_only_by_force(self):
        self.profile("Other")
        (instance,) = self.instances(1, instanceProfile="Other")
        self.assertEqual(self.attach(instance, "Managed", ForceReplace="false")["AutomationExecutionStatus"], "Failed")
        self.assertEqual(self.nodes(), {})
        self.assertEqual(self.attach(instance, "Managed")["AutomationExecutionStatus"], "Success")
        self.assertEqual(set(self.nodes()), {instance})

    def test_its_role_has_to_pass_the_instances_role(self):
        (instance,) = self.instances(1)
        rights = ["ec2:DescribeIamInstanceProfileAssociations", "ec2:AssociateIamInstanceProfile",
                  "iam:ListInstanceProfilesForRole"]
        weak = self.role("Weak", [allow(rights)])
        found = self.attach(instance, "Managed", AutomationAssumeRole=weak)
        self.assertIn("UnauthorizedOperation", found["FailureMessage"])
        passing = allow("iam:PassRole", f"arn:aws:iam::{self.account}:role/Managed")
        strong = self.role("Strong", [allow(rights), passing])
        found = self.attach(instance, "Managed", AutomationAssumeRole=strong)
        self.assertEqual(found["AutomationExecutionStatus"], "Success", found)

    def test_it_is_amazons(self):
        described = self.ssm.describe_document(Name=self.DOCUMENT)["Document"]
        self.assertEqual((described["Owner"], described["DocumentType"]), ("Amazon", "Automation"))
        self.assertEqual({entry["Name"] for entry in described["Parameters"]},
                         {"InstanceId", "RoleName", "ForceReplace", "AutomationAssumeRole"})
        self.refused("InvalidDocument", self.ssm.delete_document, Name=self.DOCUMENT)
        starter = self.client("ssm", self.caller("Starter", [
            allow("ssm:StartAutomationExecution", f"arn:aws:ssm:*:*:document/{self.DOCUMENT}"),
            allow("ssm:StartAutomationExecution", "arn:aws:ssm:*:*:automation-execution/*")]))
        (instance,) = self.instances(1)
        self.start(self.DOCUMENT, ssm=starter, Parameters={"InstanceId": [instance], "RoleName": ["Managed"]})


if __name__ == "__main__":
    unittest.main()
