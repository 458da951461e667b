"""Identity: web identity tokens, the provider API, trust policies, and faults on request."""

import base64
import json
import threading
import time
import unittest

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from testing_cloud import shared_cloud

ISSUER_URL = "https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"


class IdentityTest(unittest.TestCase):
    """A test with an account of its own."""

    account = "200000000001"

    def setUp(self):
        self.cloud = shared_cloud()
        IdentityTest.account = str(int(IdentityTest.account) + 1)
        self.iam = self.cloud.client("iam", self.account)

    def refused(self, code: str, call, **arguments):
        with self.assertRaises(ClientError) as refusal:
            call(**arguments)
        self.assertEqual(refusal.exception.response["Error"]["Code"], code)
        return refusal.exception.response

    def make_role(self, name: str, statements: list, trust: dict | None = None, path: str = "/") -> dict:
        trust = trust or {"Effect": "Allow", "Action": "sts:AssumeRole",
                          "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"}}
        self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust]}))
        self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))
        return self.session(f"arn:aws:iam::{self.account}:role{path}{name}")

    def session(self, arn: str, credentials: dict | None = None) -> dict:
        sts = self.cloud.client("sts", self.account, credentials)
        return sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]


class WebIdentityToken(IdentityTest):
    MINT = {"Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*", "Condition": {
        "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": "api://AzureADTokenExchange"},
        "StringEquals": {"sts:SigningAlgorithm": "RS256"}, "NumericLessThanEquals": {"sts:DurationSeconds": 300}}}

    def mint(self, sts, **changes):
        return sts.get_web_identity_token(**{"Audience": ["api://AzureADTokenExchange"], "DurationSeconds": 300,
                                             "SigningAlgorithm": "RS256", **changes})

    def test_federation_switch(self):
        self.refused("FeatureDisabled", self.iam.get_outbound_web_identity_federation_info)
        issuer = self.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        self.refused("FeatureEnabled", self.iam.enable_outbound_web_identity_federation)
        self.assertEqual(self.iam.get_outbound_web_identity_federation_info()["IssuerIdentifier"], issuer)
        self.iam.disable_outbound_web_identity_federation()
        self.refused("FeatureDisabled", self.iam.disable_outbound_web_identity_federation)

    def test_token_verifies_against_the_issuer(self):
        sts = self.cloud.client("sts", self.account, self.make_role("Mint", [self.MINT], path="/team/"))
        response = self.refused("OutboundWebIdentityFederationDisabledException", self.mint, sts=sts)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 403)
        issuer = self.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        parts = self.mint(sts)["WebIdentityToken"].split(".")
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
        self.assertEqual((claims["iss"], claims["aud"], claims["sub"]),
                         (issuer, "api://AzureADTokenExchange", f"arn:aws:iam::{self.account}:role/team/Mint"))
        self.assertEqual(claims["exp"] - claims["iat"], 300)
        self.assertEqual(claims["https://sts.amazonaws.com/"]["aws_account"], self.account)
        discovery = self.cloud.get(f"{issuer}/.well-known/openid-configuration")
        self.assertEqual(discovery["issuer"], issuer)
        keys = {key["kid"]: key for key in self.cloud.get(discovery["jwks_uri"])["keys"]}
        modulus, exponent = (int.from_bytes(base64.urlsafe_b64decode(keys[header["kid"]][member] + "=="))
                             for member in "ne")
        rsa.RSAPublicNumbers(exponent, modulus).public_key().verify(
            base64.urlsafe_b64decode(parts[2] + "=="), ".".join(parts[:2]).encode(), padding.PKCS1v15(),
            hashes.SHA256())

    def test_policy_and_constraints(self):
        self.iam.enable_outbound_web_identity_federation()
        sts = self.cloud.client("sts", self.account, self.make_role("Mint", [self.MINT]))
        for changes in ({"Audience": ["api://other"]}, {"DurationSeconds": 301}, {"SigningAlgorithm": "ES384"}):
            self.refused("AccessDenied", self.mint, sts=sts, **changes)
        root = self.cloud.client("sts", self.account)
        self.refused("ValidationError", self.mint, sts=root, SigningAlgorithm="HS256")
        self.refused("ValidationError", self.mint, sts=root, DurationSeconds=59)
        self.refused("ValidationError", self.mint, sts=root, Audience=[f"a{n}" for n in range(11)])


