"""What an account of the local cloud holds, asked through the AWS SDK and printed as JSON.

usage: inventory.py federate | list     (account and endpoint come from the environment)
"""

import json
import sys

import boto3


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


def inventory():
    names = {
        "roles": ("iam", "list_roles", "Roles", "RoleName"),
        "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
        "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "logGroups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    }
    found = {
        kind: sorted(item[name] for item in pages(boto3.client(service), operation, key))
        for kind, (service, operation, key, name) in names.items()
    }
    buckets = boto3.client("s3").list_buckets()["Buckets"]
    found["buckets"] = sorted(bucket["Name"] for bucket in buckets)
    found["providers"] = list(providers())
    found["stacks"] = list(stacks())
    return found


def main(command):
    print(json.dumps({"federate": federate, "list": inventory}[command]()))


if __name__ == "__main__":
    main(sys.argv[1])
