"""Slack's request signature, version v0 (docs.slack.dev: Verifying requests from Slack)."""

from __future__ import annotations

import hashlib
import hmac


def signature_headers(signing_secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The two headers for this raw body; `timestamp` is epoch seconds."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    digest = hmac.new(signing_secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
