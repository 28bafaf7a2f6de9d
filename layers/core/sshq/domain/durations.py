"""Spans of time as people type them (`30m`, `2h`, `1h30m`, `1.5h`) and as they read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sshq.domain.misfits import Misfit

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")


def parse_duration(text: str) -> int:
    """Seconds; Misfit for what is no span of time."""
    typed = text.strip().lower().replace(" ", "")
    if not _WHOLE.fullmatch(typed):
        raise Misfit("span")
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(typed)))


def typed_seconds(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """What was typed, as seconds; what came out of the queue is seconds already."""
    return parse_duration(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Between:
    """A span's bounds, which are told as people type spans: pydantic's own would be told in seconds."""

    least: int
    most: int

    def __call__(self, seconds: int) -> int:
        if seconds < self.least:
            raise Misfit("span-too-short", least=format_duration(self.least))
        if seconds > self.most:
            raise Misfit("span-too-long", most=format_duration(self.most))
        return seconds


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
