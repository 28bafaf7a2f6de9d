"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq_local.language import text

if TYPE_CHECKING:
    from sshq_local.errors import Refusal


class Verdict(StrEnum):
    """How it is. SKIPPED: it wasn't looked at, since what it needs has failed or doesn't apply."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """check: its stable name. what: a sentence. next: what mends it, empty where nothing is wrong."""

    check: str
    verdict: Verdict
    what: str
    next: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "check": self.check,
            "verdict": self.verdict,
            "what": self.what,
            "next": self.next,
        }


def ok(check: str, key: str, **facts: object) -> Finding:
    return Finding(check, Verdict.OK, text(f"doctor.{key}", **facts))


def failed(check: str, key: str, **facts: object) -> Finding:
    """`key` and `key`.next are in the catalogue's area doctor."""
    what, following = text(f"doctor.{key}", **facts), text(f"doctor.{key}.next", **facts)
    return Finding(check, Verdict.FAILED, what, following)


def warned(check: str, key: str, **facts: object) -> Finding:
    what, following = text(f"doctor.{key}", **facts), text(f"doctor.{key}.next", **facts)
    return Finding(check, Verdict.WARNING, what, following)


def skipped(check: str, key: str, **facts: object) -> Finding:
    return Finding(check, Verdict.SKIPPED, text(f"doctor.{key}", **facts))


def refused(check: str, refusal: Refusal) -> Finding:
    """A refusal says itself what happened and what to do."""
    return Finding(check, Verdict.FAILED, refusal.what, refusal.next_step)
