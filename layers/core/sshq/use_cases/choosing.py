"""Which job a member means when they name none: the only one they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from sshq.ports import Services


def choose_job(services: Services, actor: Actor, name: str | None) -> Job:
    """The named job, or the actor's only open one."""
    if name is not None:
        job = services.jobs.get(name)
        if job is None:
            raise Refusal(Reason.UNKNOWN_JOB, job=name)
        return job
    own = open_jobs_of(services, actor)
    if not own:
        raise Refusal(Reason.NO_JOBS)
    if len(own) > 1:
        raise Refusal(Reason.AMBIGUOUS_JOB, jobs=", ".join(job.name for job in own))
    return own[0]


def open_jobs_of(services: Services, actor: Actor) -> list[Job]:
    """The actor's jobs that haven't ended, oldest first."""
    return [
        job
        for job in services.jobs.open_jobs()
        if (job.owner.team, job.owner.user) == (actor.team, actor.user)
    ]
