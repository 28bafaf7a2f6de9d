"""What jobs have cost so far: SageMaker's billable time at the price that each was started with."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sshq.domain.budgets import HOUR, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq.domain.budgets import Spending
    from sshq.domain.jobs import Job


def cost_so_far(job: Job, now: datetime) -> int | None:
    """In micros of the job's currency; None where no price is known. A spot job that runs is told at
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


@dataclass(frozen=True)
class TeamBill:
    """Everybody's month, the dearest first. Its `spent` has its open jobs' cost so far, too."""

    month: str
    spendings: tuple[Spending, ...]

    @property
    def total(self) -> int:
        return sum(each.spent for each in self.spendings)

    @property
    def jobs(self) -> int:
        return sum(each.jobs for each in self.spendings)

    @property
    def unknown(self) -> int:
        """How many jobs nobody knows the price of."""
        return sum(each.unpriced for each in self.spendings)


def bill(jobs: Iterable[Job], month: str, now: datetime) -> Bill:
    """Of the jobs that were asked for in that month (`2026-11`). One that ended and never cost
    anything is none of them.
    """
    lines = [Line(job, cost_so_far(job, now)) for job in jobs if month_of(job.created_at) == month]
    counted = [line for line in lines if line.job.is_open or line.micros != 0]
    return Bill(month, tuple(sorted(counted, key=lambda line: -(line.micros or 0))))


def first_of(month: str) -> datetime:
    """From when on the jobs of a month can have ended."""
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)


def team_bill(
    spendings: Iterable[Spending], open_jobs: Iterable[Job], month: str, now: datetime
) -> TeamBill:
    """What the ended jobs of that month have cost, by whoever pays, and the open ones until now."""
    running: Counter[str] = Counter()
    for job in open_jobs:
        if job.budget_month == month and not job.accounted:
            running[job.payer.tag] += cost_so_far(job, now) or 0
    owing = [replace(each, spent=each.spent + running[each.owner.tag]) for each in spendings]
    counted = [each for each in owing if each.jobs]
    return TeamBill(month, tuple(sorted(counted, key=lambda each: -each.spent)))
