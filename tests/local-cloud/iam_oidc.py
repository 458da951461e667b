"""IAM: the OpenID Connect provider API, complete, with the limits of the API reference and of IAM's quota page.

A trailing slash belongs to URL and ARN, as it does for sts.windows.net issuers. GetOpenIDConnectProvider gives the
URL without its scheme, tags come sorted by key, adding or removing a client id twice is no error.
"""

import hashlib
import re
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id
from ministack.services import iam

import emulator
import switches
from iam_errors import Refused, answering

MAX_CLIENT_IDS = 100
MAX_THUMBPRINTS = 5
MAX_TAGS = 50
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")

emulator.require(iam, "_oidc_providers", "_xml", "_p", "_now", "_extract_tags", "_extract_tag_keys")
emulator.require(iam._IAM_HANDLERS, "CreateOpenIDConnectProvider", "GetOpenIDConnectProvider",
                 "DeleteOpenIDConnectProvider", "ListOpenIDConnectProviders")


def provider_arn(url: str) -> str:
    """The ARN of the provider of ``url`` in the calling account."""
    return f"arn:aws:iam::{get_account_id()}:oidc-provider/{url.removeprefix('https://')}"


def _provider(params) -> dict:
    arn = iam._p(params, "OpenIDConnectProviderArn")
    provider = iam._oidc_providers.get(arn)
    if provider is None:
        raise Refused(404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    return provider


def _members(params, name: str) -> list[str]:
    found = []
    while value := iam._p(params, f"{name}.member.{len(found) + 1}"):
        found.append(value)
    return found


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if not url or len(url) > 255:
        raise Refused(400, "ValidationError", "url must have between 1 and 255 characters")
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.port:
        raise Refused(400, "InvalidInput",
                      "Invalid Open ID Connect Provider URL: https:// is needed, without port, query or fragment")
    return url


def _checked_client_ids(client_ids: list[str]) -> list[str]:
    if any(not 1 <= len(client_id) <= 255 for client_id in client_ids):
        raise Refused(400, "ValidationError", "a client id must have between 1 and 255 characters")
    if len(set(client_ids)) > MAX_CLIENT_IDS:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: "
                                            f"{MAX_CLIENT_IDS}")
    return list(dict.fromkeys(client_ids))


def _checked_thumbprints(thumbprints: list[str]) -> list[str]:
    if any(not re.fullmatch(r"[0-9A-Fa-f]{40}", thumbprint) for thumbprint in thumbprints):
        raise Refused(400, "ValidationError", "a thumbprint must have 40 hexadecimal digits")
    if len(thumbprints) > MAX_THUMBPRINTS:
        raise Refused(400, "InvalidInput", f"Thumbprint list must contain fewer than {MAX_THUMBPRINTS + 1} entries.")
    return thumbprints


