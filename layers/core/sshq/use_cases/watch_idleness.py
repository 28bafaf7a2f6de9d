"""Read what a job's nodes say of their minutes, and warn its owner before it is ended for being idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.idleness import Verdict, observed
from sshq.domain.jobs import Phase
from sshq.use_cases.reading_logs import records_since
from sshq.use_cases.showing import show

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.idleness import Idleness
    from sshq.domain.jobs import Job
    from sshq.ports import Services


def watch_idleness(services: Services, job: Job) -> Job:
    """The job with what is known of its idleness now. Its owner is warned once each time."""
    if job.phase is not Phase.READY or not job.shape.container.idle_seconds:
        return job
    records = records_since(services, job, job.idleness.told_until or job.phase_since)
    now = services.clock.now()
    before = job

    def noted(stored: Job) -> Job | None:
        nonlocal before
        before = stored
        seen = _with(stored, observed(stored.idleness, records))
        if seen.idle(now).verdict is Verdict.ACTIVE:
            seen = _with(seen, seen.idleness.model_copy(update={"warned_at": None}))
        return None if seen == stored else seen

    current = services.jobs.change(job.name, noted) or before
    if _is_to_be_warned(current, now):
        current = _warn(services, current, now)
    if current.idleness.warned_at or before.idleness.warned_at:
        show(services, current)
    return current


def _warn(services: Services, job: Job, now: datetime) -> Job:
    """An edited message reaches nobody who doesn't look: this one does.

    It counts when it was posted: whom nobody could tell isn't ended by the bot for being idle.
    """
    channel = services.chat.direct_message(job.owner.user)
    view = views.idle_warning(_warned(job, now), texts(job.language))
    services.chat.post(channel, view)
    services.audit.record("idle-warning", actor=job.owner, job=job.name)
    warned = services.jobs.change(
        job.name,
        lambda stored: _warned(stored, now) if _is_to_be_warned(stored, now) else None,
    )
    return warned or job


def _is_to_be_warned(job: Job, now: datetime) -> bool:
    return job.idleness.warned_at is None and job.idle(now).verdict is not Verdict.ACTIVE


def _warned(job: Job, now: datetime) -> Job:
    return _with(job, job.idleness.model_copy(update={"warned_at": now}))


def _with(job: Job, idleness: Idleness) -> Job:
    return job.model_copy(update={"idleness": idleness})
