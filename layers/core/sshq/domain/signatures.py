"""What a request's signature must say (RFC 9421), decided on facts that the adapter parsed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sshq.domain.refusals import Reason, Refusal

MOST_SKEW = timedelta(seconds=300)
NONCE_LIFE = 2 * MOST_SKEW
LONGEST_NONCE = 64


@dataclass(frozen=True)
class Nonce:
    """A number that a key may use once; it is remembered while its request could be replayed."""

    key: str
    value: str
    until: datetime


def check_created(created: datetime, now: datetime) -> None:
    """Refuse a signature that is too old or from the future, and say by how much."""
    skew = (created - now).total_seconds()
    if abs(skew) > MOST_SKEW.total_seconds():
        raise Refusal(
            Reason.CLOCK_SKEW,
            seconds=f"{abs(skew):.0f}",
            direction="ahead of" if skew > 0 else "behind",
        )


def check_nonce(nonce: str) -> None:
    """A nonce is remembered in the table, so its size is bounded."""
    if not 8 <= len(nonce) <= LONGEST_NONCE:
        raise Refusal(Reason.BAD_SIGNATURE)
