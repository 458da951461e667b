"""EC2 instances of an account of the local cloud, asked through the AWS SDK and printed as JSON.

usage: fleet.py prepare | list region ... | launch region name | untag region | report stack
(account and endpoint come from the environment)
"""

import json
import sys

import boto3

PROFILE = "DemoInstance"


def prepare():
    """The instance profile by which Systems Manager manages an instance."""
    iam = boto3.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName=PROFILE, AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName=PROFILE, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    iam.add_role_to_instance_profile(InstanceProfileName=PROFILE, RoleName=PROFILE)
    return PROFILE


def instances(*regions):
    found = []
    for region in regions:
        pages = boto3.client("ec2", region_name=region).get_paginator("describe_instances").paginate()
        for instance in pages.search("Reservations[].Instances[]"):
            tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
            state = instance["State"]["Name"]
            found.append({"region": region, "id": instance["InstanceId"], "state": state, "tags": tags})
    return found


def launch(region, name):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    launched = boto3.client("ec2", region_name=region).run_instances(
        ImageId="ami-0c2023a1b2c3d4e5f", InstanceType="t3.micro", MinCount=1, MaxCount=1,
        IamInstanceProfile={"Name": PROFILE}, TagSpecifications=tags)
    return launched["Instances"][0]["InstanceId"]


def untag(region):
    """Takes the four tags off an instance as a person would, and starts a run as the daily schedule does."""
    ec2, states = boto3.client("ec2", region_name=region), boto3.client("stepfunctions")
    tagged = ec2.describe_instances(Filters=[{"Name": "tag-key", "Values": ["MDFCSecurityConnector"]}])
    instance = tagged["Reservations"][0]["Instances"][0]["InstanceId"]
    keys = ("AccountId", "Cloud", "InstanceId", "MDFCSecurityConnector")
    ec2.delete_tags(Resources=[instance], Tags=[{"Key": key} for key in keys])
    left = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [instance]}])["Tags"]
    assert not {tag["Key"] for tag in left} & set(keys), left
    (machine,) = [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"]
                  if one["name"] == "DefenderConnector-OnboardOrganization"]
    account = boto3.client("sts").get_caller_identity()["Account"]
    states.start_execution(stateMachineArn=machine, input=json.dumps({"Operation": "Onboard", "AccountId": account}))
    return instance


def report(stack):
    """What the last run wrote down."""
    described = boto3.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId="RunBucket")
    bucket, s3 = described["StackResourceDetail"]["PhysicalResourceId"], boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="runs/").get("Contents", [])
    reports = [entry for entry in listed if entry["Key"].endswith("/arc-report.json")]
    last = max(reports, key=lambda entry: entry["LastModified"])
    return json.load(s3.get_object(Bucket=bucket, Key=last["Key"])["Body"])


def main(command, *arguments):
    commands = {"prepare": prepare, "list": instances, "launch": launch, "untag": untag, "report": report}
    print(json.dumps(commands[command](*arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
