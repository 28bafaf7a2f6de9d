"""Leases: what a redeemed ticket gives. One key, one job, a time; ended early by whoever may."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from sshq.domain.identity import Actor
from sshq.domain.model import Record

CERTIFICATE_LIFE = timedelta(minutes=60)
# A certificate is accepted by clocks that are a little behind the CA's.
CERTIFICATE_BACKDATE = timedelta(minutes=2)
MOST_SESSIONS = 32
# SSM lists a new session a moment after it started; until then its row is believed.
SESSION_SETTLES = timedelta(seconds=30)


class LeaseEnd(StrEnum):
    """Why a lease is over."""

    BY_OWNER = "by-owner"
    JOB_ENDED = "job-ended"
    MEMBER_REMOVED = "member-removed"
    TICKET_REUSED = "ticket-reused"


class Lease(Record):
    """The right of one key to reach one job until `expires_at`, unless `ended` says otherwise."""

    id: str
    job: str
    owner: Actor
    public_key: str
    key_fingerprint: str
    ticket: str
    created_at: datetime
    expires_at: datetime
    client: str = ""
    source: str = ""
    ended: LeaseEnd | None = None

    def is_live(self, now: datetime) -> bool:
        return self.ended is None and now < self.expires_at


class LeaseSession(Record):
    """One SSM session that was started under a lease."""

    lease: str
    id: str
    node: str
    started_at: datetime


def lease_id(ticket_fingerprint: str, key_fingerprint: str) -> str:
    """The same for the same (ticket, key): so redeeming twice, or after a crash, gives one lease."""
    digest = hashlib.sha256(f"{ticket_fingerprint}\0{key_fingerprint}".encode()).digest()
    return base64.b32encode(digest)[:20].decode().lower()


def certificate_expiry(lease: Lease, now: datetime) -> datetime:
    """A certificate is short, and never outlives its lease."""
    return min(lease.expires_at, now + CERTIFICATE_LIFE)
