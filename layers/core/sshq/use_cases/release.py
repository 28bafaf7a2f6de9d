"""Give back what was set aside for a job, less what it has cost: once it has ended, and once only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.budgets import cost_of

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.ports import Services


def release(services: Services, job: Job, billable_seconds: int | None = None) -> None:
    """Settle an ended job's account. Doing it twice does no harm.

    `billable_seconds` is DescribeTrainingJob's BillableTimeInSeconds, 0 for a job that SageMaker
    never took. Unknown, the whole time since it was asked for counts: too much rather than too little.
    """
    if job.accounted or not job.budget_month:
        return
    if billable_seconds is None:
        end = job.ended_at or services.clock.now()
        billable_seconds = int((end - job.created_at).total_seconds())
    cost = cost_of(job, billable_seconds)
    if services.budgets.settle(job, cost):
        services.audit.record(
            "accounted",
            actor=job.owner,
            job=job.name,
            reserved=job.currency.show(job.reserved_micros),
            cost=job.currency.show(cost),
        )
