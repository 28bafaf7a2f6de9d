"""The instances that SageMaker keeps, and bills, after a job's end: given back, and paid for as kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.domain.budgets import cost_of
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.showing import show

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.identity import Actor
    from sshq.domain.job_progress import WarmPool
    from sshq.domain.jobs import Job
    from sshq.ports import Services

# SageMaker tells the end of a pool itself; if it doesn't by then, all of its time counts.
TOLD_BY_THEN = timedelta(minutes=10)


def end_pool(services: Services, job: Job, actor: Actor) -> None:
    """What is left to stop of a job that has ended."""
    until = job.pool_until
    if until is None or until <= services.clock.now():
        raise Refusal(Reason.JOB_HAS_ENDED, job=job.name)
    services.training_jobs.end_warm_pool(job.name)
    ended = services.jobs.change(
        job.name, lambda stored: stored.model_copy(update={"pool_given_back": True})
    )
    services.audit.record("warm-pool-ended", actor=actor, job=job.name)
    show(services, ended or job)


def watch_pool(services: Services, job: Job) -> Job:
    """One look at an ended job's pool; once it is over, the job costs what it was kept for, and no more.

    The money first, which can be done twice: a crash between leaves the job to the next round.
    """
    status = services.training_jobs.describe(job.name)
    kept = _kept_seconds(job, status.pool if status else None, services.clock.now())
    if kept is None:
        return job
    over = job.model_copy(update={"pool_seconds": kept})
    # Where SageMaker doesn't tell, what was counted at the end stays: rather too much.
    billable = (status and status.billable_seconds) or job.billable_seconds
    if job.cost_micros is not None and billable:
        cost = cost_of(over, billable)
        if services.budgets.correct(job, cost):
            services.audit.record(
                "warm-pool-over",
                actor=job.owner,
                job=job.name,
                seconds=str(kept),
                cost=job.currency.show(cost),
            )
    changed = services.jobs.change(
        job.name, lambda stored: stored.model_copy(update={"pool_seconds": kept})
    )
    return changed or job


def _kept_seconds(job: Job, pool: WarmPool | None, now: datetime) -> int | None:
    """None while the pool may still be kept."""
    longest = job.shape.warm_pool_seconds
    if pool is not None and pool.is_over:
        return longest if pool.kept_seconds is None else min(pool.kept_seconds, longest)
    over = job.ended_at and job.ended_at + timedelta(seconds=longest) + TOLD_BY_THEN
    return longest if over and now >= over else None
