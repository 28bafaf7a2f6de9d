"""The request id: one for one act of a user, however often Slack or SQS delivers it.

Slack signs a retry anew, so the signature is no identity; a `trigger_id` (of a command, a button
or a modal) or an `event_id` is. The id is the queue's deduplication id, the worker's conditional
write and the seed of a job's name.
"""

from __future__ import annotations

import base64
import hashlib


def request_id(team: str, identity: str) -> str:
    """64 hex digits for (team id, trigger_id or event_id)."""
    return hashlib.sha256(f"{team}\0{identity}".encode()).hexdigest()


def name_suffix(request: str, attempt: int) -> str:
    """8 characters of base32 for (request id, attempt): what makes a job's name its request's own."""
    digest = hashlib.sha256(f"{request}\0{attempt}".encode()).digest()
    return base64.b32encode(digest)[:8].decode().lower()
