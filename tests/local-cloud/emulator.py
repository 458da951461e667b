"""The pinned emulator, and the one way in which this extension changes it.

ministack is released almost daily and its private names move. Every name that is replaced here is therefore
checked first, so that a wrong version stops at the start and not in the middle of a test.
"""

import os
from importlib.metadata import version
from urllib.parse import urlsplit

PINNED_VERSION = "1.5.33"


def assert_version() -> None:
    """Stop unless the installed ministack is the one whose private names are known here."""
    installed = version("ministack")
    if installed != PINNED_VERSION:
        raise SystemExit(f"local cloud: ministack {PINNED_VERSION} is needed, found {installed}")


def require(owner, *names: str) -> None:
    """Stop unless ``owner`` (a module, class or mapping) has every one of ``names``."""
    present = owner.__contains__ if isinstance(owner, dict) else lambda name: hasattr(owner, name)
    missing = [name for name in names if not present(name)]
    if missing:
        label = getattr(owner, "__name__", type(owner).__name__)
        raise SystemExit(f"local cloud: ministack {PINNED_VERSION} has no {', '.join(missing)} in {label}")


def replace(owner, name: str, replacement):
    """Put ``replacement`` in the place of ``owner.name``; returns what was there."""
    require(owner, name)
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original


def base_url() -> str:
    """The origin under which functions and clients reach this process."""
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    if endpoint.scheme and endpoint.netloc:
        return f"{endpoint.scheme}://{endpoint.netloc}"
    host = os.environ.get("MINISTACK_HOST", "127.0.0.1")
    return f"http://{host}:{port()}"


def port() -> int:
    """The port that ministack listens on."""
    return int(os.environ.get("GATEWAY_PORT") or os.environ.get("EDGE_PORT") or 4566)
