"""AWS Organizations: accounts that come, move, are closed and go, and what CloudTrail tells of it."""

import unittest

from testing_organizations import Bus, OrganizationTest


class Accounts(OrganizationTest):
    def test_created(self):
        self.build()
        bus, organizations = Bus(self, self.management), self.organizations()
        started = organizations.create_account(Email="one@example.com", AccountName="One")["CreateAccountStatus"]
        self.assertEqual(started["State"], "IN_PROGRESS")

        def ended(status=started):
            shown = organizations.describe_create_account_status(CreateAccountRequestId=status["Id"])
            return shown["CreateAccountStatus"]["State"] != "IN_PROGRESS" and shown["CreateAccountStatus"]
        account = self.until(ended)["AccountId"]
        self.assertEqual(organizations.describe_account(AccountId=account)["Account"]["JoinedMethod"], "CREATED")
        self.client("sts", self.management).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="test")

        again = organizations.create_account(Email="one@example.com", AccountName="Two")["CreateAccountStatus"]
        self.assertEqual(self.until(lambda: ended(again))["FailureReason"], "EMAIL_ALREADY_EXISTS")
        self.until(lambda: bus.names().count("CreateAccountResult") == 2)
        self.assertEqual(sorted(bus.names()), sorted([
            "CreateAccount", "AccountJoinedOrganization", "CreateAccountResult", "CreateAccount",
            "CreateAccountResult"]))
        first = next(event for event in bus.events() if event["detail"]["eventName"] == "CreateAccountResult")
        self.assertEqual((first["detail-type"], first["region"], first["account"]),
                         ("AWS Service Event via CloudTrail", "us-east-1", self.management))
        status = first["detail"]["serviceEventDetails"]["createAccountStatus"]
        self.assertEqual((status["state"], status["accountId"], status["accountName"]), ("SUCCEEDED", account, "****"))
        request = bus.of("CreateAccount")["detail"]["requestParameters"]
        self.assertEqual(request, {"email": "****", "accountName": "****"})

    def test_moved(self):
        account = self.members[0]
        made = self.build(accounts=[account], units=[{"name": "In"}, {"name": "Out"}])
        root, inside, outside = made["rootId"], made["units"]["In"], made["units"]["Out"]
        bus, elsewhere = Bus(self, self.management), Bus(self, self.management, "eu-west-1")
        organizations = self.organizations()

        def move(source: str, destination: str) -> dict:
            return {"AccountId": account, "SourceParentId": source, "DestinationParentId": destination}
        organizations.move_account(**move(root, inside))
        self.assertEqual(organizations.list_parents(ChildId=account)["Parents"],
                         [{"Id": inside, "Type": "ORGANIZATIONAL_UNIT"}])
        self.refused("SourceParentNotFoundException", organizations.move_account, **move(root, outside))
        self.refused("DuplicateAccountException", organizations.move_account, **move(inside, inside))
        self.refused("DestinationParentNotFoundException", organizations.move_account, **move(inside, root + "0"))
        self.until(lambda: len(bus.events()) == 4)
        done, refused = bus.events()[0], bus.events()[1]
        self.assertEqual(done["detail-type"], "AWS API Call via CloudTrail")
        self.assertEqual(done["detail"]["requestParameters"], {
            "accountId": account, "sourceParentId": root, "destinationParentId": inside})
        self.assertNotIn("errorCode", done["detail"])
        self.assertEqual(refused["detail"]["errorCode"], "SourceParentNotFoundException")
        self.cloud.call("POST", f"organization/accounts/{account}/move", {"parent": "Out"})
        self.assertEqual([found["Id"] for found in organizations.list_accounts_for_parent(
            ParentId=outside)["Accounts"]], [account])
        self.until(lambda: len(bus.events()) == 5)
        self.assertEqual(elsewhere.events(), [])

    def test_closed(self):
        account = self.members[0]
        self.build(accounts=[account])
        bus, organizations = Bus(self, self.management), self.organizations()
        self.switch(closeAccountSeconds=1, organizationsStatusField=True)
        organizations.close_account(AccountId=account)

        def states() -> tuple[str, str]:
            shown = organizations.describe_account(AccountId=account)["Account"]
            return shown["State"], shown["Status"]
        self.assertEqual(states(), ("PENDING_CLOSURE", "PENDING_CLOSURE"))
        self.until(lambda: states() == ("CLOSED", "SUSPENDED"))
        self.refused("AccountAlreadyClosedException", organizations.close_account, AccountId=account)
        self.refused("ConstraintViolationException", organizations.close_account, AccountId=self.management)
        self.until(lambda: "CloseAccountResult" in bus.names())
        self.assertEqual(bus.of("CloseAccountResult")["detail"]["serviceEventDetails"]["closeAccountStatus"][
            "accountId"], account)
        self.cloud.call("POST", f"organization/accounts/{account}/clean")
        self.refused("AccountNotFoundException", organizations.describe_account, AccountId=account)
        self.until(lambda: "AccountDepartedOrganization" in bus.names())
        self.assertEqual(bus.of("AccountDepartedOrganization")["detail"]["serviceEventDetails"]["departureMethod"],
                         "CLEANED")

    def test_left_and_removed(self):
        leaver, removed = self.members[:2]
        self.build(accounts=[leaver, removed])
        bus, own = Bus(self, self.management), Bus(self, leaver)
        self.organizations(leaver).leave_organization()
        self.refused("AWSOrganizationsNotInUseException", self.organizations(leaver).describe_organization)
        self.refused("MasterCannotLeaveOrganizationException", self.organizations().leave_organization)
        self.until(lambda: own.names() == ["LeaveOrganization"])
        self.switch(membershipEventsAreServiceEvents=False, membershipEventsAsAnnounced=True)
        self.organizations().remove_account_from_organization(AccountId=removed)
        self.until(lambda: len(bus.events()) == 4)
        # Of the member's own call nothing is seen here: the second is what the management account itself tried.
        self.assertEqual(bus.names(), ["AccountDepartedOrganization", "LeaveOrganization",
                                       "AccountDepartedOrganization", "RemoveAccountFromOrganization"])
        left, _, gone, _ = bus.events()
        self.assertEqual((left["detail-type"], left["detail"]["serviceEventDetails"]["accountId"],
                          left["detail"]["serviceEventDetails"]["departureMethod"]),
                         ("AWS Service Event via CloudTrail", leaver, "LEFT"))
        self.assertEqual((gone["detail-type"], gone["detail"]["requestParameters"]["accountId"],
                          gone["detail"]["requestParameters"]["departedMethod"]),
                         ("AWS API Call via CloudTrail", removed, "Removed"))

    def test_put_there_by_others(self):
        created, invited = self.members[:2]
        self.build(units=[{"name": "In"}])
        bus = Bus(self, self.management)
        route = f"organization/accounts?account={self.management}"
        self.cloud.call("POST", route, {"id": invited, "joinedMethod": "INVITED"})
        shown = self.cloud.call("POST", route, {"id": created, "name": "=cmd()", "parent": "In"})
        self.assertEqual((shown["accounts"][created]["unit"], shown["accounts"][invited]["unit"]), ("In", ""))
        self.until(lambda: len(bus.events()) == 4)
        self.assertEqual(bus.names(), ["AccountJoinedOrganization", "AccountJoinedOrganization", "CreateAccountResult",
                                       "MoveAccount"])
        methods = [event["detail"]["serviceEventDetails"]["joinedMethod"] for event in bus.events()[:2]]
        self.assertEqual(methods, ["INVITED", "Created"])
        self.cloud.call("PUT", f"organization/accounts/{created}", {"state": "SUSPENDED"})
        self.assertEqual(self.organizations().describe_account(AccountId=created)["Account"]["State"], "SUSPENDED")
        self.assertEqual(self.cloud.get(f"organization?account={created}")["accounts"][created]["state"], "SUSPENDED")

    def test_without_a_trail(self):
        self.build(accounts=self.members[:2])
        bus = Bus(self, self.management)
        self.switch(organizationsEvents=False)
        self.organizations().remove_account_from_organization(AccountId=self.members[0])
        self.switch(organizationsEvents=True)
        self.organizations().remove_account_from_organization(AccountId=self.members[1])
        self.until(lambda: len(bus.events()) == 2)
        self.assertEqual(bus.of("RemoveAccountFromOrganization")["detail"]["requestParameters"],
                         {"accountId": self.members[1]})


if __name__ == "__main__":
    unittest.main()
