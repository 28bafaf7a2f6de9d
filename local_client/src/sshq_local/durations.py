"""Spans and points of time as a person writes them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sshq_local.errors import Exit, Reason, refusal

_PART = re.compile(r"(\d+(?:\.\d+)?)(d|h|min|m|s)")
_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "m": 60, "s": 1}


def parse_span(text: str) -> timedelta:
    """`2h`, `90m`, `1h30m`, `1d`; a bare number is hours, as in `/sshq run --hours`. Raises Refusal."""
    word = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d+(\.\d+)?", word):
        word += "h"
    parts = _PART.findall(word)
    if not parts or "".join(number + unit for number, unit in parts) != word:
        raise _unreadable(text)
    try:
        span = timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise _unreadable(text) from None
    if span <= timedelta(0):
        raise _unreadable(text)
    return span


def parse_until(text: str, now: datetime) -> datetime:
    """`18:00` (the next one), or an ISO time; local where it says no zone. Raises Refusal.

    now: with the zone of this computer.
    """
    word = text.strip()
    if match := re.fullmatch(r"(\d{1,2}):(\d{2})", word):
        try:
            then = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        except ValueError:
            raise _unreadable(text) from None
        return then if then > now else then + timedelta(days=1)
    try:
        then = datetime.fromisoformat(word)
    except ValueError:
        raise _unreadable(text) from None
    return then if then.tzinfo else then.replace(tzinfo=now.tzinfo)


def _unreadable(text: str) -> Exception:
    return refusal(Reason.BAD_TIME, "leases.bad-time", text=repr(text), exit_code=Exit.USAGE)
