"""IAM: outbound web identity federation, the account's switch and its issuer.

API reference: EnableOutboundWebIdentityFederation (FeatureEnabled, 409), DisableOutboundWebIdentityFederation and
GetOutboundWebIdentityFederationInfo (FeatureDisabled, 404). On AWS the issuer is
``https://<id>.tokens.sts.global.api.aws``; here it lies below this process, with the same two well-known documents.
"""

import json
import uuid

from ministack.core.responses import get_account_id
from ministack.services import iam

import emulator
import keys

ISSUERS_PATH = "/_local_cloud/issuers/"

emulator.require(iam, "_IAM_HANDLERS", "_xml", "_error")

_enabled: set[str] = set()
# Tokens from before a Disable stay verifiable, so an issuer once published is served on.
_published: set[str] = set()


def issuer_id(account_id: str) -> str:
    """The stable, unguessable-looking id of an account's issuer."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, account_id))


def issuer(account_id: str) -> str:
    """The issuer URL of an account."""
    return f"{emulator.base_url()}{ISSUERS_PATH}{issuer_id(account_id)}"


def is_enabled(account_id: str) -> bool:
    """Whether the account's principals may get tokens."""
    return account_id in _enabled


def _disabled():
    return iam._error(404, "FeatureDisabled", "Outbound web identity federation is disabled for this account.")


def _enable(_params):
    account_id = get_account_id()
    if account_id in _enabled:
        return iam._error(409, "FeatureEnabled",
                          "Outbound web identity federation is already enabled for this account.")
    _enabled.add(account_id)
    _published.add(issuer_id(account_id))
    return iam._xml(200, "EnableOutboundWebIdentityFederationResponse",
                    "<EnableOutboundWebIdentityFederationResult>"
                    f"<IssuerIdentifier>{issuer(account_id)}</IssuerIdentifier>"
                    "</EnableOutboundWebIdentityFederationResult>")


def _disable(_params):
    if get_account_id() not in _enabled:
        return _disabled()
    _enabled.discard(get_account_id())
    return iam._xml(200, "DisableOutboundWebIdentityFederationResponse", "")


def _info(_params):
    account_id = get_account_id()
    if account_id not in _enabled:
        return _disabled()
    return iam._xml(200, "GetOutboundWebIdentityFederationInfoResponse",
                    "<GetOutboundWebIdentityFederationInfoResult>"
                    f"<IssuerIdentifier>{issuer(account_id)}</IssuerIdentifier>"
                    "<JwtVendingEnabled>true</JwtVendingEnabled>"
                    "</GetOutboundWebIdentityFederationInfoResult>")


def well_known(path: str) -> tuple[int, dict, bytes] | None:
    """The discovery document or key set under ``path``, or None where no issuer is."""
    found, _, document = path.removeprefix(ISSUERS_PATH).partition("/.well-known/")
    if found not in _published:
        return None
    base = f"{emulator.base_url()}{ISSUERS_PATH}{found}"
    documents = {
        "openid-configuration": {
            "issuer": base,
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(keys.ALGORITHMS),
            "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti"],
        },
        "jwks.json": keys.key_set(),
    }
    if document not in documents:
        return None
    return 200, {"Content-Type": "application/json"}, json.dumps(documents[document]).encode()


def reset() -> None:
    """Every account as new."""
    _enabled.clear()
    _published.clear()


def install() -> None:
    """Add the three actions to IAM."""
    iam._IAM_HANDLERS.update({
        "EnableOutboundWebIdentityFederation": _enable,
        "DisableOutboundWebIdentityFederation": _disable,
        "GetOutboundWebIdentityFederationInfo": _info,
    })
