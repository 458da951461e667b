"""AWS Organizations: the parts that play it."""

import organizations_accounts
import organizations_api
import organizations_authorization
import organizations_bucket
import organizations_model
import organizations_reads
import organizations_services
import organizations_units

_PARTS = (organizations_api, organizations_reads, organizations_units, organizations_accounts, organizations_services,
          organizations_authorization)


def reset() -> None:
    """No organization any more, and full buckets."""
    organizations_model.reset()
    organizations_bucket.reset()


def install() -> None:
    """Put every part in its place."""
    for part in _PARTS:
        part.install()
