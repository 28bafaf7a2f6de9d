"""Spans of time as people type them (`30m`, `2h`, `1h30m`, `1.5h`) and as they read them."""

from __future__ import annotations

import re

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")


def parse_duration(text: str) -> int:
    """Seconds; ValueError, with a sentence for the user, for what is no span of time."""
    typed = text.strip().lower().replace(" ", "")
    if not _WHOLE.fullmatch(typed):
        raise ValueError("write a span of time such as 30m, 2h or 1h30m")
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(typed)))


def format_duration(seconds: int) -> str:
    """`1 d 2 h`, `25 min`, `40 s`: the two largest units, nothing rounded up."""
    left, parts = max(0, seconds), []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
