"""Lists a subscription's security connectors and reads one, with Microsoft's own Python SDK, from the Azure double.

    SDK_CLIENT_TOKEN=<bearer token> python sdk_client.py BASE_URL SUBSCRIPTION RESOURCE_GROUP CONNECTOR

Prints one line of JSON: the ids that were listed, and the connector as the SDK decoded it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.mgmt.security import SecurityManagementClient

from newer_than_sdk import SDK_API_VERSION
from sdk_models import fields, plain

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOKEN_VARIABLE = "SDK_CLIENT_TOKEN"


class GivenToken:
    """A credential that hands out the token it was given, for an hour."""

    def __init__(self, token: str):
        self._token = token

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


def look(base_url: str, token: str, subscription: str, resource_group: str, name: str) -> dict[str, Any]:
    """What the SDK lists and reads. A token goes over plain http to this machine only."""
    client = SecurityManagementClient(GivenToken(token), subscription, base_url=base_url, retry_total=0)
    options = {"api_version": SDK_API_VERSION, "enforce_https": urlsplit(base_url).hostname not in LOOPBACK}
    listed = [one.id for one in client.security_connectors.list(**options)]
    connector = client.security_connectors.get(resource_group, name, **options)
    return {"listed": listed, "connector": plain(fields(connector))}


def _written(date: datetime) -> str:
    """A date as Resource Manager writes it; the SDK decodes nothing else to what JSON does not have."""
    return date.isoformat().replace("+00:00", "Z")


def main() -> None:
    """Writes what was seen on standard output."""
    base_url, subscription, resource_group, name = sys.argv[1:]
    seen = look(base_url, os.environ[TOKEN_VARIABLE], subscription, resource_group, name)
    print(json.dumps(seen, default=_written))


if __name__ == "__main__":
    main()
