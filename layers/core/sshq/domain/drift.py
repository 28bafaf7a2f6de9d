"""Drift: what differs from the desired state, and since when that is known."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from sshq.domain.model import Model, Record

if TYPE_CHECKING:
    from sshq.domain.setup_plan import Plan


class Since(Model):
    """A difference was first seen at `seen`; at `fine`, the look before, it wasn't there yet."""

    what: str
    seen: datetime
    fine: datetime | None = None


class Drift(Record):
    """The last look, and the differences that it found by `Resource.key`."""

    checked_at: datetime
    since: dict[str, Since] = Field(default_factory=dict)


def drift(found: Plan, before: Drift | None, now: datetime) -> Drift:
    """What this look adds to the last one: an old difference keeps its date, a new one gets today's."""
    known = before.since if before else {}
    differences = {
        change.resource.key: _mark(change.model_dump(mode="json")) for change in found.changes
    }
    differences |= {item.resource: _mark(item.command) for item in found.by_hand}
    differences |= {note.resource: _mark(note.why) for note in found.blocked}
    fine = before.checked_at if before else None
    return Drift(
        checked_at=now,
        since={
            key: known[key]
            if key in known and known[key].what == what
            else Since(what=what, seen=now, fine=fine)
            for key, what in differences.items()
        },
    )


def is_news(found: Drift, before: Drift | None) -> bool:
    """Whether something differs that the last look didn't tell of."""
    return any(
        before is None or before.since.get(key) != since for key, since in found.since.items()
    )


def _mark(what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
