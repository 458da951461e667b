"""Roles: quotas, grammar, managed policies, and principals that come and go, through the API and CloudFormation."""

import json
import unittest

from test_identity import IdentityTest
from testing_stacks import StackTest, role

FOREIGN = "arn:aws:iam::197857026523:user/azuredefender-eks"
USED = ("ReadOnlyAccess", "SecurityAudit", "AmazonS3ReadOnlyAccess", "AmazonEC2ContainerRegistryPowerUser",
        "AmazonElasticContainerRegistryPublicPowerUser", "AmazonEC2ContainerRegistryReadOnly",
        "AmazonElasticContainerRegistryPublicReadOnly", "AmazonSSMManagedInstanceCore", "AmazonSSMPatchAssociation")


def policy(*statements, **more) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def allow(action="ec2:Describe*", resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def half_a_role() -> dict:
    """A policy of which a role's quota holds one but not two."""
    return json.loads(policy(allow([f"ec2:Describe{n:04}" for n in range(275)])))


def trust(principal: dict, **more) -> str:
    return policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})


class PolicyTest(IdentityTest):
    """A test with a role ``R``."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.cloud.call, "PUT", "switches", dict.fromkeys(self.cloud.get("switches")))
        self.root = trust({"AWS": f"arn:aws:iam::{self.account}:root"})
        self.iam.create_role(RoleName="R", AssumeRolePolicyDocument=self.root)

    def message(self, code: str, call, **arguments) -> str:
        return self.refused(code, call, **arguments)["Error"]["Message"]

    def principal(self, name: str):
        document = self.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        return document["Statement"][0]["Principal"]["AWS"]


class Policies(PolicyTest):
    def put(self, document: str, name: str = "own"):
        return self.iam.put_role_policy(RoleName="R", PolicyName=name, PolicyDocument=document)

    def test_inline_policies_share_a_quota_that_white_space_does_not_use_up(self):
        half, spread = json.dumps(half_a_role()), json.dumps(half_a_role(), indent=12)
        self.assertGreater(len(spread), 10_240)
        self.put(spread)
        self.put(half)
        self.assertEqual(self.message("LimitExceeded", self.put, document=half, name="more"),
                         "Maximum policy size of 10240 bytes exceeded for role R")
        self.put(policy(allow()), "more")

    def test_managed_policies(self):
        for name in USED:
            self.iam.attach_role_policy(RoleName="R", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
        attached = self.iam.list_attached_role_policies(RoleName="R")["AttachedPolicies"]
        self.assertEqual([found["PolicyName"] for found in attached], list(USED))
        for found in attached:
            version = self.iam.get_policy(PolicyArn=found["PolicyArn"])["Policy"]["DefaultVersionId"]
            document = self.iam.get_policy_version(
                PolicyArn=found["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
            self.assertTrue(all(statement["Action"] for statement in document["Statement"]))
        attach = self.iam.attach_role_policy
        missing = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUsers"
        self.assertEqual(self.message("NoSuchEntity", attach, RoleName="R", PolicyArn=missing),
                         f"Policy {missing} does not exist or is not attachable.")
        attach(RoleName="R", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
        attach(RoleName="R", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
        self.assertEqual(self.message("LimitExceeded", attach, RoleName="R",
                                      PolicyArn="arn:aws:iam::aws:policy/AmazonSNSFullAccess"),
                         "Cannot exceed quota for PoliciesPerRole: 10")

    def test_what_a_role_allows_can_be_read(self):
        self.put(policy(allow(Sid="Look")))
        root = self.cloud.client("iam", self.account)
        self.assertEqual(root.list_role_policies(RoleName="R")["PolicyNames"], ["own"])
        document = root.get_role_policy(RoleName="R", PolicyName="own")["PolicyDocument"]
        self.assertEqual(document["Statement"], [allow(Sid="Look")])

    def test_grammar(self):
        for expected, document in (
                ("invalid Json", "{"), ("Syntax errors", "{}"), ("Syntax errors", policy({"Effect": "allow"})),
                ("alpha-numeric", policy(allow(Sid="Read-Only"))), ("unique", policy(allow(Sid="A"), allow(Sid="A"))),
                ("principal", policy(allow(Principal="*"))), ("contain actions", policy(allow(action=[]))),
                ("contain resources", policy(allow(resource=[]))), ("vendor", policy(allow(action="DescribeTags"))),
                ("ARN format", policy(allow(resource="arn:aws:s3"))), ("ARN format", policy(allow(resource="")))):
            self.assertIn(expected, self.message("MalformedPolicyDocument", self.put, document=document))
        self.put(policy(allow(action=["*", "s3:Get*"], resource=["*", "arn:aws:s3:::a/*"], Sid="")))

    def test_names_are_not_told_apart_by_case(self):
        self.assertEqual(self.message("EntityAlreadyExists", self.iam.create_role, RoleName="r",
                                      AssumeRolePolicyDocument=self.root), "Role with name r already exists.")


class Principals(PolicyTest):
    def create(self, document: str, name: str = "T"):
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)

    def test_grammar_and_quota(self):
        for expected, document in (
                ("invalid Json", "no"), ("Has prohibited field Resource", trust({"AWS": "*"}, Resource="*")),
                ("Missing required field Principal", trust({})),
                ("may only specify STS", trust({"AWS": "*"}, Action="iam:GetRole")),
                ("Invalid principal", trust({"AWS": f"arn:aws:iam::{self.account}:role/*"})),
                ("Invalid principal", trust({"AWS": ""}))):
            self.assertIn(expected, self.message("MalformedPolicyDocument", self.create, document=document))
        many = trust({"AWS": "*"}, Condition={"StringEquals": {"sts:ExternalId": [f"{n:036}" for n in range(60)]}})
        update = self.iam.update_assume_role_policy
        for call in (lambda: self.create(many), lambda: update(RoleName="R", PolicyDocument=many)):
            self.assertEqual(self.message("LimitExceeded", call), "Cannot exceed quota for ACLSizePerRole: 2048")

    def test_principals_of_other_accounts(self):
        self.create(trust({"AWS": [FOREIGN, f"arn:aws:iam::{self.account}:role/R"]}))
        other = str(int(self.account) + 500)
        self.cloud.client("iam", other).create_role(RoleName="Theirs", AssumeRolePolicyDocument=self.root)
        self.create(trust({"AWS": f"arn:aws:iam::{other}:role/Theirs"}), "U")
        for gone in (f"arn:aws:iam::{other}:role/Others", f"arn:aws:iam::{other}:role/path/Theirs"):
            self.assertEqual(self.message("MalformedPolicyDocument", self.create, name="V",
                                          document=trust({"AWS": gone})),
                             f'Invalid principal in policy: "AWS":"{gone}"')
        self.cloud.call("PUT", "switches", {"foreignPrincipalsExist": False})
        self.assertEqual(self.message("MalformedPolicyDocument", self.create, name="V",
                                      document=trust({"AWS": FOREIGN})),
                         f'Invalid principal in policy: "AWS":"{FOREIGN}"')

    def test_a_principal_made_anew_is_another_one(self):
        assume = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]
        friend, arn = f"arn:aws:iam::{self.account}:role/Friend", f"arn:aws:iam::{self.account}:role/T"
        first = self.make_role("Friend", assume)
        self.create(trust({"AWS": [friend, f"arn:aws:iam::{self.account}:role/R"]}))
        self.create(trust({"AWS": friend}), "U")
        self.session(arn, first)
        unique_id = self.iam.get_role(RoleName="Friend")["Role"]["RoleId"]
        self.iam.delete_role_policy(RoleName="Friend", PolicyName="own")
        self.iam.delete_role(RoleName="Friend")
        self.assertEqual(self.principal("T"), [unique_id, f"arn:aws:iam::{self.account}:role/R"])
        self.assertEqual(self.principal("U"), unique_id)
        self.refused("AccessDenied", self.session, arn=arn, credentials=self.make_role("Friend", assume))
        update = self.iam.update_assume_role_policy
        self.refused("MalformedPolicyDocument", update, RoleName="T", PolicyDocument=trust({"AWS": unique_id}))
        update(RoleName="T", PolicyDocument=trust({"AWS": friend}))
        self.session(arn, self.session(friend))

    def test_the_provider_of_a_tenant_of_ones_own(self):
        tenant = "sts.windows.net/0a1b2c3d-0000-4000-8000-123456789abc/"
        arn = self.iam.create_open_id_connect_provider(
            Url=f"https://{tenant}", ClientIDList=["api://mciem-aws-oidc-app"])["OpenIDConnectProviderArn"]
        self.assertEqual(arn, f"arn:aws:iam::{self.account}:oidc-provider/{tenant}")
        self.create(policy({"Effect": "Allow", "Principal": {"Federated": arn}, "Condition": {
            "StringEquals": {f"{tenant}:aud": "api://mciem-aws-oidc-app"}}, "Action": "sts:AssumeRoleWithWebIdentity"}))
        found = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        self.assertEqual((found["Url"], found["ClientIDList"]), (tenant, ["api://mciem-aws-oidc-app"]))


class InStacks(StackTest):
    def failing(self, expected: str, code: str, **properties):
        template = {"Parameters": {"CodeBucket": {"Type": "String"}}, "Resources": {"Made": role()}}
        template["Resources"]["Made"]["Properties"].update(properties)
        self.assertEqual(self.create(template), "ROLLBACK_COMPLETE")
        reason = self.reasons("Made", "CREATE_FAILED")[0]
        self.assertTrue(reason.startswith(f'Resource handler returned message: "{expected} (Service: Iam, '), reason)
        self.assertTrue(reason.endswith(f"HandlerErrorCode: {code})"), reason)

    def test_refusals_reach_the_events(self):
        missing = "arn:aws:iam::aws:policy/Missing"
        self.failing(f"Policy {missing} does not exist or is not attachable.", "NotFound", ManagedPolicyArns=[missing])
        large = [{"PolicyName": name, "PolicyDocument": half_a_role()} for name in "ab"]
        self.failing("Maximum policy size of 10240 bytes exceeded for role Large", "ServiceLimitExceeded",
                     RoleName="Large", Policies=large)
        absent = f"arn:aws:iam::{self.account}:role/Absent"
        self.failing(f'Invalid principal in policy: "AWS":"{absent}"', "InvalidRequest",
                     AssumeRolePolicyDocument=trust({"AWS": absent}))
        self.failing("This policy contains invalid Json", "InvalidRequest", AssumeRolePolicyDocument="{")

    def test_trust_as_text_and_a_role_that_another_one_trusts(self):
        text = trust({"AWS": "${Trusted.Arn}"}, Condition={"StringEquals": {"sts:ExternalId": "${AWS::StackName}"}})
        trusted, trusting = role(), role()
        trusted["Properties"]["RoleName"] = {"Ref": "Name"}
        trusting["Properties"].update(RoleName="Trusting", AssumeRolePolicyDocument={"Fn::Sub": text})
        template = {"Parameters": {"CodeBucket": {"Type": "String"}, "Name": {"Type": "String"}},
                    "Resources": {"Trusted": trusted, "Trusting": trusting}}
        iam = self.cloud.client("iam", self.account)
        self.assertEqual(self.create(template, {"Name": "First"}), "CREATE_COMPLETE")
        for name in ("First", "Second"):
            statement = iam.get_role(RoleName="Trusting")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
            self.assertEqual((statement["Principal"]["AWS"], statement["Condition"]),
                             (f"arn:aws:iam::{self.account}:role/{name}", {"StringEquals": {"sts:ExternalId": "lab"}}))
            if name == "First":
                self.assertEqual(self.update(template, {"Name": "Second"}), "UPDATE_COMPLETE")
        self.assertEqual([found["RoleName"] for found in iam.list_roles()["Roles"]], ["Trusting", "Second"])
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(self.stack_id()), "DELETE_COMPLETE")
        self.assertEqual(iam.list_roles()["Roles"], [])


if __name__ == "__main__":
    unittest.main()
