"""AWS Organizations: who sees what of which organization, and lists in pages."""

import json
import unittest
from urllib.error import HTTPError

from testing_organizations import OrganizationTest


class Views(OrganizationTest):
    def test_each_account_sees_its_own_organization(self):
        member, delegated, outsider, other_management, other_member = self.members
        made = self.build(services=["example.amazonaws.com"], accounts=[delegated], units=[
            {"name": "Workloads", "units": [{"name": "Production", "accounts": [
                {"id": member, "name": "<script>", "tags": {"cost": "1"}}]}]}])
        self.cloud.call("POST", f"organization?account={other_management}", {"accounts": [other_member]})
        organization, unit = made["organizationId"], made["units"]["Workloads/Production"]

        for account in (self.management, member, delegated):
            shown = self.organizations(account).describe_organization()["Organization"]
            self.assertEqual((shown["Id"], shown["MasterAccountId"]), (organization, self.management))
        self.refused("AWSOrganizationsNotInUseException", self.organizations(outsider).describe_organization)
        self.refused("AWSOrganizationsNotInUseException", self.organizations(outsider).list_accounts)
        refusal = self.refused("AccessDeniedException", self.organizations(member).list_accounts)
        self.assertEqual(refusal["Error"]["Message"], "You don't have permissions to access this resource.")

        organizations = self.organizations()
        listed = {account["Id"]: account for account in organizations.list_accounts()["Accounts"]}
        self.assertEqual(sorted(listed), sorted([self.management, member, delegated]))
        root = made["rootId"]
        self.assertEqual(listed[member]["Arn"],
                         f"arn:aws:organizations::{self.management}:account/{organization}/{member}")
        self.assertEqual((listed[member]["Name"], listed[member]["State"]), ("<script>", "ACTIVE"))
        self.assertNotIn("Status", listed[member])
        self.assertEqual(listed[member]["Paths"],
                         [f"{organization}/{root}/{made['units']['Workloads']}/{unit}/{member}/"])
        self.assertEqual(organizations.list_tags_for_resource(ResourceId=member)["Tags"],
                         [{"Key": "cost", "Value": "1"}])
        self.refused("AccountNotFoundException", organizations.describe_account, AccountId=other_member)

        self.refused("AccessDeniedException", self.organizations(delegated).list_roots)
        self.refused("ConstraintViolationException", organizations.register_delegated_administrator,
                     AccountId=delegated, ServicePrincipal="other.amazonaws.com")
        organizations.register_delegated_administrator(AccountId=delegated, ServicePrincipal="example.amazonaws.com")
        self.assertEqual(self.organizations(delegated).list_roots()["Roots"][0]["Id"], root)
        self.refused("AccessDeniedException", self.organizations(delegated).close_account, AccountId=member)
        self.assertEqual([admin["Id"] for admin in organizations.list_delegated_administrators()[
            "DelegatedAdministrators"]], [delegated])
        self.refused("ConstraintViolationException", organizations.remove_account_from_organization,
                     AccountId=delegated)
        organizations.deregister_delegated_administrator(AccountId=delegated, ServicePrincipal="example.amazonaws.com")
        self.refused("AccessDeniedException", self.organizations(delegated).list_roots)

    def test_units_by_the_api(self):
        organizations = self.organizations()
        created = organizations.create_organization()["Organization"]
        self.assertEqual(created["FeatureSet"], "ALL")
        self.refused("AlreadyInOrganizationException", organizations.create_organization)
        root = organizations.list_roots()["Roots"][0]["Id"]
        parent = root
        for level in range(5):
            unit = organizations.create_organizational_unit(ParentId=parent, Name=f"L{level}")["OrganizationalUnit"]
            self.assertTrue(unit["Id"].startswith(f"ou-{root[2:]}-"))
            self.assertEqual(organizations.list_parents(ChildId=unit["Id"])["Parents"][0]["Id"], parent)
            parent = unit["Id"]
        self.assertEqual(unit["Path"].count("/"), 7)
        refusal = self.refused("ConstraintViolationException", organizations.create_organizational_unit,
                               ParentId=parent, Name="L5")
        self.assertEqual(refusal["Reason"], "OU_DEPTH_LIMIT_EXCEEDED")
        self.refused("DuplicateOrganizationalUnitException", organizations.create_organizational_unit,
                     ParentId=root, Name="L0")
        self.refused("ParentNotFoundException", organizations.list_children, ParentId="r-zzzz", ChildType="ACCOUNT")
        self.assertEqual(self.refused("InvalidInputException", organizations.list_children, ParentId="elsewhere",
                                      ChildType="ACCOUNT")["Reason"], "INVALID_PATTERN")
        self.assertEqual(self.refused("InvalidInputException", organizations.list_children, ParentId=root,
                                      ChildType="UNIT")["Reason"], "INVALID_ENUM")
        top = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"][0]["Id"]
        self.assertEqual(organizations.list_children(ParentId=root, ChildType="ORGANIZATIONAL_UNIT")["Children"],
                         [{"Id": top, "Type": "ORGANIZATIONAL_UNIT"}])
        self.refused("OrganizationalUnitNotEmptyException", organizations.delete_organizational_unit,
                     OrganizationalUnitId=top)
        organizations.update_organizational_unit(OrganizationalUnitId=parent, Name="Last")
        shown = organizations.describe_organizational_unit(OrganizationalUnitId=parent)["OrganizationalUnit"]
        self.assertEqual(shown["Name"], "Last")
        organizations.delete_organizational_unit(OrganizationalUnitId=parent)
        self.refused("OrganizationalUnitNotFoundException", organizations.describe_organizational_unit,
                     OrganizationalUnitId=parent)

    def test_what_cannot_be_built(self):
        member, other = self.members[:2]
        self.build(accounts=[member])
        for account, tree, problem in (
                (other, {"accounts": [member]}, f"account {member} is in organization"),
                (member, {"units": [{"name": "In"}]}, "no management account"),
                (self.management, {"account": [other]}, "unknown: account"),
                (self.management, {"accounts": [{"id": other, "state": "GONE"}]}, "a state of")):
            with self.assertRaises(HTTPError) as refusal:
                self.cloud.call("POST", f"organization?account={account}", tree)
            with refusal.exception as response:
                self.assertEqual(response.code, 400)
                self.assertIn(problem, json.load(response)["message"])

    def test_trusted_services(self):
        self.build()
        organizations = self.organizations()
        organizations.enable_aws_service_access(ServicePrincipal="member.org.stacksets.cloudformation.amazonaws.com")
        listed = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
        self.assertEqual([service["ServicePrincipal"] for service in listed],
                         ["member.org.stacksets.cloudformation.amazonaws.com"])
        organizations.disable_aws_service_access(ServicePrincipal="member.org.stacksets.cloudformation.amazonaws.com")
        self.assertEqual(organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"], [])


class Pages(OrganizationTest):
    accounts_needed = 46

    def setUp(self):
        super().setUp()
        self.made = self.build(accounts=self.members)

    def pages(self, **request) -> list[list[str]]:
        found, token = [], {}
        while True:
            answer = self.organizations().list_accounts(**request, **token)
            found.append([account["Id"] for account in answer["Accounts"]])
            if "NextToken" not in answer:
                return found
            token = {"NextToken": answer["NextToken"]}

    def test_twenty_at_most(self):
        everyone = [self.management, *self.members]
        self.assertEqual(self.pages(), [everyone[:20], everyone[20:40], everyone[40:]])
        self.assertEqual(len(self.pages(MaxResults=6)), 8)
        self.assertEqual(self.refused("InvalidInputException", self.organizations().list_accounts,
                                      MaxResults=21)["Reason"], "MAX_VALUE_EXCEEDED")

    def test_short_and_empty_pages(self):
        self.switch(organizationsShortPages=True)
        pages = self.pages()
        self.assertEqual([len(page) for page in pages], [10, 0, 10, 10, 0, 10, 6])
        self.assertEqual(sum(pages, []), [self.management, *self.members])

    def test_tokens_are_for_their_request(self):
        organizations = self.organizations()
        token = organizations.list_accounts()["NextToken"]
        for call, arguments in (
                (organizations.list_accounts, {"NextToken": "made-up"}),
                (organizations.list_accounts, {"NextToken": token[:-8] + token[-4:]}),
                (organizations.list_accounts_for_parent, {"NextToken": token, "ParentId": self.made["rootId"]})):
            self.assertEqual(self.refused("InvalidInputException", call, **arguments)["Reason"], "INVALID_NEXT_TOKEN")

    def test_an_account_that_leaves_between_two_pages(self):
        organizations = self.organizations()
        token = organizations.list_accounts()["NextToken"]
        organizations.remove_account_from_organization(AccountId=self.members[0])
        second = organizations.list_accounts(NextToken=token)["Accounts"]
        self.assertEqual([account["Id"] for account in second], self.members[19:39])


class Throttling(OrganizationTest):
    def test_published_rates(self):
        self.build(accounts=self.members)
        self.switch(organizationsThrottling=True)
        organizations = self.organizations()
        organizations.list_roots(), organizations.list_roots()
        self.refused("TooManyRequestsException", organizations.list_roots)
        self.until(lambda: self._passes(organizations.list_roots), seconds=5)
        # Twelve at once from one account; the organization's own bucket, of fifteen, is shared with the next one.
        for _ in range(12):
            organizations.describe_account(AccountId=self.members[0])
        passed = sum(self._passes(organizations.list_accounts) for _ in range(20))
        self.assertLess(passed, 20)
        self.assertGreaterEqual(passed, 12)

    def _passes(self, call) -> bool:
        try:
            call()
        except call.__self__.exceptions.TooManyRequestsException:
            return False
        return True


if __name__ == "__main__":
    unittest.main()
