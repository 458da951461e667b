"""Under which parameters a template is looked at: everything on, then one parameter after the other set to something
else, each in every access mode."""

from __future__ import annotations

import re
from typing import Any, Iterator

from template import ACCOUNT, PSEUDO_PARAMETERS, Template, TemplateError

TENANT = "0a1b2c3d-1111-4222-8333-444455556666"

# Everything on. What is not named here has its default.
EVERYTHING_ON = {
    "Scope": "Organization",
    "CspmPlan": "Defender",
    "CspmCiem": "true",
    "ServersPlan": "P2",
    "ContainersPlan": "On",
    "DatabasesPlan": "On",
    "AzureAuthentication": "ClientSecret",
}

# A value for a parameter whose default is empty, or that has none.
SAMPLES = {
    "AgentlessScanningExclusionTags": "Scan=No",
    "ArcExclusionTags": "Team=Lab,Arc=No,Stage=Test",
    "ArcPrivateLinkScope":
        "/subscriptions/0a1b/resourceGroups/arc/providers/Microsoft.HybridCompute/privateLinkScopes/example",
    "ArcProxy": "http://proxy.example.com:3128",
    "AzureClientId": "0a1b2c3d-2222-4222-8333-444455556666",
    "AzureClientSecretArn": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:defender-a1B2c3",
    "AzureLocation": "eastus",
    "AzureResourceGroup": "defender",
    "AzureSubscriptionId": "0a1b2c3d-3333-4222-8333-444455556666",
    "AzureTenantId": TENANT,
    "CiemCloudTrailBucketName": "example-trail",
    "CiemSubject": "0a1b2c3d-4444-4222-8333-444455556666",
    "ConnectorName": "aws-example",
    "ContainersAntiMalware": "true",
    "ContainersInstallationMethod": "Arc",
    "ContainersSecurityGating": "true",
    "CspmServerlessContainers": "true",
    "DataCollectionExternalId": "0a1b2c3d-5555-4222-8333-444455556666",
    "DeploymentId": "example",
    "ExcludedAccountIds": "111122223333",
    "HomeRegion": "eu-west-1",
    "MaxConcurrentAccounts": "10",
    "OrganizationId": "o-a1b2c3d4e5",
    "OrganizationalUnitIds": "ou-a1b2-11112222",
    "Regions": "eu-west-1",
    "StackAccountId": ACCOUNT,
    "StackId": PSEUDO_PARAMETERS["AWS::StackId"],
}

# Empty by default, and given wherever everything is on.
NEVER_EMPTY = ("CiemSubject",)

ACCESS_MODE = "AccessMode"


def parameter_sets(template: Template) -> Iterator[dict[str, Any]]:
    """Every set of parameters that the template is looked at under; the first has everything on."""
    everything = {name: _value_of(template, name) for name in template.parameters}
    for mode in template.parameters.get(ACCESS_MODE, {}).get("AllowedValues", [None]):
        chosen = {**everything, ACCESS_MODE: mode} if mode else everything
        yield chosen
        for name in template.parameters:
            for other in _alternatives(template, name):
                possible = other != "" or name not in NEVER_EMPTY
                if name != ACCESS_MODE and other != everything[name] and possible:
                    yield {**chosen, name: other}


def _value_of(template: Template, name: str) -> Any:
    default = template.parameters[name].get("Default", "")
    value = EVERYTHING_ON.get(name, default) or SAMPLES.get(name, "")
    if value == "":
        raise TemplateError(f"{template.name}: add a value for parameter {name} to SAMPLES")
    if name in EVERYTHING_ON and value not in template.parameters[name].get("AllowedValues", [value]):
        raise TemplateError(f"{template.name}: parameter {name} does not allow {value}")
    return _typed(template, name, value)


def _alternatives(template: Template, name: str) -> list[Any]:
    """Every value of a list of values. Of anything else the default, and nothing where that is allowed."""
    definition = template.parameters[name]
    values = list(definition.get("AllowedValues", []))
    if not values:
        values = [definition["Default"]] if "Default" in definition else []
        values += [""] if re.search(definition.get("AllowedPattern", "."), "") else []
    return [_typed(template, name, value) for value in values]


def _typed(template: Template, name: str, value: Any) -> Any:
    listed = template.parameters[name]["Type"] == "CommaDelimitedList"
    return str(value).split(",") if listed else str(value)
