"""EC2: regions that are on, and calls to those that are off."""

import unittest

from testing_ssm import SsmTest

OFF = "eu-south-2"


class Regions(SsmTest):
    def regions(self, **request) -> dict[str, str]:
        return {region["RegionName"]: region["OptInStatus"]
                for region in self.ec2.describe_regions(**request)["Regions"]}

    def test_a_new_account_has_those_without_opt_in(self):
        enabled, everything = self.regions(), self.regions(AllRegions=True)
        self.assertEqual(set(enabled.values()), {"opt-in-not-required"})
        self.assertNotIn(OFF, enabled)
        self.assertEqual(everything[OFF], "not-opted-in")
        listed = self.client("account", region="us-east-1").list_regions(MaxResults=50)["Regions"]
        self.assertEqual({region["RegionName"] for region in listed if region["RegionOptStatus"] != "DISABLED"},
                         set(enabled))
        only = self.regions(AllRegions=True, Filters=[{"Name": "opt-in-status", "Values": ["not-opted-in"]}])
        self.assertEqual(set(only), set(everything) - set(enabled))
        self.refused("InvalidParameterValue", self.ec2.describe_regions, RegionNames=["eu-north-9"])

    def test_calls_to_a_region_that_is_off(self):
        ec2 = self.client("ec2", region=OFF)
        self.assertEqual(self.refused("AuthFailure", ec2.describe_instances)["ResponseMetadata"]["HTTPStatusCode"], 401)
        self.switch(disabledRegionIsOptInRequired=True)
        self.refused("OptInRequired", ec2.describe_instances)
        self.refused("UnrecognizedClientException", self.client("ssm", region=OFF).list_documents)
        self.refused("InvalidClientTokenId", self.client("sts", region=OFF).get_caller_identity)

    def test_opting_in_and_disabling(self):
        self.cloud.call("PUT", "regions", {"account": self.account, "optedIn": [OFF], "disabled": ["us-west-2"]})
        self.assertEqual(self.regions()[OFF], "opted-in")
        self.client("ec2", region=OFF).describe_instances()
        self.assertNotIn("us-west-2", self.regions())
        self.refused("AuthFailure", self.client("ec2", region="us-west-2").describe_instances)
        self.assertEqual(self.cloud.get("regions")[self.account], {"optedIn": [OFF], "disabled": ["us-west-2"]})


if __name__ == "__main__":
    unittest.main()