def _merged_tags(present: list[dict], added: list[dict]) -> list[dict]:
    names = [tag["Key"].lower() for tag in added]
    if len(set(names)) < len(names):
        raise Refused(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for tag in added:
        if not 1 <= len(tag["Key"]) <= 128 or len(tag["Value"]) > 256 or tag["Key"].lower().startswith("aws:"):
            raise Refused(400, "ValidationError", f"tag {tag['Key']} has a key or value of the wrong length or prefix")
        if not _TAG_TEXT.fullmatch(tag["Key"]) or not _TAG_TEXT.fullmatch(tag["Value"]):
            raise Refused(400, "ValidationError", f"tag {tag['Key']} has characters that IAM does not accept")
    merged = [tag for tag in present if tag["Key"].lower() not in names] + added
    if len(merged) > MAX_TAGS:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for TagsPerOpenIdConnectProvider: {MAX_TAGS}")
    return sorted(merged, key=lambda tag: tag["Key"])


def _list_xml(values: list[str]) -> str:
    return "".join(f"<member>{escape(value)}</member>" for value in values)


def _tags_xml(tags: list[dict]) -> str:
    members = "".join(f"<member><Key>{escape(tag['Key'])}</Key><Value>{escape(tag['Value'])}</Value></member>"
                      for tag in tags)
    return f"<Tags>{members}</Tags>"


def _answer(action: str, result: str = ""):
    return iam._xml(200, f"{action}Response", f"<{action}Result>{result}</{action}Result>" if result else "")


def _create(params):
    url = _checked_url(iam._p(params, "Url"))
    arn = provider_arn(url)
    if arn in iam._oidc_providers:
        raise Refused(409, "EntityAlreadyExists", f"Provider with url {url} already exists.")
    # Without thumbprints IAM fetches the server's own.
    thumbprints = _checked_thumbprints(_members(params, "ThumbprintList")) or [
        hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()]
    provider = {
        "Arn": arn,
        "Url": url.removeprefix("https://"),
        "ClientIDList": _checked_client_ids(_members(params, "ClientIDList")),
        "ThumbprintList": thumbprints,
        "CreateDate": iam._now(),
        "Tags": _merged_tags([], iam._extract_tags(params)),
    }
    iam._oidc_providers[arn] = provider
    return _answer("CreateOpenIDConnectProvider",
                   f"<OpenIDConnectProviderArn>{escape(arn)}</OpenIDConnectProviderArn>{_tags_xml(provider['Tags'])}")


def _get(params):
    provider = _provider(params)
    return _answer("GetOpenIDConnectProvider",
                   f"<Url>{escape(provider['Url'])}</Url>"
                   f"<ClientIDList>{_list_xml(provider['ClientIDList'])}</ClientIDList>"
                   f"<ThumbprintList>{_list_xml(provider['ThumbprintList'])}</ThumbprintList>"
                   f"<CreateDate>{provider['CreateDate']}</CreateDate>{_tags_xml(provider['Tags'])}")


def _list(_params):
    members = "".join(f"<member><Arn>{escape(arn)}</Arn></member>" for arn in iam._oidc_providers)
    return _answer("ListOpenIDConnectProviders",
                   f"<OpenIDConnectProviderList>{members}</OpenIDConnectProviderList>")


def _delete(params):
    try:
        del iam._oidc_providers[_provider(params)["Arn"]]
    except Refused:
        if switches.get("absentProviderIsAnError"):
            raise
    return _answer("DeleteOpenIDConnectProvider")


def _add_client_id(params):
    provider = _provider(params)
    provider["ClientIDList"] = _checked_client_ids([*provider["ClientIDList"], iam._p(params, "ClientID")])
    return _answer("AddClientIDToOpenIDConnectProvider")


def _remove_client_id(params):
    provider = _provider(params)
    provider["ClientIDList"] = [value for value in provider["ClientIDList"] if value != iam._p(params, "ClientID")]
    return _answer("RemoveClientIDFromOpenIDConnectProvider")


def _update_thumbprint(params):
    provider = _provider(params)
    provider["ThumbprintList"] = _checked_thumbprints(_members(params, "ThumbprintList"))
    return _answer("UpdateOpenIDConnectProviderThumbprint")


def _tag(params):
    provider = _provider(params)
    provider["Tags"] = _merged_tags(provider["Tags"], iam._extract_tags(params))
    return _answer("TagOpenIDConnectProvider")


def _untag(params):
    provider = _provider(params)
    removed = {key.lower() for key in iam._extract_tag_keys(params)}
    provider["Tags"] = [tag for tag in provider["Tags"] if tag["Key"].lower() not in removed]
    return _answer("UntagOpenIDConnectProvider")


def _list_tags(params):
    return _answer("ListOpenIDConnectProviderTags",
                   f"{_tags_xml(_provider(params)['Tags'])}<IsTruncated>false</IsTruncated>")


def install() -> None:
    """Put the whole API in the place of the emulator's part of it."""
    actions = {
        "CreateOpenIDConnectProvider": _create,
        "GetOpenIDConnectProvider": _get,
        "ListOpenIDConnectProviders": _list,
        "DeleteOpenIDConnectProvider": _delete,
        "AddClientIDToOpenIDConnectProvider": _add_client_id,
        "RemoveClientIDFromOpenIDConnectProvider": _remove_client_id,
        "UpdateOpenIDConnectProviderThumbprint": _update_thumbprint,
        "TagOpenIDConnectProvider": _tag,
        "UntagOpenIDConnectProvider": _untag,
        "ListOpenIDConnectProviderTags": _list_tags,
    }
    iam._IAM_HANDLERS.update({name: answering(action) for name, action in actions.items()})
