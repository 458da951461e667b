"""Custom resources: how functions are invoked, which replies count, and what becomes of the stack."""

import json
import time
import unittest
import urllib.error

from testing_cloud import REGION
from testing_stacks import StackTest, base_template, role


class AsynchronousInvocation(StackTest):
    def guarded(self, mode: str, expected: str, timeout: int = 30):
        self.assertEqual(self.create(self.with_custom({"Create": mode}, timeout)), "ROLLBACK_COMPLETE")
        self.assertIn(expected, self.reasons("Thing", "CREATE_FAILED")[0])
        # CloudFormation deletes what failed, under the id that the guard gave.
        self.assertEqual(self.deletes(), ["guarded-id"])

    def test_function_error_reaches_the_destination(self):
        self.guarded("error", "RetriesExhausted|1|Broken")

    def test_process_that_exits_reaches_the_destination(self):
        self.guarded("exit", "RetriesExhausted|1|Runtime.ExitError")

    def test_timeout_is_enforced(self):
        self.guarded("sleep", "RetriesExhausted|1|Sandbox.Timedout", timeout=1)

    def test_killed_process_reaches_the_destination(self):
        self.send("create_stack", self.with_custom({"Create": "sleep"}))
        deadline, name = time.monotonic() + 10, ""
        while not name and time.monotonic() < deadline:
            name = next((entry["function"] for entry in self.invocations() if entry["outcome"] == "running"), "")
        killed = self.cloud.call("POST", f"functions/{name}/kill?account={self.account}&waitSeconds=5")["killed"]
        self.assertEqual(len(killed), 1)
        self.assertEqual(self.status(), "ROLLBACK_COMPLETE")
        self.assertIn("RetriesExhausted|1|Runtime.ExitError", self.reasons("Thing", "CREATE_FAILED")[0])

    def test_throttled_event_expires_without_an_invocation(self):
        self.cloud.call("PUT", "switches", {"maximumEventAgeSeconds": 1})
        template = self.with_custom({"Create": "ok"})
        template["Resources"]["Provider"]["Properties"]["ReservedConcurrentExecutions"] = 0
        self.send("create_stack", template)
        deadline = time.monotonic() + 15
        while not self.replies() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIn("EventAgeExceeded|0|none", self.replies()[0]["body"]["Reason"])
        # The Delete is throttled as well, and the guard's answer to it is a failure.
        self.assertEqual(self.status(), "ROLLBACK_FAILED")

    def test_output_needs_the_execution_role(self):
        logs = self.cloud.client("logs", self.account)
        template = self.with_custom({})
        actions = ["lambda:InvokeFunction", "logs:CreateLogStream", "logs:PutLogEvents"]
        for allowed, groups in ((actions, 0), ([*actions, "logs:CreateLogGroup"], 1)):
            template["Resources"]["ProviderRole"] = role(allowed)
            self.assertEqual(self.create(template), "CREATE_COMPLETE")
            self.stacks.delete_stack(StackName="lab")
            stack_id = self.stack_id()
            self.assertEqual(self.status(stack_id), "DELETE_COMPLETE")
            deadline = time.monotonic() + 5
            while len(logs.describe_log_groups()["logGroups"]) < groups and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(len(logs.describe_log_groups()["logGroups"]), groups)

    def test_destination_needs_the_execution_role(self):
        template = base_template(provider_actions=["logs:*"])
        self.assertEqual(self.create(template), "ROLLBACK_COMPLETE")
        self.assertIn("does not have permissions to call InvokeFunction", self.reasons("Invoke", "CREATE_FAILED")[0])


