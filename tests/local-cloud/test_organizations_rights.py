"""AWS Organizations: rights of roles, condition keys, roles of suspended accounts, and what others hear of changes."""

import json
import unittest

import organizations_model
import organizations_view as view
from testing_organizations import OrganizationTest

ASSUME = "sts:AssumeRole"


class Rights(OrganizationTest):
    def role(self, account: str, name: str, trust: dict, *statements: dict) -> str:
        iam = self.client("iam", account)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ASSUME, **trust}]}))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}))
        return f"arn:aws:iam::{account}:role/{name}"

    def session(self, role: str, account: str, credentials: dict | None = None) -> dict:
        return self.client("sts", account, credentials=credentials).assume_role(
            RoleArn=role, RoleSessionName="test")["Credentials"]

    def test_actions_are_authorised_on_their_resources(self):
        member, other = self.members[:2]
        made = self.build(accounts=[member, other], units=[{"name": "In"}])
        organization, unit = made["organizationId"], made["units"]["In"]
        arn = f"arn:aws:organizations::{self.management}"
        role = self.role(
            self.management, "Reader", {"Principal": {"AWS": f"arn:aws:iam::{self.management}:root"}},
            {"Action": "organizations:ListAccounts", "Resource": "*"},
            {"Action": "organizations:DescribeAccount", "Resource": f"{arn}:account/{organization}/{member}"},
            {"Action": "organizations:ListAccountsForParent", "Resource": f"{arn}:ou/{organization}/{unit}"})
        reader = self.client("organizations", self.management, credentials=self.session(role, self.management))
        self.assertEqual(len(reader.list_accounts()["Accounts"]), 3)
        reader.describe_account(AccountId=member)
        reader.list_accounts_for_parent(ParentId=unit)
        self.refused("AccessDeniedException", reader.describe_account, AccountId=other)
        self.refused("AccessDeniedException", reader.list_accounts_for_parent, ParentId=made["rootId"])
        refusal = self.refused("AccessDeniedException", reader.describe_organization)
        self.assertIn("organizations:DescribeOrganization", refusal["Error"]["Message"])

    def test_organization_of_the_caller(self):
        member, outsider = self.members[:2]
        made = self.build(accounts=[member])
        trust = {"Principal": {"AWS": "*"},
                 "Condition": {"StringEquals": {"aws:PrincipalOrgID": made["organizationId"]}}}
        target = self.role(member, "Access", trust)
        here = {"Condition": {"StringEquals": {"aws:ResourceOrgID": made["organizationId"]}}}
        allowed = {"Action": ASSUME, "Resource": "*"}
        callers = {}
        for account, condition in ((self.management, here), (outsider, {})):
            role = self.role(account, "Function", {"Principal": {"AWS": f"arn:aws:iam::{account}:root"}},
                             {**allowed, **condition})
            callers[account] = self.session(role, account)
        self.session(target, self.management, callers[self.management])
        self.refused("AccessDenied", self.session, role=target, account=outsider, credentials=callers[outsider])
        self.cloud.call("POST", f"organization/accounts?account={self.management}",
                        {"id": outsider, "joinedMethod": "INVITED"})
        self.session(target, outsider, callers[outsider])
        self.cloud.call("POST", f"organization/accounts/{member}/leave")
        self.refused("AccessDenied", self.session, role=target, account=self.management,
                     credentials=callers[self.management])

    def test_roles_of_accounts_that_are_not_active(self):
        member = self.members[0]
        self.build(accounts=[member])
        role = self.role(member, "Access", {"Principal": {"AWS": f"arn:aws:iam::{self.management}:root"}})
        self.session(role, self.management)
        for state in ("SUSPENDED", "PENDING_CLOSURE", "CLOSED"):
            self.cloud.call("PUT", f"organization/accounts/{member}", {"state": state})
            refusal = self.refused("AccessDenied", self.session, role=role, account=self.management)
            self.assertIn(f"is not authorized to perform: {ASSUME} on resource: {role}", refusal["Error"]["Message"])
        self.cloud.call("PUT", f"organization/accounts/{member}", {"state": "ACTIVE"})
        self.session(role, self.management)


class Listeners(unittest.TestCase):
    """The view that other modules have, in this process."""

    def setUp(self):
        self.addCleanup(organizations_model.reset)
        self.changes = []
        view.on_change(self.changes.append)
        self.addCleanup(organizations_model.listeners.remove, self.changes.append)

    def test_changes(self):
        organization = organizations_model.create("100000000001", "management", "m@example.com")
        outer = organization.add_unit("Outer", organization.root)
        inner = organization.add_unit("Inner", outer.id)
        account = organizations_model.Account("100000000002", "one", "one@example.com", organization.root)
        organization.add(account)
        organization.move(account, inner.id)
        self.assertEqual([found.id for found in view.accounts_in(outer.id)], ["100000000002"])
        self.assertEqual(view.accounts_in(outer.id, recursive=False), [])
        self.assertEqual(len(view.accounts_in(organization.root)), 2)
        self.assertEqual(view.ancestors("100000000002"), (inner.id, outer.id, organization.root))
        organization.set_state(account, "SUSPENDED")
        organization.set_state(account, "SUSPENDED")
        self.assertFalse(view.account("100000000002").active)
        organization.remove(account, "Removed")
        self.assertIsNone(view.organization_of("100000000002"))
        self.assertEqual([(change.kind, change.old_parent, change.new_parent) for change in self.changes], [
            (view.CREATED, None, organization.root), (view.MOVED, organization.root, inner.id),
            (view.STATE_CHANGED, inner.id, inner.id), (view.LEFT, inner.id, None)])
        self.assertEqual(self.changes[1].new_ancestors, (inner.id, outer.id, organization.root))
        self.assertEqual((self.changes[3].how, self.changes[3].state), ("Removed", "SUSPENDED"))


if __name__ == "__main__":
    unittest.main()
