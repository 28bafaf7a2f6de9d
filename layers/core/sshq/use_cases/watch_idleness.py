"""Read what a job's nodes say of their minutes, and warn its owner before it is ended for being idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.idleness import Idleness, Verdict, observed
from sshq.domain.jobs import Phase
from sshq.use_cases.reading_logs import records_since
from sshq.use_cases.showing import show

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.jobs import Job
    from sshq.ports import Services


def watch_idleness(services: Services, job: Job) -> Job:
    """The job with what is known of its idleness now. Each warning is posted once."""
    if job.phase is not Phase.READY or not job.shape.container.idle_seconds:
        return job
    records = records_since(services, job.name, job.idleness.told_until or job.phase_since)
    now = services.clock.now()
    before = job

    def noted(stored: Job) -> Job | None:
        nonlocal before
        before = stored
        known = stored.model_copy(update={"idleness": observed(stored.idleness, records)})
        seen = known.model_copy(update={"idleness": _warned(known, now)})
        return None if seen == stored else seen

    current = services.jobs.change(job.name, noted)
    if current is None:
        return before
    if current.idleness.warned_at or before.idleness.warned_at:
        show(services, current)
    if current.idleness.warned_at and not before.idleness.warned_at:
        # An edited message reaches nobody who doesn't look: this one does.
        services.audit.record("idle-warning", actor=job.owner, job=job.name)
        channel = services.chat.direct_message(job.owner.user)
        services.chat.post(channel, views.idle_warning(current, texts(job.language)))
    return current


def _warned(job: Job, now: datetime) -> Idleness:
    """Since when its owner is warned: the first time that it was idle for too long, until it isn't."""
    if job.idle(now).verdict is Verdict.ACTIVE:
        return job.idleness.model_copy(update={"warned_at": None})
    return job.idleness.model_copy(update={"warned_at": job.idleness.warned_at or now})
