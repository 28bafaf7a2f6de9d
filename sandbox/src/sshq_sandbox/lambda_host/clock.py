"""The sandbox's time: the machine's, moved by what `sshq-sandbox clock` has added up.

The offset lives in a small file, so that the functions' processes follow without being told.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STEP = re.compile(r"\+?(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_step(text: str) -> timedelta:
    """Read `+11m`, `90s`, `+2h`, `1d`. Raises ValueError with a usable sentence."""
    match = _STEP.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} isn't a step in time. Write for example +11m, +90s, +2h or +1d."
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class SandboxClock:
    """now() in UTC. One writer (the supervisor); readers in any process."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset()

    def offset(self) -> timedelta:
        try:
            return timedelta(seconds=float(self._file.read_text(encoding="ascii")))
        except FileNotFoundError:
            return timedelta(0)

    def advance(self, step: timedelta) -> timedelta:
        """Move the time on; return the whole offset. The file is replaced in one step."""
        offset = self.offset() + step
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(offset.total_seconds()), encoding="ascii")
        fresh.replace(self._file)
        return offset


class BotClock(SandboxClock):
    """The same time for the core: whole seconds, as its Clock port has them."""

    def now(self) -> datetime:
        return super().now().replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def monotonic(self) -> float:
        return time.monotonic()
