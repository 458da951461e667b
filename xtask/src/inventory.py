"""What an account of the local cloud holds, asked through the AWS SDK and printed as JSON.

usage: inventory.py federate | list [region ...]     (account and endpoint come from the environment)
"""

import json
import sys

import boto3

# Kind, service, operation, list in the answer, name of an entry: what has no region, or the default one.
THINGS = [
    ("function", "lambda", "list_functions", "Functions", "FunctionName"),
    ("instance profile", "iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("log group", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("schedule", "scheduler", "list_schedules", "Schedules", "Name"),
    ("state machine", "stepfunctions", "list_state_machines", "stateMachines", "name"),
]
# What each region has.
REGIONAL = [
    ("alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("document", "ssm", "list_documents", "DocumentIdentifiers", "Name"),
    ("parameter", "ssm", "describe_parameters", "Parameters", "Name"),
    ("rule", "events", "list_rules", "Rules", "Name"),
]
# AWS's own documents are in every account.
ARGUMENTS = {"list_documents": {"Filters": [{"Key": "Owner", "Values": ["Self"]}]}}


def pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def federate():
    """Switches outbound web identity federation on, as a person does once per account."""
    iam = boto3.client("iam")
    return {"issuer": iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]}


def stacks():
    cloudformation = boto3.client("cloudformation")
    for stack in pages(cloudformation, "describe_stacks", "Stacks"):
        if stack["StackStatus"] == "DELETE_COMPLETE":
            continue
        resources = pages(
            cloudformation,
            "list_stack_resources",
            "StackResourceSummaries",
            StackName=stack["StackName"],
        )
        yield {
            "name": stack["StackName"],
            "status": stack["StackStatus"],
            "resources": [
                {
                    "logicalId": resource["LogicalResourceId"],
                    "type": resource["ResourceType"],
                    "status": resource["ResourceStatus"],
                }
                for resource in resources
            ],
        }


def providers():
    iam = boto3.client("iam")
    for entry in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        arn = entry["Arn"]
        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        yield {"arn": arn, "audiences": provider.get("ClientIDList", [])}


def of_kind(client, kind, operation, key, name, place=""):
    for item in pages(client, operation, key, **ARGUMENTS.get(operation, {})):
        yield f"{kind} {place}{item[name]}"


def others(regions):
    for kind, service, operation, key, name in THINGS:
        yield from of_kind(boto3.client(service), kind, operation, key, name)
    for region in regions:
        for kind, service, operation, key, name in REGIONAL:
            client = boto3.client(service, region_name=region)
            yield from of_kind(client, kind, operation, key, name, f"{region}/")
        for url in boto3.client("sqs", region_name=region).list_queues().get("QueueUrls", []):
            yield f"queue {region}/{url.rsplit('/', 1)[-1]}"
    for bucket in boto3.client("s3").list_buckets()["Buckets"]:
        yield f"bucket {bucket['Name']}"
    for stack_set in boto3.client("cloudformation").list_stack_sets(Status="ACTIVE")["Summaries"]:
        yield f"stack set {stack_set['StackSetName']}"


def inventory(*regions):
    roles = pages(boto3.client("iam"), "list_roles", "Roles")
    return {
        "roles": sorted(role["RoleName"] for role in roles),
        "others": sorted(others(regions)),
        "providers": list(providers()),
        "stacks": list(stacks()),
    }


def main(command, *regions):
    print(json.dumps({"federate": federate, "list": inventory}[command](*regions)))


if __name__ == "__main__":
    main(*sys.argv[1:])
