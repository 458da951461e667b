"""StackSets: automatic deployments as accounts come, move and leave."""

import json
import time
import unittest

from testing_cloud import REGION
from testing_service_managed import SUSPENDED, ServiceManagedTest, targets
from testing_stacksets import OTHER_REGION, role_template


class Following(ServiceManagedTest):
    def test_an_account_that_comes_gets_the_sets_own_parameters_in_all_its_regions(self):
        self.make_managed()
        override = [{"ParameterKey": "Word", "ParameterValue": "own"}]
        self.deploy(targets(self.left), [REGION, OTHER_REGION], ParameterOverrides=override)
        comer = self.spare[0]
        self.arrive(comer, self.left)
        made = self.settled(2)[1]
        self.assertEqual((made["Action"], made["Status"]), ("CREATE", "SUCCEEDED"))
        self.assertEqual([self.kept(comer, region) for region in (REGION, OTHER_REGION)], ["one", "one"])
        self.assertEqual(self.kept(self.members[0]), "own")
        self.assertEqual(self.instances()[comer, REGION]["OrganizationalUnitId"], self.left)
        self.assertEqual(self.instances()[comer, REGION]["LastOperationId"], made["OperationId"])

    def test_a_created_account_is_reached_in_the_root_and_when_it_moves(self):
        self.make_managed()
        self.make_managed(name="lower")
        self.deploy(targets(self.root))
        self.deploy(targets(self.low), name="lower")
        organizations = self.client("organizations", self.admin)
        organizations.create_account(Email="new@example.com", AccountName="new")
        self.settled(2)
        comer = next(account for account in self.accounts() if account not in self.members)
        self.assertNotIn(comer, self.accounts("lower"))
        organizations.move_account(AccountId=comer, SourceParentId=self.root, DestinationParentId=self.low)
        self.settled(2, "lower")
        self.assertIn(comer, self.accounts("lower"))
        # It never left the root.
        self.assertEqual(len(self.operations()), 2)

    def test_one_that_moves_out_loses_its_instance_first_and_gets_the_other_sets(self):
        self.switch(stackInstanceSeconds=0.2)
        mover, old, new = self.members[0], "old", "new"
        for name, unit in ((old, self.left), (new, self.right)):
            self.make_managed(role_template(), name=name, Capabilities=["CAPABILITY_NAMED_IAM"])
            self.assertEqual(self.deploy(targets(unit), name=name, OperationPreferences={
                "MaxConcurrentCount": 10, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}), "SUCCEEDED")
        self.change(mover, "move", parent=self.right)
        deleted, created = self.settled(2, old)[1], self.settled(2, new)[1]
        # Both sets have a role of the same name: the create has to wait.
        self.assertEqual([(operation["Action"], operation["Status"]) for operation in (deleted, created)],
                         [("DELETE", "SUCCEEDED"), ("CREATE", "SUCCEEDED")])
        self.assertNotIn(mover, self.accounts(old))
        self.assertIn(mover, self.accounts(new))

    def test_between_two_units_of_one_set_the_regions_follow(self):
        mover = self.members[0]
        self.make_managed()
        self.deploy(targets(self.left), [REGION])
        self.deploy(targets(self.right), [REGION, OTHER_REGION])
        stack_id = self.instances()[mover, REGION]["StackId"]
        self.change(mover, "move", parent=self.right)
        self.settled(3)
        self.assertEqual([self.kept(mover, region) for region in (REGION, OTHER_REGION)], ["one", "one"])
        found = self.instances()[mover, REGION]
        self.assertEqual((found["StackId"], found["OrganizationalUnitId"]), (stack_id, self.right))
        self.change(mover, "move", parent=self.low)
        self.assertEqual([operation["Action"] for operation in self.settled(5)[3:]], ["DELETE", "CREATE"])
        self.assertEqual([self.kept(mover, region) for region in (REGION, OTHER_REGION)], ["one", None])

    def test_retained_stacks_stay(self):
        mover = self.members[0]
        self.make_managed(retain=True)
        self.deploy(targets(self.left))
        self.change(mover, "move", parent=self.right)
        self.settled(2)
        self.assertEqual((mover in self.accounts(), self.kept(mover)), (False, "one"))

    def test_leaving_the_organization(self):
        leaver, removed = self.members[:2]
        self.make_managed()
        self.deploy(targets(self.left))
        self.change(leaver, "leave")
        self.assertEqual(self.settled(2)[1]["Status"], "SUCCEEDED")
        self.assertEqual((leaver in self.accounts(), self.kept(leaver)), (False, None))
        self.switch(departedStacksCanBeDeleted=False)
        self.change(removed, "remove")
        self.assertEqual(self.settled(3)[2]["Status"], "FAILED")
        self.assertEqual((self.detailed()[removed], self.kept(removed)), ("INOPERABLE", "one"))
        # It belongs to the unit still.
        self.end(self.operate("delete_stack_instances", targets(self.left), RetainStacks=True))
        self.assertEqual(self.accounts(), [])

    def test_what_does_not_deploy(self):
        self.make_managed()
        self.make_managed(name="off", enabled=False)
        for name in ("lab", "off"):
            self.deploy(targets(self.left), name=name)
        self.change(self.members[0], "move", parent=self.low)  # within its target
        self.set_state(self.members[1], SUSPENDED)
        self.arrive(self.spare[0], self.left)
        self.settled(2)
        self.sets.deactivate_organizations_access()
        self.arrive(self.spare[1], self.left)
        self.change(self.spare[0], "move", parent=self.right)
        time.sleep(0.3)
        self.assertEqual([len(self.operations(name)) for name in ("lab", "off")], [2, 1])
        self.assertEqual(self.accounts("off"), self.members[:4])

    def test_filters_are_not_looked_at(self):
        out = self.members[0]
        self.make_managed()
        self.deploy(targets(self.left, Accounts=[out], AccountFilterType="DIFFERENCE"))
        self.arrive(self.spare[0], self.left)
        self.settled(2)
        self.assertEqual(self.accounts(), [*self.members[1:4], self.spare[0]])
        self.change(out, "move", parent=self.right)
        self.change(out, "move", parent=self.left)
        self.settled(3)
        self.assertIn(out, self.accounts())

    def test_a_unit_taken_out_is_a_target_no_more(self):
        self.make_managed()
        self.deploy(targets(self.left), [REGION, OTHER_REGION])
        self.end(self.operate("delete_stack_instances", targets(self.left), [REGION], RetainStacks=False))
        found = self.sets.list_stack_set_auto_deployment_targets(StackSetName="lab")["Summaries"]
        self.assertEqual(found, [{"OrganizationalUnitId": self.left, "Regions": [OTHER_REGION]}])
        self.arrive(self.spare[0], self.left)
        self.settled(3)
        self.assertEqual([self.kept(self.spare[0], region) for region in (REGION, OTHER_REGION)], [None, "one"])

    def test_it_waits_in_the_queue_without_managed_execution_too(self):
        self.switch(stackInstanceSeconds=0.3)
        self.make_managed()
        running = self.operate("create_stack_instances", targets(self.right))
        self.arrive(self.spare[0], self.right)
        self.assertEqual([operation["Status"] for operation in self.seen(2)], ["RUNNING", "QUEUED"])
        self.refused("OperationInProgressException", self.sets.create_stack_instances, StackSetName="lab",
                     Regions=[REGION], DeploymentTargets=targets(self.left))
        self.end(running)
        self.settled(2)
        self.assertEqual(self.accounts(), sorted([self.members[4], self.spare[0]]))

    def test_out_and_in_again_at_once(self):
        self.switch(stackInstanceSeconds=0.2)
        mover = self.members[0]
        self.make_managed(ManagedExecution={"Active": True})
        self.deploy(targets(self.right))
        for count, unit in enumerate((self.right, self.left, self.right), 2):
            self.change(mover, "move", parent=unit)
            self.seen(count)
        self.assertEqual([operation["Status"] for operation in self.operations()[1:]],
                         ["RUNNING", "QUEUED", "QUEUED"])
        self.settled(4)
        self.assertEqual((self.detailed()[mover], self.kept(mover)), ("SUCCEEDED", "one"))


class Events(ServiceManagedTest):
    def test_the_management_account_hears_of_each_instance(self):
        sqs, events = self.client("sqs", self.admin), self.client("events", self.admin)
        url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                    "Action": "sqs:SendMessage", "Resource": arn}]})})
        events.put_rule(Name="seen", EventPattern=json.dumps({
            "source": ["aws.cloudformation"], "detail-type": ["CloudFormation StackSet StackInstance Status Change"],
            "detail": {"status-details": {"detailed-status": ["SUCCEEDED"]}}}))
        events.put_targets(Rule="seen", Targets=[{"Id": "1", "Arn": arn}])
        self.make_managed()
        self.deploy(targets(self.left))
        self.arrive(self.spare[0], self.left)
        self.settled(2)
        found, deadline = [], time.monotonic() + 10
        while len(found) < 5 and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        self.assertEqual({(event["account"], event["region"]) for event in found}, {(self.admin, REGION)})
        self.assertEqual(sorted(event["detail"]["stack-id"].split(":")[4] for event in found),
                         [*self.members[:4], self.spare[0]])
        self.assertEqual({event["detail"]["action"] for event in found}, {"CREATE"})


if __name__ == "__main__":
    unittest.main()
