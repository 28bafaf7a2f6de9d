"""The waiting room: requests for which there is no capacity now, and in which order they are called.

A pool is what SageMaker has quotas and capacity for: an instance type, spot or not. Of each pool
only the first in line is tried; when that succeeds the next is called at once, when it fails the
whole pool waits. So a long line costs no more calls than a short one.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq.domain.identity import Actor
from sshq.domain.jobs import JobShape, Message
from sshq.domain.model import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=10)
# A member's line is no store: what they ask for beyond this is refused.
MOST_EACH = 20
# Who waits longer than this is told that it is over.
LONGEST_WAIT = timedelta(days=7)

# For so long after their last turn it counts how much a member got from a line.
REMEMBERED = timedelta(days=1)

_CAPACITY = ("CapacityError", "InsufficientCapacity", "InsufficientInstanceCapacity")


class Cause(StrEnum):
    """Why a request waits. Each has a sentence in the catalogue under `waiting.because.<value>`."""

    QUOTA = "quota"
    CAPACITY = "capacity"
    LINE = "line"


class WaitingRequest(Record):
    """A request in the waiting room. `attempt` is the next one; `prefix` keeps its environment."""

    request: str
    correlation: str
    owner: Actor
    shape: JobShape
    prefix: str
    attempt: int
    since: datetime
    cause: Cause
    detail: str = ""
    message: Message | None = None
    language: str = "en"
    reason: str = ""
    approved_by: Actor | None = None
    shown_place: int = 0


class Pool(Record):
    """How trying went in a pool. `failures` counts those since the last success or freed instance."""

    of_pool: str
    failures: int = 0
    tried_at: datetime | None = None

    def next_try(self) -> datetime | None:
        """When the first in line may be tried again; None: now."""
        if self.tried_at is None or self.failures == 0:
            return None
        pause: timedelta = min(FIRST_PAUSE * 2 ** min(self.failures - 1, 10), LONGEST_PAUSE)
        return self.tried_at + pause


class Turn(Record):
    """What a member got from a pool's line lately: `instances` since the last day without any."""

    of_pool: str
    owner: str
    instances: int
    had_at: datetime


def is_capacity_failure(failure: str) -> bool:
    """Whether SageMaker's FailureReason says that it had no machine, so that trying again may help."""
    return failure.startswith(_CAPACITY)


def in_order(entries: Iterable[WaitingRequest], had: Mapping[str, int]) -> list[WaitingRequest]:
    """Fair among members: whoever has least, by `had` and before it in line, comes first.

    `had` is the number of a member's instances in the pool, by the tag of the member. Of one member
    the older request comes first, of two with as much, the one that has waited longer.
    """
    before: dict[str, int] = defaultdict(int, had)
    ranked = []
    for entry in sorted(entries, key=lambda entry: (entry.since, entry.request)):
        owner = entry.owner.tag
        ranked.append((before[owner], entry.since, entry.request, entry))
        before[owner] += entry.shape.count
    return [entry for *_, entry in sorted(ranked, key=lambda row: row[:3])]


def lines(
    entries: Iterable[WaitingRequest],
    running: Mapping[str, Mapping[str, int]],
    turns: Iterable[Turn],
    now: datetime,
) -> dict[str, list[WaitingRequest]]:
    """The line of each pool, in order. `running` is by pool, then by member.

    Who has had a turn lately has had it, though its job is over: else the first to come would go
    before all others again and again, while short jobs end.
    """
    had: dict[str, dict[str, int]] = {pool: dict(held) for pool, held in running.items()}
    for turn in turns:
        if now - turn.had_at < REMEMBERED:
            of_pool = had.setdefault(turn.of_pool, {})
            of_pool[turn.owner] = max(of_pool.get(turn.owner, 0), turn.instances)
    by_pool: dict[str, list[WaitingRequest]] = defaultdict(list)
    for entry in entries:
        by_pool[entry.shape.pool].append(entry)
    return {pool: in_order(waiting, had.get(pool, {})) for pool, waiting in by_pool.items()}


def first_to_call(
    in_line: Mapping[str, Sequence[WaitingRequest]], pools: Mapping[str, Pool], now: datetime
) -> list[WaitingRequest]:
    """The first of each pool whose pause is over."""
    called = []
    for name, waiting in in_line.items():
        at = pools[name].next_try() if name in pools else None
        if waiting and (at is None or at <= now):
            called.append(waiting[0])
    return called
