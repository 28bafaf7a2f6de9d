"""Sharing: the owner of a job lets another member enter it, for a time or until the job ends."""

from __future__ import annotations

from datetime import datetime

from sshq.domain.identity import Actor
from sshq.domain.model import Record


class Share(Record):
    """One member's way into another's job. It gives entry, and nothing else: no stop, no extension."""

    job: str
    owner: Actor
    member: Actor
    shared_at: datetime
    until: datetime | None = None
