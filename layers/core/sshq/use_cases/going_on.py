"""`/sshq extend`, `start` and [Keep 1 h]: a running job may go on, and its containers hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.extending import extended
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job
from sshq.use_cases.showing import show

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.chat.commands.jobs import AJob
    from sshq.chat.commands.watch import Extend, Keep
    from sshq.domain.jobs import Job, Node
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def extend(services: Services, message: QueueMessage, arguments: Extend) -> None:
    """Move a job's deadline, up to the hard cap that it was started with."""
    job = choose_job(services, message.actor, arguments.job)
    authorise(services, message.actor, Who.MEMBER, verb="extend", job=job)

    def later(stored: Job) -> Job:
        by = timedelta(seconds=arguments.by or 0)
        return extended(stored, arguments.until or stored.deadline + by, message.request)

    job = services.jobs.change(job.name, later) or job
    for lease in services.leases.of_job(job.name):
        # One that ended with the job ends with it still; one that ends earlier does so for a reason.
        if lease.expires_at == job.extended_from:
            services.leases.prolong(lease.id, job.deadline)
    until = f"{job.deadline:%Y-%m-%d %H:%M}"
    services.audit.record("extended", actor=message.actor, job=job.name, until=until)
    tell_times(services, job)
    show(services, services.jobs.get(job.name) or job)
    here = texts(job.language)
    done = views.notice(here, "extend.done", job=job.name, deadline=job.deadline)
    answer(services, message, done)


def tell_times(services: Services, job: Job) -> None:
    """Tell a ready job's containers its deadline, and until when it isn't idle. What they don't confirm,
    the caretaker repeats.
    """
    if not job.nodes:
        return
    told = {}
    if job.deadline_untold and _tell(services, job, "deadline", int(job.deadline.timestamp())):
        told["deadline_untold"] = False
    if job.keep_untold and _tell_keep(services, job):
        told["keep_untold"] = False
    if told:
        services.jobs.change(
            job.name,
            lambda stored: (
                stored.model_copy(update=told) if _times(stored) == _times(job) else None
            ),
        )


def start(services: Services, message: QueueMessage, arguments: AJob) -> None:
    """Let the command begin that waits in a job's containers."""
    job = choose_job(services, message.actor, arguments.job)
    authorise(services, message.actor, Who.MEMBER, verb="start", job=job)
    if not job.may_go_on:
        raise Refusal(Reason.JOB_HAS_ENDED, job=job.name)
    if job.is_workbench or not job.shape.container.wait_seconds:
        raise Refusal(Reason.NOTHING_WAITS, job=job.name)
    if not job.nodes:
        raise Refusal(Reason.JOB_NOT_READY, job=job.name, phase=job.phase.value)
    if not _tell(services, job, "start", 0):
        raise Refusal(Reason.NODE_NOT_CONNECTED)
    services.audit.record("started", actor=message.actor, job=job.name)
    answer(services, message, views.notice(texts(job.language), "start.done", job=job.name))


def keep(services: Services, message: QueueMessage, arguments: Keep) -> None:
    """A job isn't idle before that time has passed, whatever it does."""
    job = choose_job(services, message.actor, arguments.job)
    authorise(services, message.actor, Who.MEMBER, verb="keep", job=job)
    until = message.received_at + timedelta(seconds=arguments.seconds)

    def kept(stored: Job) -> Job:
        if not stored.may_go_on:
            raise Refusal(Reason.JOB_HAS_ENDED, job=stored.name)
        calm = stored.idleness.model_copy(update={"warned_at": None})
        kept = {"kept_until": until, "keep_untold": True, "idleness": calm}
        return stored.model_copy(update=kept)

    job = services.jobs.change(job.name, kept) or job
    services.audit.record("kept", actor=message.actor, job=job.name)
    # The container's own watchdog may be the stricter of the two.
    tell_times(services, job)
    show(services, services.jobs.get(job.name) or job)
    here = texts(job.language)
    answer(services, message, views.notice(here, "keep.done", job=job.name, until=until))


def _tell_keep(services: Services, job: Job) -> bool:
    """Containers are told for how much longer; whether there is nothing left to tell."""
    until = job.kept_until or services.clock.now()
    left = int((until - services.clock.now()).total_seconds())
    return left <= 0 or _tell(services, job, "keep", left)


def _times(job: Job) -> tuple[datetime, datetime | None, tuple[Node, ...]]:
    return job.deadline, job.kept_until, job.nodes


def _tell(services: Services, job: Job, verb: str, argument: int) -> bool:
    """Whether all nodes confirmed it."""
    told = [services.nodes.tell(node.id, verb, str(argument)) for node in job.nodes]
    return all(told)
