"""Leases: what a redeemed ticket gives. One key, one job, a time; ended early by whoever may."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from sshq.domain.identity import Actor
from sshq.domain.model import Record

CERTIFICATE_LIFE = timedelta(minutes=60)
# A certificate is accepted by clocks that are a little behind the CA's.
CERTIFICATE_BACKDATE = timedelta(minutes=2)
# Of one member, on all nodes together. An editor and its terminals take half a dozen on a node.
MOST_SESSIONS = 48
# SSM lists a new session a moment after it started; until then its row is believed.
SESSION_SETTLES = timedelta(seconds=30)


class LeaseEnd(StrEnum):
    """Why a lease is over."""

    BY_OWNER = "by-owner"
    JOB_ENDED = "job-ended"
    EXPIRED = "expired"
    UNSHARED = "unshared"
    MEMBER_REMOVED = "member-removed"
    TICKET_REUSED = "ticket-reused"


class Redeemed(Enum):
    """What came of a redemption."""

    NEW = auto()
    SPENT = auto()
    """The ticket can't be spent: it is unknown, its time is up, or some key has spent it."""
    NOT_ALLOWED = auto()
    """The job isn't ready, or the ticket's owner isn't a member any more."""
    REPLAYED = auto()
    TOO_OFTEN = auto()
    NO_ROOM = auto()
    """The member has as many sessions as they may: none can come with the lease."""


class SessionAdded(Enum):
    """What came of writing a session down."""

    ADDED = auto()
    LEASE_ENDED = auto()
    TOO_MANY = auto()
    REPLAYED = auto()


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

    id: str
    lease: str
    owner: Actor
    job: str
    node: str
    rank: int = 0
    started_at: datetime


def lease_id(ticket_fingerprint: str, key_fingerprint: str) -> str:
    """The same for the same (ticket, key): so redeeming twice, or after a crash, gives one lease."""
    digest = hashlib.sha256(f"{ticket_fingerprint}\0{key_fingerprint}".encode()).digest()
    return base64.b32encode(digest)[:20].decode().lower()


def certificate_expiry(lease: Lease, now: datetime) -> datetime:
    """A certificate is short, and never outlives its lease."""
    return min(lease.expires_at, now + CERTIFICATE_LIFE)


def not_active(
    known: list[LeaseSession], active: set[str], now: datetime
) -> tuple[list[LeaseSession], list[LeaseSession]]:
    """(those to ask about once more, over) of the sessions that were written down and that SSM
    doesn't call active.

    A connection that ends tells the node's agent, not us: so rows outlive their sessions.
    """
    gone = [row for row in known if row.id not in active]
    settled = now - SESSION_SETTLES
    young = [row for row in gone if row.started_at >= settled]
    return young, [row for row in gone if row not in young]