class ProviderApi(IdentityTest):
    def test_whole_life(self):
        arn = self.iam.create_open_id_connect_provider(Url=ISSUER_URL, ClientIDList=["a"], Tags=[
            {"Key": "ManagedBy", "Value": "test"}])["OpenIDConnectProviderArn"]
        self.assertTrue(arn.endswith("33e01921-4d64-4f8c-a055-5bdaffd5e33d/"))
        self.refused("EntityAlreadyExists", self.iam.create_open_id_connect_provider, Url=ISSUER_URL)
        provider = {"OpenIDConnectProviderArn": arn}
        for _ in range(2):
            self.iam.add_client_id_to_open_id_connect_provider(**provider, ClientID="api://b?c&d")
        self.iam.update_open_id_connect_provider_thumbprint(**provider, ThumbprintList=["0" * 40])
        self.iam.tag_open_id_connect_provider(**provider, Tags=[{"Key": "A/api://b", "Value": ""}])
        found = self.iam.get_open_id_connect_provider(**provider)
        self.assertEqual((found["Url"], found["ClientIDList"], found["ThumbprintList"]),
                         (ISSUER_URL.removeprefix("https://"), ["a", "api://b?c&d"], ["0" * 40]))
        self.assertEqual([tag["Key"] for tag in self.iam.list_open_id_connect_provider_tags(**provider)["Tags"]],
                         ["A/api://b", "ManagedBy"])
        for _ in range(2):
            self.iam.remove_client_id_from_open_id_connect_provider(**provider, ClientID="a")
        self.iam.untag_open_id_connect_provider(**provider, TagKeys=["ManagedBy", "absent"])
        found = self.iam.get_open_id_connect_provider(**provider)
        self.assertEqual((found["ClientIDList"], len(found["Tags"])), (["api://b?c&d"], 1))
        many = [{"Key": f"k{n}", "Value": "v"} for n in range(50)]
        self.refused("LimitExceeded", self.iam.tag_open_id_connect_provider, **provider, Tags=many)
        self.iam.delete_open_id_connect_provider(**provider)
        self.refused("NoSuchEntity", self.iam.get_open_id_connect_provider, **provider)
        self.refused("NoSuchEntity", self.iam.delete_open_id_connect_provider, **provider)

    def test_authorised_on_the_provider(self):
        arn = f"arn:aws:iam::{self.account}:oidc-provider/{ISSUER_URL.removeprefix('https://')}"
        own = self.cloud.client("iam", self.account, self.make_role("Keeper", [{
            "Effect": "Allow", "Action": ["iam:*OpenIDConnectProvider*"], "Resource": arn}]))
        own.create_open_id_connect_provider(Url=ISSUER_URL)
        own.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        refusal = self.refused("AccessDenied", own.create_open_id_connect_provider, Url="https://other.example")
        self.assertIn("on resource: arn:aws:iam::", refusal["Error"]["Message"])

    def test_faults(self):
        self.cloud.call("PUT", "faults", [{"service": "iam", "action": "ListOpenIDConnectProviders", "times": 1,
                                      "account": self.account, "status": 403, "code": "AccessDenied"}])
        self.refused("AccessDenied", self.iam.list_open_id_connect_providers)
        self.iam.list_open_id_connect_providers()
        self.assertEqual(self.cloud.get("faults")[0]["times"], 0)

    def test_a_held_answer_comes_late_and_the_call_took_effect_before(self):
        self.cloud.call("PUT", "faults", [{"service": "iam", "action": "CreateOpenIDConnectProvider",
                                      "account": self.account, "holdSeconds": 2}])
        own = self.cloud.client("iam", self.account, self.make_role("Maker", [{
            "Effect": "Allow", "Action": "iam:CreateOpenIDConnectProvider", "Resource": "*"}]))
        begun = time.monotonic()
        creation = threading.Thread(target=own.create_open_id_connect_provider, kwargs={"Url": ISSUER_URL})
        creation.start()
        while not self.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            self.assertLess(time.monotonic(), begun + 1.5)
        self.assertTrue(creation.is_alive())
        creation.join()
        self.assertGreaterEqual(time.monotonic() - begun, 2)


class TrustPolicies(IdentityTest):
    def trust(self, condition: dict) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition, "Principal": {
                "Federated": f"arn:aws:iam::{self.account}:oidc-provider/{ISSUER_URL.removeprefix('https://')}"}}]})

    def test_shared_issuer_and_missing_provider(self):
        good = {"StringLike": {"sts:RoleSessionName": "MicrosoftDefenderForClouds_*"}}
        create = self.iam.create_role
        self.refused("MalformedPolicyDocument", create, RoleName="A", AssumeRolePolicyDocument=self.trust(good))
        self.cloud.call("PUT", "switches", {"trustNeedsProvider": False})
        create(RoleName="B", AssumeRolePolicyDocument=self.trust(good))
        self.cloud.call("PUT", "switches", {"trustNeedsProvider": None})
        self.iam.create_open_id_connect_provider(Url=ISSUER_URL)
        create(RoleName="C", AssumeRolePolicyDocument=self.trust(good))
        for bad in ({}, {"StringLike": {"sts:RoleSessionName": "*"}}):
            self.refused("MalformedPolicyDocument", create, RoleName="D", AssumeRolePolicyDocument=self.trust(bad))

    def test_principal_arn_is_the_role_not_the_session(self):
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        callers = [self.make_role(name, [assume]) for name in ("Friend", "Stranger")]
        self.iam.create_role(RoleName="Access", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"},
                "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{self.account}:role/Friend"}}}]}))
        arn = f"arn:aws:iam::{self.account}:role/Access"
        self.session(arn, callers[0])
        self.refused("AccessDenied", self.session, arn=arn, credentials=callers[1])
        unknown = {"Effect": "Allow", "Action": "sts:AssumeRole",
                   "Principal": {"AWS": f"arn:aws:iam::{self.account}:role/Nobody"}}
        self.refused("MalformedPolicyDocument", self.make_role, name="E", statements=[assume], trust=unknown)


if __name__ == "__main__":
    unittest.main()
