"""Lines of a job's log, and where a reader of them has come to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_PLACE = re.compile(r"([A-Za-z0-9_-]{1,128})=(f/[0-9]{1,64}(?:/s)?)")


@dataclass(frozen=True)
class LogLine:
    """One line that a container printed. `node` is the container's host name: algo-1, …"""

    at: datetime
    node: str
    text: str


@dataclass(frozen=True)
class LogPage:
    """Some lines, and the position after them."""

    lines: tuple[LogLine, ...]
    next: str


@dataclass(frozen=True)
class Position:
    """Where a reader is in the log of each container: CloudWatch's own forward tokens.

    One for each, since what one container printed may arrive after later lines of another.
    """

    places: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Position:
        """From its text; a Refusal if it is none of ours."""
        places = [_PLACE.fullmatch(part) for part in text.split(",") if part]
        if not all(places):
            raise Refusal(Reason.BAD_REQUEST, problem="“after” isn't what an earlier answer gave")
        return cls({place[1]: place[2] for place in places if place})

    @property
    def text(self) -> str:
        return ",".join(f"{container}={token}" for container, token in self.places.items())

    def token(self, container: str) -> str | None:
        """None for a container that wasn't there yet."""
        return self.places.get(container)

    def moved(self, container: str, token: str) -> Position:
        return Position({**self.places, container: token})
