"""Tickets: 160 random bits that let one key, once, within ten minutes, open a lease on a job."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from sshq.domain.identity import Actor
from sshq.domain.model import Record

LIFE = timedelta(minutes=10)
ENTROPY_BYTES = 20
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 32
_FORGIVEN = str.maketrans({"I": "1", "L": "1", "O": "0"})
_CODE = re.compile(rf"^[{_ALPHABET}]{{{_LENGTH}}}$")


def ticket_code(entropy: bytes) -> str:
    """32 characters of Crockford's base32 for 20 random bytes."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a ticket is made of {ENTROPY_BYTES} bytes, not {len(entropy)}")
    number = int.from_bytes(entropy, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def normalise(code: str) -> str | None:
    """The code as it was made: case and the letters I, L, O are forgiven. None if it can't be one."""
    upper = code.strip().upper().translate(_FORGIVEN)
    return upper if _CODE.match(upper) else None


def fingerprint(code: str) -> str:
    """What is stored of a ticket: its SHA-256. Having the table doesn't mean having the ticket."""
    return hashlib.sha256(code.encode()).hexdigest()


def ticket_text(api_host: str, code: str) -> str:
    """What the owner pastes: `<api host>/<code>`. Not a link, so that Slack doesn't unfurl it."""
    return f"{api_host}/{code}"


class Ticket(Record):
    """A ticket as it is stored. `redeemed_by` is the SHA-256 of the key that spent it,
    `redeemed_from` where that key came from.
    """

    fingerprint: str
    job: str
    owner: Actor
    issued_at: datetime
    expires_at: datetime
    redeemed_by: str | None = None
    redeemed_from: str = ""
    lease: str | None = None


def issue(*, code: str, job: str, owner: Actor, now: datetime) -> Ticket:
    """The record of a new ticket; the code itself is shown once and kept nowhere."""
    return Ticket(
        fingerprint=fingerprint(code), job=job, owner=owner, issued_at=now, expires_at=now + LIFE
    )