class Replies(StackTest):
    def failing(self, mode: str, expected: str, problem: str):
        self.assertEqual(self.create(self.with_custom({"Create": mode})), "ROLLBACK_COMPLETE")
        self.assertIn(expected, self.reasons("Thing", "CREATE_FAILED")[0])
        self.assertIn(problem, self.replies()[0]["problem"])
        self.assertFalse(self.replies()[0]["accepted"])

    def test_too_long(self):
        self.failing("oversize", "Response object is too long.", "too long")

    def test_wrong_stack(self):
        self.failing("wrong-stack", "StackId is not the request's", "StackId")

    def test_failed_without_reason(self):
        self.failing("no-reason", "FAILED needs a Reason", "Reason")

    def test_physical_id_over_a_kilobyte(self):
        self.failing("long-id", "Invalid PhysicalResourceId", "PhysicalResourceId")

    def test_signature_covers_content_type_and_url(self):
        self.assertEqual(self.create(self.with_custom({"Create": "refused-then-ok"})), "CREATE_COMPLETE")
        mine = self.replies()
        self.assertEqual([reply["status"] for reply in mine], [403, 200])
        self.assertIn("SignatureDoesNotMatch", mine[0]["problem"])
        self.assertEqual([reply["accepted"] for reply in mine], [False, True])

    def test_second_reply_changes_nothing(self):
        self.assertEqual(self.create(self.with_custom({"Create": "twice"})), "CREATE_COMPLETE")
        self.assertEqual([(reply["status"], reply["accepted"]) for reply in self.replies()],
                         [(200, True), (200, False)])

    def test_unknown_url_is_refused(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.cloud.call("PUT", "custom-resource-responses/nobody?X-Amz-Signature=0", {})
        self.assertEqual(refused.exception.code, 403)


class Lifecycle(StackTest):
    def test_failed_create_is_deleted_under_its_id(self):
        self.assertEqual(self.create(self.with_custom({"Create": "fail"})), "ROLLBACK_COMPLETE")
        self.assertIn("Message returned: on purpose", self.reasons("Thing", "CREATE_FAILED")[0])
        self.assertEqual(self.deletes(), ["failed-id"])

    def test_silent_create_is_deleted_under_a_made_up_id(self):
        self.cloud.call("PUT", "switches", {"serviceTimeoutSeconds": 1})
        self.assertEqual(self.create(self.with_custom({"Create": "silent"})), "ROLLBACK_COMPLETE")
        self.assertIn("did not receive a response", self.reasons("Thing", "CREATE_FAILED")[0])
        self.assertRegex(self.deletes()[0], r"^lab-Thing-[A-Z0-9]{13}$")

    def test_failed_delete_in_a_rollback_keeps_what_it_needs(self):
        template = self.with_custom({"Create": "fail", "Delete": "fail"})
        self.assertEqual(self.create(template), "ROLLBACK_FAILED")
        self.assertLessEqual({"Thing", "Provider", "ProviderRole", "Guard", "Invoke"}, self.remaining())

    def test_failed_delete_keeps_what_it_needs_and_can_be_repeated(self):
        template = self.with_custom({"Create": "ok", "Delete": "fail"})
        template["Resources"]["Bystander"] = {"Type": "AWS::Logs::LogGroup"}
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        stack_id = self.stack_id()
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(), "DELETE_FAILED")
        self.assertEqual(self.remaining(), {"Thing", "Provider", "ProviderRole", "Guard", "GuardRole", "Invoke"})
        self.stacks.delete_stack(StackName="lab", RetainResources=["Thing"])
        self.assertEqual(self.status(stack_id), "DELETE_COMPLETE")

    def test_failed_delete_loses_what_it_needs_where_aws_goes_on(self):
        self.cloud.call("PUT", "switches", {"failedDeleteKeepsDependencies": False})
        self.assertEqual(self.create(self.with_custom({"Create": "ok", "Delete": "fail"})), "CREATE_COMPLETE")
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(), "DELETE_FAILED")
        self.assertEqual(self.remaining(), {"Thing"})

    def test_update_and_its_rollback(self):
        self.assertEqual(self.create(self.with_custom({"Plan": "old"})), "CREATE_COMPLETE")
        self.send("update_stack", self.with_custom({"Plan": "new", "Update": "fail made-id"}))
        self.assertEqual(self.status(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual([(reply["requestType"], reply["body"]["Status"]) for reply in self.replies()],
                         [("Create", "SUCCESS"), ("Update", "FAILED"), ("Update", "SUCCESS")])

    def test_failed_update_under_another_id(self):
        self.assertEqual(self.create(self.with_custom({"Update": "other-id"})), "CREATE_COMPLETE")
        self.send("update_stack", self.with_custom({"Update": "fail stray-id"}))
        self.assertEqual(self.status(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(self.deletes(), ["stray-id"])

    def test_replacement_deletes_the_old_id(self):
        self.assertEqual(self.create(self.with_custom({})), "CREATE_COMPLETE")
        self.send("update_stack", self.with_custom({"Update": "other-id"}))
        self.assertEqual(self.status(), "UPDATE_COMPLETE")
        self.assertEqual(self.deletes(), ["made-id"])
        self.assertEqual(len(self.reasons("Thing", "UPDATE_COMPLETE")), 1)
        self.assertEqual(self.reasons("Provider", "UPDATE_IN_PROGRESS"), [])
        self.assertEqual(self.reasons("Provider", "UPDATE_COMPLETE"), [])

    def test_nested_stack_is_rolled_back_and_deleted(self):
        child = {"Parameters": {"Token": {"Type": "String"}}, "Resources": {
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"nested-{self.account}"}},
            "Inner": {"Type": "Custom::Thing", "DependsOn": "Group", "Properties": {
                "ServiceToken": {"Ref": "Token"}, "ServiceTimeout": 20, "Create": "fail inner-id"}}}}
        self.s3.put_object(Bucket=self.bucket, Key="child.json", Body=json.dumps(child).encode())
        template = base_template()
        template["Resources"]["Child"] = {"Type": "AWS::CloudFormation::Stack", "DependsOn": "Invoke", "Properties": {
            "TemplateURL": f"{self.cloud.base}/{self.bucket}/child.json",
            "Parameters": {"Token": {"Fn::GetAtt": ["Provider", "Arn"]}}}}
        self.assertEqual(self.create(template), "ROLLBACK_COMPLETE")
        shown = self.stacks.get_template(StackName="lab")["TemplateBody"]["Resources"]["Child"]["Properties"]
        self.assertEqual(shown["TemplateURL"], f"https://s3.{REGION}.amazonaws.com/{self.bucket}/child.json")
        self.assertRegex(self.reasons("Child", "CREATE_FAILED")[0], r"failed to create: \[Inner\]")
        self.assertEqual(self.deletes(), ["inner-id"])
        groups = self.cloud.client("logs", self.account).describe_log_groups(logGroupNamePrefix="nested-")["logGroups"]
        self.assertEqual(groups, [])

    def test_bucket_with_objects_and_taken_role_name(self):
        template = {"Parameters": {"CodeBucket": {"Type": "String"}}, "Resources": {
            "Full": {"Type": "AWS::S3::Bucket"}}}
        self.assertEqual(self.create(template), "CREATE_COMPLETE")
        name = self.stacks.describe_stack_resource(
            StackName="lab", LogicalResourceId="Full")["StackResourceDetail"]["PhysicalResourceId"]
        self.s3.put_object(Bucket=name, Key="kept", Body=b"x")
        taken = role()
        taken["Properties"]["RoleName"] = "Taken"
        self.cloud.client("iam", self.account).create_role(RoleName="Taken", AssumeRolePolicyDocument=json.dumps(
            taken["Properties"]["AssumeRolePolicyDocument"]))
        template["Resources"]["Role"] = taken
        self.send("update_stack", template)
        self.assertEqual(self.status(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("Role with name Taken already exists", self.reasons("Role", "CREATE_FAILED")[0])
        self.stacks.delete_stack(StackName="lab")
        self.assertEqual(self.status(), "DELETE_FAILED")
        self.assertIn("not empty", self.reasons("Full", "DELETE_FAILED")[0])


if __name__ == "__main__":
    unittest.main()
