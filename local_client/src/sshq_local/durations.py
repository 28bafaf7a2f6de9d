"""Spans and points of time as a person writes them."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

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


def parse_until(
    text: str, now: datetime, *, local: Callable[[datetime], datetime] = datetime.astimezone
) -> datetime:
    """`18:00` (the next one), or an ISO time; local where it says no zone. Raises Refusal.

    local: gives a time without a zone this computer's; summer time may begin or end before then.
    """
    word = text.strip()
    if match := re.fullmatch(r"(\d{1,2}):(\d{2})", word):
        try:
            clock = time(int(match[1]), int(match[2]))
        except ValueError:
            raise _unreadable(text) from None
        then = local(datetime.combine(now, clock))
        return then if then > now else local(datetime.combine(now + timedelta(days=1), clock))
    try:
        then = datetime.fromisoformat(word)
    except ValueError:
        raise _unreadable(text) from None
    return then if then.tzinfo else local(then)


def _unreadable(text: str) -> Exception:
    return refusal(Reason.BAD_TIME, "leases.bad-time", text=repr(text), exit_code=Exit.USAGE)
