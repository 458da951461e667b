"""EC2: tags, what refuses them, their token bucket and their authorisation."""

import unittest

from testing_ssm import SsmTest, allow


def pairs(**tags) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Tags(SsmTest):
    def test_created_overwritten_and_deleted_by_value(self):
        (instance,) = self.instances(1)
        self.ec2.create_tags(Resources=[instance], Tags=pairs(a="1", b="", c="3", d="4"))
        self.ec2.create_tags(Resources=[instance], Tags=pairs(a="2"))
        self.assertEqual(self.tags(instance), {"a": "2", "b": "", "c": "3", "d": "4"})
        self.ec2.delete_tags(Resources=[instance], Tags=[*pairs(a="1", b="", c=""), {"Key": "d"}])
        self.assertEqual(self.tags(instance), {"a": "2", "c": "3"})
        self.ec2.delete_tags(Resources=[instance])
        self.assertEqual(self.tags(instance), {})

    def test_one_unknown_instance_fails_the_whole_call(self):
        (instance,) = self.instances(1)
        gone = "i-0000000000000000a"
        for action in (self.ec2.create_tags, self.ec2.delete_tags):
            refusal = self.refused("InvalidInstanceID.NotFound", action, Resources=[instance, gone], Tags=pairs(a="1"))
            self.assertEqual(refusal["Error"]["Message"], f"The instance ID '{gone}' does not exist")
        self.assertEqual(self.tags(instance), {})
        self.refused("InvalidInstanceID.Malformed", self.ec2.create_tags, Resources=["i-1"], Tags=pairs(a="1"))
        self.refused("InvalidID", self.ec2.create_tags, Resources=["nonsense"], Tags=pairs(a="1"))

    def test_what_a_tag_may_be(self):
        (instance,) = self.instances(1)
        for tag in ({"aws:x": "1"}, {"k" * 128: "1"}, {"k": "v" * 257}):
            self.refused("InvalidParameterValue", self.ec2.create_tags, Resources=[instance], Tags=pairs(**tag))
        self.ec2.create_tags(Resources=[instance], Tags=pairs(**{"k" * 127: "v" * 256}))
        self.refused("InvalidParameterValue", self.ec2.delete_tags, Resources=[instance], Tags=pairs(**{"aws:x": "1"}))
        self.refused("MissingParameter", self.ec2.create_tags, Resources=[instance], Tags=[])

    def test_fifty_tags(self):
        (instance,) = self.instances(1, tags={f"k{number}": "v" for number in range(49)})
        self.ec2.create_tags(Resources=[instance], Tags=pairs(one="1"))
        self.refused("TagLimitExceeded", self.ec2.create_tags, Resources=[instance], Tags=pairs(two="2"))
        self.ec2.create_tags(Resources=[instance], Tags=pairs(k0="new"))
        self.assertEqual(self.tags(instance)["k0"], "new")

    def test_a_new_instance_is_described_before_it_can_be_tagged(self):
        self.switch(taggableAfterSeconds=600)
        launched = self.ec2.run_instances(ImageId="ami-0c2023a1b2c3d4e5f", MinCount=1, MaxCount=1)
        new = launched["Instances"][0]["InstanceId"]
        self.ec2.describe_instances(InstanceIds=[new])
        self.refused("InvalidInstanceID.NotFound", self.ec2.create_tags, Resources=[new], Tags=pairs(a="1"))
        self.switch(taggableAfterSeconds=0)
        self.ec2.create_tags(Resources=[new], Tags=pairs(a="1"))

    def test_described_in_pages_and_by_filter(self):
        first, second = self.instances(2, tags={"a": "1", "b": "2", "c": "3"})
        by_key = self.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"]
        self.assertEqual([tag["ResourceId"] for tag in by_key], [first, second])
        page = self.ec2.describe_tags(MaxResults=5)
        rest = self.ec2.describe_tags(MaxResults=5, NextToken=page["NextToken"])
        self.assertEqual((len(page["Tags"]), len(rest["Tags"])), (5, 1))


class Bucket(SsmTest):
    def test_a_burst_is_throttled_until_it_refills(self):
        self.switch(tagRequestBurst=3, tagRequestsPerSecond=0.001)
        (instance,) = self.instances(1)
        request = {"Resources": [instance], "Tags": pairs(a="1")}
        for _ in range(3):
            self.ec2.create_tags(**request)
        throttled = self.refused("RequestLimitExceeded", self.ec2.create_tags, **request)
        self.assertEqual(throttled["ResponseMetadata"]["HTTPStatusCode"], 503)
        # Another action, another region and another account have buckets of their own.
        self.ec2.delete_tags(**request)
        (far,) = self.instances(1, region="us-east-1")
        self.client("ec2", region="us-east-1").create_tags(Resources=[far], Tags=pairs(a="1"))
        self.switch(tagRequestsPerSecond=1000)
        self.until(lambda: self.ec2.create_tags(**request), bool)

    def test_it_can_be_turned_off(self):
        self.switch(tagRequestBurst=0)
        (instance,) = self.instances(1)
        for _ in range(110):
            self.ec2.create_tags(Resources=[instance], Tags=pairs(a="1"))


class Authorisation(SsmTest):
    def test_every_resource_is_asked_for(self):
        first, second = self.instances(2)
        arn = f"arn:aws:ec2:*:{self.account}:instance/{first}"
        own = self.client("ec2", self.caller("Tagger", [allow("ec2:CreateTags", arn)]))
        own.create_tags(Resources=[first], Tags=pairs(a="1"))
        self.refused("UnauthorizedOperation", own.create_tags, Resources=[second], Tags=pairs(a="1"))
        self.refused("UnauthorizedOperation", own.create_tags, Resources=[first, second], Tags=pairs(a="1"))
        self.assertEqual(self.tags(second), {})

    def test_keys_are_a_condition(self):
        (instance,) = self.instances(1)
        condition = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Cloud"]}, "Null": {"aws:TagKeys": "false"}}
        own = self.client("ec2", self.caller("Tagger", [
            allow(["ec2:CreateTags", "ec2:DeleteTags"], condition=condition)]))
        own.create_tags(Resources=[instance], Tags=pairs(Cloud="AWS"))
        self.refused("UnauthorizedOperation", own.create_tags, Resources=[instance], Tags=pairs(Cloud="AWS", b="1"))
        own.delete_tags(Resources=[instance], Tags=pairs(Cloud="AWS"))
        self.refused("UnauthorizedOperation", own.delete_tags, Resources=[instance])

    def test_writes_are_kept_with_who_made_them(self):
        (instance,) = self.instances(1)
        self.ec2.create_tags(Resources=[instance], Tags=pairs(a="1"))
        self.refused("InvalidInstanceID.NotFound", self.ec2.create_tags, Resources=["i-0000000000000000a"],
                     Tags=pairs(a="1"))
        writes = [write for write in self.cloud.get("tag-writes") if write["account"] == self.account]
        self.assertEqual([write["outcome"] for write in writes], ["ok", "InvalidInstanceID.NotFound"])
        self.assertEqual(writes[0]["resources"], [instance])
        self.assertEqual(writes[0]["principal"], f"arn:aws:iam::{self.account}:root")
        self.assertIsNone(writes[0]["automationExecutionId"])


if __name__ == "__main__":
    unittest.main()
