"""Public keys in OpenSSH's form."""

from __future__ import annotations

import hashlib


def key_fingerprint(public_key: str) -> str:
    """SHA-256 of `type base64`, without the comment: two lines for one key are one key."""
    return hashlib.sha256(" ".join(public_key.split()[:2]).encode()).hexdigest()
