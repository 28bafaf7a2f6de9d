"""What jobs have cost so far: SageMaker's billable time at the price that each was started with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sshq.domain.budgets import HOUR, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job

# A job counts to the month that it was asked for in; it may end so much later.
LONGEST_LIFE = timedelta(days=35)


def cost_so_far(job: Job, now: datetime) -> int | None:
    """In millionths of a US dollar; None where no price is known. A spot job that runs is told at
    its full price: what the discount is, SageMaker says at its end.
    """
    if not job.price_micros:
        return None
    if job.cost_micros is not None:
        return job.cost_micros
    if job.started_at is None:
        return 0
    seconds = job.billable_seconds
    if seconds is None:
        seconds = max(0, math.ceil(((job.ended_at or now) - job.started_at).total_seconds()))
    return math.ceil(seconds * job.shape.count * job.price_micros / HOUR)


@dataclass(frozen=True)
class Line:
    """A job on a bill. `micros` is None where no price is known."""

    job: Job
    micros: int | None


@dataclass(frozen=True)
class Bill:
    """A month's jobs, the dearest first."""

    month: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        return sum(line.micros or 0 for line in self.lines)

    @property
    def unknown(self) -> int:
        """How many jobs nobody knows the price of."""
        return sum(line.micros is None for line in self.lines)

    def by_owner(self) -> list[tuple[Actor, int, int]]:
        """(owner, micro-dollars, number of jobs), the dearest first."""
        owners: dict[str, tuple[Actor, int, int]] = {}
        for line in self.lines:
            owner = line.job.owner
            _, micros, jobs = owners.get(owner.tag, (owner, 0, 0))
            owners[owner.tag] = (owner, micros + (line.micros or 0), jobs + 1)
        return sorted(owners.values(), key=lambda entry: -entry[1])


def bill(jobs: Iterable[Job], month: str, now: datetime) -> Bill:
    """Of the jobs that were asked for in that month (`2026-11`)."""
    lines = [Line(job, cost_so_far(job, now)) for job in jobs if month_of(job.created_at) == month]
    return Bill(month, tuple(sorted(lines, key=lambda line: -(line.micros or 0))))


def span_of(month: str) -> tuple[datetime, datetime]:
    """From when to when the jobs of a month can have ended."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first, following + LONGEST_LIFE
