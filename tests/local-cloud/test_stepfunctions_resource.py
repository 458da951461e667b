"""State machines in stacks: AWS::Serverless::StateMachine with a definition in S3, and what is refused."""

import json
import time
import unittest

from testing_workflows import WorkflowTest, distributed, machine, policy, task


class StateMachineResource(WorkflowTest):
    def setUp(self):
        super().setUp()
        self.stacks = self.cloud.client("cloudformation", self.account)
        self.function_arn = self.make_function()

    def put_definition(self, definition: dict, key: str = "machine.asl.json") -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(definition).encode())
        return f"s3://{self.bucket}/{key}"

    def template(self, uri: str, **props) -> dict:
        return {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Onboard": {
            "Type": "AWS::Serverless::StateMachine", "Properties": {
                "Name": "onboard", "DefinitionUri": uri, "DefinitionSubstitutions": {
                    "WorkFunctionArn": self.function_arn, "Bucket": self.bucket},
                "Policies": [{"Statement": [
                    {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": self.function_arn},
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/*"},
                    {"Effect": "Allow", "Action": "states:StartExecution", "Resource": {
                        "Fn::Sub": "arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine:onboard"}},
                    {"Effect": "Allow", "Action": ["states:DescribeExecution", "states:StopExecution"], "Resource": {
                        "Fn::Sub": "arn:aws:states:${AWS::Region}:${AWS::AccountId}:execution:onboard:*"}},
                ]}], **props}}},
            "Outputs": {"Arn": {"Value": {"Ref": "Onboard"}}, "Name": {"Value": {"Fn::GetAtt": ["Onboard", "Name"]}}}}

    def send(self, action: str, template: dict) -> str:
        getattr(self.stacks, action)(StackName="lab", TemplateBody=json.dumps(template),
                                     Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            stack = self.stacks.describe_stacks(StackName="lab")["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
                return stack["StackStatus"]
            time.sleep(0.02)
        raise AssertionError(stack["StackStatus"])

    def reasons(self) -> str:
        events = self.stacks.describe_stack_events(StackName="lab")["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def start(self) -> dict:
        started = self.states.start_execution(stateMachineArn=self.outputs["Arn"])
        return self.end(started["executionArn"])

    def test_definition_substitutions_and_role(self):
        self.put_definition([{"n": 1}, {"n": 2}], "items.json")
        reader = {"Resource": "arn:aws:states:::s3:getObject",
                  "Parameters": {"Bucket": "${Bucket}", "Key": "items.json"}}
        each = distributed(machine(Work=task(Parameters={"FunctionName": "${WorkFunctionArn}", "Payload.$": "$"})),
                           ItemReader=reader)
        template = self.template(self.put_definition(machine(Each=each)))
        self.assertEqual(self.send("create_stack", template), "CREATE_COMPLETE")
        self.assertEqual(self.outputs["Name"], "onboard")
        execution = self.start()
        self.assertEqual(execution["status"], "SUCCEEDED", execution.get("cause"))
        self.assertEqual(json.loads(execution["output"]), [{"got": {"n": 1}}, {"got": {"n": 2}}])
        changed = self.put_definition(machine(Last={"Type": "Pass", "Result": "new", "End": True}), "changed.asl.json")
        arn = self.outputs["Arn"]
        self.assertEqual(self.send("update_stack", self.template(changed)), "UPDATE_COMPLETE")
        self.assertEqual((self.outputs["Arn"], json.loads(self.start()["output"])), (arn, "new"))

    def test_refused_definitions_and_roles(self):
        broken = self.put_definition(machine(Each=distributed(Label="no spaces allowed")))
        self.assertEqual(self.send("create_stack", self.template(broken)), "ROLLBACK_COMPLETE")
        self.assertIn("Label contains invalid character: ' '", self.reasons())
        self.stacks.delete_stack(StackName="lab")
        other = self.make_role("Other", "lambda.amazonaws.com", policy("logs:*"))
        good = self.template(self.put_definition(machine(Last={"Type": "Succeed"})))
        del good["Resources"]["Onboard"]["Properties"]["Policies"]
        good["Resources"]["Onboard"]["Properties"]["Role"] = other
        time.sleep(0.2)
        self.assertEqual(self.send("create_stack", good), "ROLLBACK_COMPLETE")
        self.assertIn("is authorized to assume the provided role", self.reasons())


if __name__ == "__main__":
    unittest.main()
