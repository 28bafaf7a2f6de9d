"""Public keys in OpenSSH's form."""

from __future__ import annotations

import base64
import binascii
import hashlib


def key_fingerprint(public_key: str) -> str:
    """SHA-256 of `type base64`, without the comment: two lines for one key are one key."""
    return hashlib.sha256(" ".join(public_key.split()[:2]).encode()).hexdigest()


def shown_fingerprint(public_key: str) -> str:
    """As `ssh-keygen -l` shows it, for people to compare: `SHA256:…`."""
    try:
        blob = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, binascii.Error):
        return "?"
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
