"""CloudFormation: the published schema of AWS::CloudFormation::StackSet, as far as properties are held against it.

A violation is refused before the handler is called; the words are those that users report for this type and others
("Properties validation failed for resource …").
"""

import re

_TEXT, _FLAG, _NUMBER = {"type": str}, {"type": bool}, {"type": int}
_REGIONS = {"min": 1, "unique": True, "items": {"pattern": r"[a-zA-Z0-9-]{1,128}"}}
_ACCOUNTS = {"min": 1, "unique": True, "items": {"pattern": r"[0-9]{12}"}}
_UNITS = {"min": 1, "unique": True, "items": {
    "pattern": r"(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})"}}
_PARAMETERS = {"unique": True, "items": {"required": ("ParameterKey", "ParameterValue"), "properties": {
    "ParameterKey": _TEXT, "ParameterValue": _TEXT}}}
_TARGETS = {"properties": {
    "Accounts": _ACCOUNTS, "AccountsUrl": _TEXT, "OrganizationalUnitIds": _UNITS,
    "AccountFilterType": {"enum": ("NONE", "UNION", "INTERSECTION", "DIFFERENCE")}}}
_GROUP = {"required": ("DeploymentTargets", "Regions"), "properties": {
    "DeploymentTargets": _TARGETS, "Regions": _REGIONS, "ParameterOverrides": _PARAMETERS}}
_PREFERENCES = {"properties": {
    "FailureToleranceCount": _NUMBER, "FailureTolerancePercentage": _NUMBER, "MaxConcurrentCount": _NUMBER,
    "MaxConcurrentPercentage": _NUMBER, "RegionOrder": {"items": _TEXT},
    "RegionConcurrencyType": {"enum": ("SEQUENTIAL", "PARALLEL")},
    "ConcurrencyMode": {"enum": ("STRICT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE")}}}
_SCHEMA = {"required": ("StackSetName", "PermissionModel"), "properties": {
    "StackSetName": {"pattern": r"[a-zA-Z][a-zA-Z0-9\-]{0,127}"}, "AdministrationRoleARN": _TEXT,
    "AutoDeployment": {"properties": {"Enabled": _FLAG, "RetainStacksOnAccountRemoval": _FLAG,
                                      "DependsOn": {"items": _TEXT}}},
    "Capabilities": {"unique": True, "items": {
        "enum": ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")}},
    "Description": _TEXT, "ExecutionRoleName": _TEXT, "OperationPreferences": _PREFERENCES,
    "StackInstancesGroup": {"unique": True, "items": _GROUP}, "Parameters": _PARAMETERS,
    "PermissionModel": {"enum": ("SERVICE_MANAGED", "SELF_MANAGED")}, "Tags": {"items": {"properties": {
        "Key": _TEXT, "Value": _TEXT}}}, "TemplateBody": _TEXT, "TemplateURL": _TEXT,
    "CallAs": {"enum": ("SELF", "DELEGATED_ADMIN")}, "ManagedExecution": {"properties": {"Active": _FLAG}}}}


def _is_of(value, kind: type) -> bool:
    """CloudFormation turns scalars into what a schema wants, where that is possible."""
    text = str(value).lower()
    if isinstance(value, (dict, list)):
        return False
    return kind is str or (text in ("true", "false") if kind is bool else text.lstrip("-").isdecimal())


def _of_list(value, schema: dict, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: expected type: JSONArray, found: {type(value).__name__}"]
    found = []
    if len(value) < schema.get("min", 0):
        found.append(f"{path}: expected minimum item count: {schema['min']}, found: {len(value)}")
    if schema.get("unique") and any(item in value[:number] for number, item in enumerate(value)):
        found.append(f"{path}: array items are not unique")
    return found + [problem for number, item in enumerate(value)
                    for problem in _problems(item, schema["items"], f"{path}/{number}")]


def _of_structure(value, schema: dict, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: expected type: JSONObject, found: {type(value).__name__}"]
    found = [f"{path}: required key [{name}] not found" for name in schema.get("required", ()) if name not in value]
    for name, member in value.items():
        if name not in schema["properties"]:
            found.append(f"{path}: extraneous key [{name}] is not permitted")
        else:
            found += _problems(member, schema["properties"][name], f"{path}/{name}")
    return found


def _problems(value, schema: dict, path: str) -> list[str]:
    if "items" in schema:
        return _of_list(value, schema, path)
    if "properties" in schema:
        return _of_structure(value, schema, path)
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: {value} is not a valid enum value"]
    if "pattern" in schema and not re.fullmatch(schema["pattern"], str(value)):
        return [f"{path}: failed validation constraint for keyword [pattern]"]
    if "type" in schema and not _is_of(value, schema["type"]):
        return [f"{path}: failed validation constraint for keyword [type]"]
    return []


def check(logical_id: str, props: dict) -> None:
    """Stop at properties that are not of the schema."""
    if found := _problems(props, _SCHEMA, "#"):
        raise ValueError(f"Properties validation failed for resource {logical_id} with message:\n[{', '.join(found)}]")
