"""The signing keys of the outbound identity federation, made once per process, and JSON Web Signatures with them.

AWS documents RS256 and ES384 and rotates its keys; here one key of each kind serves all accounts.
"""

import base64
import hashlib
import json
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ALGORITHMS = ("RS256", "ES384")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int | None = None) -> str:
    return _base64url(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@cache
def _private_key(algorithm: str):
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP384R1())


@cache
def _public_members(algorithm: str) -> dict:
    numbers = _private_key(algorithm).public_key().public_numbers()
    if algorithm == "RS256":
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    return {"crv": "P-384", "kty": "EC", "x": _number(numbers.x, 48), "y": _number(numbers.y, 48)}


def _key_id(algorithm: str) -> str:
    """The key's RFC 7638 thumbprint."""
    canonical = json.dumps(_public_members(algorithm), sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def key_set() -> dict:
    """The JSON Web Key Set to publish."""
    return {"keys": [{**_public_members(algorithm), "alg": algorithm, "use": "sig", "kid": _key_id(algorithm)}
                     for algorithm in ALGORITHMS]}


def sign(algorithm: str, claims: dict) -> str:
    """A compact JWS of ``claims``."""
    header = {"alg": algorithm, "kid": _key_id(algorithm), "typ": "JWT"}
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    key = _private_key(algorithm)
    if algorithm == "RS256":
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA384())))
        signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
    return f"{signed}.{_base64url(signature)}"
