"""The members of the demo's organization, asked through the AWS SDK and printed as JSON.

usage: organization.py prepare broken-account role foreign-account instance-account ...
       | look region,region account ... | tags region,region account ... | report stack | free account role
       | redrive machine stack account
(the management account and the endpoint come from the environment; a member's key is its id)
"""

import json
import sys
import time

import boto3

PROFILE = "DemoInstance"
PROVIDER = "https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
AUDIENCE = "api://6610e979-c931-41ec-adc7-b9920c9d52f1"
GONE = "DELETE_COMPLETE"


def client(service, account, region=None):
    return boto3.client(service, region_name=region, aws_access_key_id=account, aws_secret_access_key="test")


def role(account, name, principal):
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam", account).create_role(RoleName=name, AssumeRolePolicyDocument=trust)


def profile(account):
    """By which Systems Manager manages an instance."""
    iam = client("iam", account)
    role(account, PROFILE, "ec2.amazonaws.com")
    iam.attach_role_policy(RoleName=PROFILE, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    iam.add_role_to_instance_profile(InstanceProfileName=PROFILE, RoleName=PROFILE)


def prepare(broken, taken, foreign, *with_instances):
    boto3.client("cloudformation").activate_organizations_access()
    role(broken, taken, "ec2.amazonaws.com")
    # As somebody else has connected the account by hand, in the portal.
    iam = client("iam", foreign)
    iam.create_open_id_connect_provider(Url=PROVIDER, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40])
    role(foreign, taken, "ec2.amazonaws.com")
    for account in with_instances:
        profile(account)
    return PROFILE


def look(regions, *accounts):
    """All that a stack of ours could leave in a member."""
    found = []
    for account in accounts:
        iam = client("iam", account)
        names = [f"role {one['RoleName']}" for one in iam.list_roles()["Roles"]]
        names += [f"provider {one['Arn']}" for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
        groups = client("logs", account).describe_log_groups()["logGroups"]
        names += [f"log group {one['logGroupName']}" for one in groups]
        for region in regions.split(","):
            stacks = client("cloudformation", account, region).describe_stacks()["Stacks"]
            names += [f"stack {region}/{one['StackName']}" for one in stacks if one["StackStatus"] != GONE]
        found += [f"{name} of account {account}" for name in names]
    return found


def tags(regions, *accounts):
    """The instances of members with their tags."""
    found = []
    for account in accounts:
        for region in regions.split(","):
            reservations = client("ec2", account, region).describe_instances()["Reservations"]
            for instance in (one for reservation in reservations for one in reservation["Instances"]):
                found.append({"account": account, "region": region, "id": instance["InstanceId"],
                              "state": instance["State"]["Name"],
                              "tags": {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}})
    return found


def reports(stack):
    """The bucket of the runs, and the reports in it, the last one first."""
    described = boto3.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="RunBucket")
    bucket = described["StackResourceDetail"]["PhysicalResourceId"]
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="runs/").get("Contents", [])
    found = [entry for entry in listed if entry["Key"].endswith("/report.json")]
    found.sort(key=lambda entry: entry["LastModified"], reverse=True)
    return bucket, [entry["Key"] for entry in found]


def read(bucket, key):
    return json.load(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"])


def report(stack):
    """What is known of each account: the last that any run has said of it."""
    bucket, keys = reports(stack)
    accounts, left_behind = {}, {}
    for key in reversed(keys):
        said = read(bucket, key)
        for entry in said["Skipped"]:
            accounts[entry["AccountId"]] = {**entry, "Outcome": "Skipped"}
        accounts |= {entry["AccountId"]: entry for entry in said["Accounts"]}
        left_behind |= {entry["AccountId"]: entry for entry in said["LeftBehind"]}
    return {"Accounts": accounts, "LeftBehind": left_behind}


def free(account, name):
    client("iam", account).delete_role(RoleName=name)


def redrive(machine, stack, account):
    """Tries the accounts again that failed in the last run in which this one did; the report of that."""
    bucket, keys = reports(stack)

    def failed_in(key):
        ended = {one["AccountId"]: one["Outcome"] for one in read(bucket, key)["Accounts"]}
        return ended.get(account) == "Failed"

    failed = next(filter(failed_in, keys))
    states = boto3.client("stepfunctions")
    asked = {"Operation": "Onboard", "Scope": "Organization", "Redrive": failed.split("/")[1]}
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(asked))["executionArn"]
    while (ended := states.describe_execution(executionArn=started))["status"] == "RUNNING":
        time.sleep(0.3)
    if ended["status"] != "SUCCEEDED":
        raise SystemExit(ended.get("cause", ended["status"]))
    return read(bucket, f"runs/{ended['name']}/report.json")


def main(command, *arguments):
    commands = {"prepare": prepare, "look": look, "tags": tags, "report": report, "free": free, "redrive": redrive}
    print(json.dumps(commands[command](*arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
