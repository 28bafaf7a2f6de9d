"""Which job a member means: by its name, by the beginning of it, or the only one that they have."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.domain.jobs import has_prefix
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from sshq.ports import Services

# A job that ended longer ago must be named in full.
ENDED_LATELY = timedelta(days=7)
_MOST_NAMES = 6


def choose_job(
    services: Services,
    actor: Actor,
    name: str | None,
    *,
    ended: bool = False,
    kept: bool = False,
) -> Job:
    """The job that is meant; of several that fit, an open one before (where asked for) ended ones, or
    before those whose instances are `kept`. One that ended is never said not to exist.

    An admin may name anybody's open job by the beginning of its name, everybody any job in full: what
    may be done to it is decided afterwards.
    """
    if name is None:
        return _only(services.jobs.open_jobs_of(actor))
    job = services.jobs.get(name)
    if job is not None:
        return job
    found = _with_prefix(services.jobs.open_jobs_of(actor), name)
    over: list[Job] = []
    if not found:
        since = services.clock.now() - ENDED_LATELY
        over = _with_prefix(services.jobs.ended_jobs_of(actor, since=since), name)
        found = over if ended else [job for job in over if kept and job.pool_until]
    if not found and _is_admin(services, actor):
        found = _with_prefix(services.jobs.open_jobs(), name)
    if not found and over:
        raise Refusal(Reason.JOB_HAS_ENDED, job=_names(over))
    if not found:
        raise Refusal(Reason.UNKNOWN_JOB, job=name)
    if len(found) > 1:
        raise Refusal(Reason.AMBIGUOUS_PREFIX, prefix=name, jobs=_names(found))
    return found[0]


def _is_admin(services: Services, actor: Actor) -> bool:
    member = services.members.get(actor)
    return services.settings.policy.pins(actor) or bool(member and member.admin)


def _only(jobs: list[Job]) -> Job:
    if not jobs:
        raise Refusal(Reason.NO_JOBS)
    if len(jobs) > 1:
        raise Refusal(Reason.AMBIGUOUS_JOB, jobs=_names(jobs))
    return jobs[0]


def _with_prefix(jobs: list[Job], prefix: str) -> list[Job]:
    return [job for job in jobs if has_prefix(job.name, prefix)]


def _names(jobs: list[Job]) -> str:
    names = ", ".join(job.name for job in jobs[:_MOST_NAMES])
    return names if len(jobs) <= _MOST_NAMES else f"{names}, …"
