"""Budgets kept by arithmetic: what a job can cost at most is set aside before it is submitted.

Whatever dies afterwards, SageMaker itself ends the job at its cap; so no sum of jobs can cost more
than was set aside. At a job's end the rest is given back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job, JobShape

# What a job may still run, and cost, after its cap: SageMaker gives a container so long to end.
STOP_SECONDS = 120
HOUR = 3600


@dataclass(frozen=True)
class Ledger:
    """How a member and their team stand this month, in micros; `jobs` counts open ones."""

    member: int = 0
    team: int = 0
    jobs: int = 0


@dataclass(frozen=True)
class Spending:
    """What a member's jobs of a month have come to. `spent`: micros of those that have ended;
    `jobs`: how many there are, but for those that never cost anything; `unpriced`: of those, how many
    nobody knows the price of.
    """

    owner: Actor
    spent: int = 0
    jobs: int = 0
    unpriced: int = 0


def month_of(now: datetime) -> str:
    """A job counts to the calendar month (UTC) that it was asked for in, wherever it ends."""
    return now.strftime("%Y-%m")


def reservation(shape: JobShape, *, price: int, cap_seconds: int, max_wait_seconds: int) -> int:
    """(cap + 120 s + warm pool) × nodes × price; for spot, MaxWait in place of the cap."""
    runs = max_wait_seconds if shape.spot else cap_seconds
    seconds = runs + STOP_SECONDS + shape.warm_pool_seconds
    return math.ceil(seconds * shape.count * price / HOUR)


def longest_cap(shape: JobShape, *, price: int, room: int, spot_wait: int) -> int:
    """The longest cap whose reservation fits into `room` micros; below 0: none does."""
    affordable = room * HOUR // (shape.count * price)
    return affordable - STOP_SECONDS - shape.warm_pool_seconds - (spot_wait if shape.spot else 0)


def jobs_less(job: Job, cost: int) -> int:
    """How many jobs fewer a month has once this one is settled: one that cost nothing is no job on a
    bill (it never ran, or waits for its next attempt). Without a price nobody knows what it cost.
    """
    return int(not cost and bool(job.price_micros))


def cost_of(job: Job, billable_seconds: int) -> int:
    """What an ended job has cost; never more than was set aside for it.

    As long as its instances may be kept, the whole time counts for which they are at most.
    """
    if billable_seconds <= 0:
        return 0
    kept = job.shape.warm_pool_seconds if job.pool_seconds is None else job.pool_seconds
    seconds = billable_seconds + kept
    return min(job.reserved_micros, math.ceil(seconds * job.shape.count * job.price_micros / HOUR))
