"""Systems Manager: Automation documents, their versions and tags (API reference, "CreateDocument" and its neighbours).

* A name is three to 128 characters and does not begin like one of AWS's own.
* UpdateDocument changes the latest version only, makes a new one, and leaves the default as it is; the same content
  again is DuplicateDocumentContent.
* A document is Active at once, though CreateDocument says Creating and UpdateDocument says Updating.
* AWS's own runbooks (``ssm_runbooks``) can be read and run in every account, not changed.

Document types other than Automation are refused: they are not played. An account has 500 documents in a region, a
document 1000 versions.
"""

import hashlib
import re
import time
from dataclasses import dataclass, field

from ministack.core.responses import AccountRegionScopedDict, get_account_id

import ssm_api
import ssm_document_content
import ssm_runbooks
import ssm_tags
from ssm_api import Caller, SsmError

_NAME = re.compile(r"[a-zA-Z0-9_\-.]{3,128}")
_RESERVED = ("aws", "amazon", "amzn")
_DOCUMENTS, _VERSIONS = 500, 1000
_PLATFORMS = ["Windows", "Linux", "MacOS"]

_documents = AccountRegionScopedDict()


@dataclass
class Version:
    """One version of a document."""

    number: int
    text: str
    format: str
    content: dict
    name: str | None = None
    target_type: str | None = None
    created: float = field(default_factory=time.time)


@dataclass
class Document:
    """A document; its versions are in order."""

    name: str
    owner: str
    versions: list[Version]
    default: int = 1
    tags: dict[str, str] = field(default_factory=dict)

    def version(self, wanted: str | None = None, version_name: str | None = None) -> Version:
        """A version by number, ``$DEFAULT``, ``$LATEST`` or name."""
        if version_name:
            found = [version for version in self.versions if version.name == version_name]
        elif wanted == "$LATEST":
            found = self.versions[-1:]
        else:
            number = self.default if wanted in (None, "", "$DEFAULT") else wanted
            found = [version for version in self.versions if str(version.number) == str(number)]
        if not found:
            raise SsmError("InvalidDocumentVersion", "The document version is not valid or does not exist.")
        return found[0]


def _made(name: str, owner: str, text: str, document_format: str, target_type: str | None) -> Document:
    content = ssm_document_content.parse(text, document_format)
    return Document(name, owner, [Version(1, text, document_format, content, target_type=target_type)])


_AMAZON = {name: _made(name, "Amazon", text, "YAML", target_type)
           for name, (text, target_type) in ssm_runbooks.RUNBOOKS.items()}


def find(name: str) -> Document | None:
    """A document of the scope's account and region, or of AWS's, by name or ARN."""
    name = re.sub(r"^arn:[^:]+:ssm:[^:]*:[^:]*:(document|automation-definition)/", "", name)
    return _documents.get(name) or _AMAZON.get(name)


def _own(request: dict) -> Document:
    document = _documents.get(str(request.get("Name")))
    if document is None:
        raise SsmError("InvalidDocument", "The specified SSM document does not exist.")
    return document


def _readable(request: dict) -> Document:
    document = find(str(request.get("Name")))
    if document is None:
        raise SsmError("InvalidDocument", f"Document with name {request.get('Name')} does not exist.")
    return document


def _parameters(content: dict) -> list[dict]:
    shown = []
    for name, parameter in (content.get("parameters") or {}).items():
        several = ssm_document_content.is_list_type(parameter["type"])
        entry = {"Name": name, "Type": "StringList" if several else "String"}
        if "description" in parameter:
            entry["Description"] = parameter["description"]
        if "default" in parameter:
            default = parameter["default"]
            entry["DefaultValue"] = str(default).lower() if isinstance(default, bool) else str(default)
        shown.append(entry)
    return shown


def _identifier(document: Document, version: Version) -> dict:
    shown = {"Name": document.name, "CreatedDate": version.created, "Owner": document.owner,
             "DocumentVersion": str(version.number), "DocumentType": "Automation", "SchemaVersion": "0.3",
             "DocumentFormat": version.format, "PlatformTypes": _PLATFORMS,
             "Tags": [{"Key": key, "Value": value} for key, value in document.tags.items()]}
    if version.name:
        shown["VersionName"] = version.name
    if version.target_type:
        shown["TargetType"] = version.target_type
    return shown


def _description(document: Document, version: Version, status: str = "Active") -> dict:
    return {**_identifier(document, version), "Status": status, "HashType": "Sha256",
            "Hash": hashlib.sha256(version.text.encode()).hexdigest(),
            "Description": version.content.get("description", ""), "Parameters": _parameters(version.content),
            "LatestVersion": str(document.versions[-1].number), "DefaultVersion": str(document.default)}


def create(request: dict, _caller: Caller | None = None) -> dict:
    """CreateDocument."""
    name, kind = str(request.get("Name")), request.get("DocumentType", "Command")
    if not _NAME.fullmatch(name):
        raise SsmError("ValidationException", f"1 validation error detected: Value '{name}' at 'name' failed to "
                       "satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9_\\-.]{3,128}$")
    if name.lower().startswith(_RESERVED):
        raise SsmError("ValidationException", f"Document name {name} begins with a reserved prefix.")
    if kind != "Automation":
        raise SsmError("ValidationException", f"the local cloud plays documents of type Automation, not {kind}")
    if name in _documents:
        raise SsmError("DocumentAlreadyExists", "Document with same name " + name + " already exists")
    if len(_documents) >= _DOCUMENTS:
        raise SsmError("DocumentLimitExceeded", f"You can have at most {_DOCUMENTS} active SSM documents.")
    document = _made(name, get_account_id(), str(request.get("Content", "")), request.get("DocumentFormat", "JSON"),
                     request.get("TargetType"))
    document.versions[0].name = request.get("VersionName")
    document.tags = ssm_tags.checked(request.get("Tags"))
    _documents[name] = document
    return {"DocumentDescription": _description(document, document.versions[0], "Creating")}


