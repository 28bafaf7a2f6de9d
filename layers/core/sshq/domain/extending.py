"""How long a job may be made to last: a pure decision."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.jobs import Job


def longest(job: Job) -> datetime:
    """When SageMaker ends it come what may. Until it runs, the wait for an instance counts too."""
    return (job.started_at or job.created_at) + timedelta(seconds=job.cap_seconds)


def extended(job: Job, until: datetime, request: str) -> Job:
    """The job with a later deadline; the same request, delivered again, moves it no further."""
    if job.extended_by == request:
        return job
    check(job, until)
    later = {
        "deadline": until,
        "deadline_untold": True,
        "extended_by": request,
        "extended_from": job.deadline,
    }
    return job.model_copy(update=later)


def check(job: Job, until: datetime) -> None:
    """Refuse what can't be: a time that is no later, or later than SageMaker lets it be."""
    if not job.may_go_on:
        raise Refusal(Reason.JOB_HAS_ENDED, job=job.name)
    if until <= job.deadline:
        raise Refusal(Reason.NOT_LATER, job=job.name, deadline=_said(job.deadline))
    if until > longest(job):
        raise Refusal(Reason.BEYOND_THE_CAP, job=job.name, cap=_said(longest(job)))


def _said(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M")
