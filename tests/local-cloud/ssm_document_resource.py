"""CloudFormation: ``AWS::SSM::Document`` as its published resource handler behaves; Ref is the document's name.

* ``UpdateMethod: NewVersion`` makes a new version, and it becomes the default version. The resource reference says so
  and the published handler does it, but users report that the default stays (cloudformation-coverage-roadmap issue
  2539): switch ``newDocumentVersionIsDefault``. A new name or type is then refused.
* Otherwise (``Replace``) a change replaces the document, which one with a name of its own cannot be.
* Tags change without either.
"""

import json
import secrets

from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS, _delete_predecessor

import ssm_documents
import ssm_tags
import switches
from cloudformation_resources import handler_error
from ssm_api import SsmError

TYPE = "AWS::SSM::Document"
_CREATE_ONLY = ("Name", "DocumentType")
_VERSIONED = ("Content", "DocumentFormat", "VersionName", "TargetType")
_NOT_PLAYED = ("Attachments", "Requires")
_CODES = {"DocumentAlreadyExists": "AlreadyExists", "InvalidDocument": "NotFound",
          "DocumentLimitExceeded": "ServiceLimitExceeded", "DocumentVersionLimitExceeded": "ServiceLimitExceeded"}


def _as_handler(action, request: dict) -> dict:
    try:
        return action(request)
    except SsmError as error:
        raise handler_error(error.message, "Ssm", error.status,
                            _CODES.get(error.code, "InvalidRequest")) from None


def _content(props: dict) -> dict:
    if found := [name for name in _NOT_PLAYED if props.get(name)]:
        raise ValueError(f"{TYPE}: the local cloud does not play {', '.join(found)}")
    content = props.get("Content")
    return {"Content": content if isinstance(content, str) else json.dumps(content),
            **{name: props[name] for name in ("DocumentFormat", "VersionName", "TargetType") if name in props}}


def _tags(props: dict) -> dict[str, str]:
    return {tag["Key"]: str(tag.get("Value", "")) for tag in props.get("Tags") or ()}


def _create(logical_id, props, stack_name):
    name = props.get("Name") or f"{f'{stack_name}-{logical_id}'[:115]}-{secrets.token_hex(6).upper()}"
    _as_handler(ssm_documents.create, {
        "Name": name, **_content(props), "Tags": props.get("Tags") or [],
        **({"DocumentType": props["DocumentType"]} if "DocumentType" in props else {})})
    return name, {}


def _new_version(physical_id: str, old: dict, new: dict) -> None:
    if any(old.get(name) != new.get(name) for name in _CREATE_ONLY):
        raise handler_error("Create-Only Property cannot be updated with true update.", "Ssm", 400, "InvalidRequest")
    if all(old.get(name) == new.get(name) for name in _VERSIONED):
        return
    answer = _as_handler(ssm_documents.update,
                         {"Name": physical_id, "DocumentVersion": "$LATEST", **_content(new)})
    if switches.get("newDocumentVersionIsDefault"):
        version = answer["DocumentDescription"]["DocumentVersion"]
        _as_handler(ssm_documents.update_default, {"Name": physical_id, "DocumentVersion": version})


def _retag(physical_id: str, old: dict, new: dict) -> None:
    document, wanted = ssm_documents.named(physical_id), _tags(new)
    if document is None:
        raise handler_error("The specified SSM document does not exist.", "Ssm", 400, "NotFound")
    document.tags = ssm_tags.changed(document.tags, wanted, set(_tags(old)) - set(wanted))


def _update(physical_id, old_props, new_props, stack_name, logical_id=None):
    if new_props.get("UpdateMethod") == "NewVersion":
        _retag(physical_id, old_props, new_props)
        _new_version(physical_id, old_props, new_props)
        return physical_id, {}
    if any(old_props.get(name) != new_props.get(name) for name in (*_CREATE_ONLY, *_VERSIONED)):
        if new_props.get("Name") == physical_id:
            raise ValueError("CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                             f"Rename {physical_id} and update the stack again.")
        created = _create(logical_id or physical_id, new_props, stack_name)
        _delete_predecessor(_delete, physical_id, old_props)
        return created
    _retag(physical_id, old_props, new_props)
    return physical_id, {}


def _delete(physical_id, _props):
    try:
        ssm_documents.delete({"Name": physical_id})
    except SsmError as error:
        if error.code != "InvalidDocument":
            raise handler_error(error.message, "Ssm", error.status, "GeneralServiceException") from None


def install() -> None:
    """Add the type."""
    _RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "update_with_logical_id": True,
                                "delete": _delete}