def update(request: dict, _caller: Caller | None = None) -> dict:
    """UpdateDocument."""
    document = _own(request)
    latest = document.versions[-1]
    wanted = request.get("DocumentVersion", str(document.default))
    if document.version(wanted) is not latest:
        raise SsmError("InvalidDocumentVersion", "The document version is not valid or does not exist.")
    text, document_format = str(request.get("Content", "")), request.get("DocumentFormat", "JSON")
    content, version_name = ssm_document_content.parse(text, document_format), request.get("VersionName")
    if content == latest.content and version_name is None:
        raise SsmError("DuplicateDocumentContent", "The content of the association document matches another document. "
                       "Change the content of the document and try again.")
    if version_name and version_name in [version.name for version in document.versions]:
        raise SsmError("DuplicateDocumentVersionName", "The version name has already been used in this document.")
    if len(document.versions) >= _VERSIONS:
        raise SsmError("DocumentVersionLimitExceeded", f"The document has too many versions: {_VERSIONS}.")
    version = Version(latest.number + 1, text, document_format, content, version_name,
                      request.get("TargetType", latest.target_type))
    document.versions.append(version)
    return {"DocumentDescription": _description(document, version, "Updating")}


def update_default(request: dict, _caller: Caller | None = None) -> dict:
    """UpdateDocumentDefaultVersion."""
    document = _own(request)
    version = document.version(str(request.get("DocumentVersion")))
    document.default = version.number
    named = {"DefaultVersionName": version.name} if version.name else {}
    return {"Description": {"Name": document.name, "DefaultVersion": str(version.number), **named}}


def describe(request: dict, _caller: Caller | None = None) -> dict:
    """DescribeDocument."""
    document = _readable(request)
    version = document.version(request.get("DocumentVersion"), request.get("VersionName"))
    return {"Document": _description(document, version)}


def _get(request: dict, _caller: Caller) -> dict:
    document = _readable(request)
    version = document.version(request.get("DocumentVersion"), request.get("VersionName"))
    if request.get("DocumentFormat", version.format) != version.format:
        raise SsmError("ValidationException", "the local cloud does not turn a document into another format")
    shown = _identifier(document, version)
    return {**{name: shown[name] for name in ("Name", "CreatedDate", "DocumentVersion", "DocumentType",
                                              "DocumentFormat")}, "Status": "Active", "Content": version.text}


def _versions(request: dict, _caller: Caller) -> dict:
    document = _readable(request)
    shown = [{"Name": document.name, "DocumentVersion": str(version.number), "CreatedDate": version.created,
              "IsDefaultVersion": version.number == document.default, "DocumentFormat": version.format,
              "Status": "Active"} for version in reversed(document.versions)]
    items, more = ssm_api.page(request, shown, 1, 50, 50)
    return {"DocumentVersions": items, **more}


def _filters(request: dict) -> dict[str, list[str]]:
    found = {entry["Key"]: entry.get("Values", []) for entry in request.get("Filters") or ()}
    found |= {entry["key"]: [entry["value"]] for entry in request.get("DocumentFilterList") or ()}
    for key in found:
        if key not in ("Name", "Owner", "DocumentType", "PlatformTypes", "TargetType") and not key.startswith("tag:"):
            raise SsmError("InvalidFilterKey", "The specified key is not valid.")
    return found


def _shows(document: Document, filters: dict[str, list[str]]) -> bool:
    mine = document.owner != "Amazon"
    checks = {"Name": lambda values: any(document.name.startswith(value) for value in values),
              "Owner": lambda values: any(value in ("All", "Self" if mine else "Amazon") for value in values),
              "DocumentType": lambda values: "Automation" in values,
              "PlatformTypes": lambda values: bool(set(values) & set(_PLATFORMS)),
              "TargetType": lambda values: document.version().target_type in values}
    return all(document.tags.get(key[4:]) in values if key.startswith("tag:") else checks[key](values)
               for key, values in filters.items())


def _list(request: dict, _caller: Caller) -> dict:
    filters = _filters(request)
    documents = sorted([*_documents.values(), *_AMAZON.values()], key=lambda document: document.name)
    shown = [_identifier(document, document.version()) for document in documents if _shows(document, filters)]
    items, more = ssm_api.page(request, shown, 1, 50, 50)
    return {"DocumentIdentifiers": items, **more}


def delete(request: dict, _caller: Caller | None = None) -> dict:
    """DeleteDocument: all of it, or one version that is not the default."""
    document = _own(request)
    if wanted := request.get("DocumentVersion") or request.get("VersionName"):
        version = document.version(request.get("DocumentVersion"), request.get("VersionName"))
        if version.number == document.default:
            raise SsmError("InvalidDocumentOperation", f"Version {wanted} is the default version.")
        document.versions.remove(version)
    else:
        _documents.pop(document.name, None)
    return {}


def named(name: str) -> Document | None:
    """A document of the scope's account and region by its name."""
    return _documents.get(name)


def install() -> None:
    """Answer the operations on documents."""
    ssm_api.serve({
        "CreateDocument": create, "UpdateDocument": update, "UpdateDocumentDefaultVersion": update_default,
        "DescribeDocument": describe, "GetDocument": _get, "ListDocuments": _list, "ListDocumentVersions": _versions,
        "DeleteDocument": delete})
    ssm_tags.tag_type("Document", named)
    ssm_api.on_reset(_documents.clear)
