"""Signing without an SDK: SigV4 by header, and RSA (PKCS #1 v1.5, SHA-256) with a key's bare
numbers.

An SDK or `cryptography` would be the dearest import of an agent's start.
"""

from __future__ import annotations

import base64
import hmac
import time
from hashlib import sha256
from urllib.parse import urlsplit

_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
"""The DER of DigestInfo for SHA-256 (RFC 8017, 9.2)."""


class Credentials:
    """`expires`: epoch seconds."""

    def __init__(
        self, access_key_id: str, secret_access_key: str, session_token: str, expires: float
    ) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token
        self.expires = expires


def sigv4_headers(
    *,
    endpoint: str,
    region: str,
    target: str,
    payload: bytes,
    credentials: Credentials,
    now: float,
) -> dict[str, str]:
    """The headers that sign a POST of JSON to `endpoint`'s root, for service `ssm`."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    signed = {
        "content-type": "application/x-amz-json-1.1",
        "host": urlsplit(endpoint).netloc,
        "x-amz-date": moment,
        "x-amz-target": target,
    }
    if credentials.session_token:
        signed["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(signed))
    canonical_headers = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    digest = sha256(payload).hexdigest()
    canonical = f"POST\n/\n\n{canonical_headers}\n{names}\n{digest}"
    scope = f"{moment[:8]}/{region}/ssm/aws4_request"
    hashed = sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers = {
        "X-Amz-Date": moment,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
    }
    if credentials.session_token:
        headers["X-Amz-Security-Token"] = credentials.session_token
    return headers


def rsa_signature(modulus: int, exponent: int, text: str) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-256 over the text, base64."""
    size = (modulus.bit_length() + 7) // 8
    digest = _SHA256_PREFIX + sha256(text.encode()).digest()
    padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    raw = pow(int.from_bytes(padded, "big"), exponent, modulus).to_bytes(size, "big")
    return base64.b64encode(raw).decode()
