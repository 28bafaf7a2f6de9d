"""`/sshq stop`: the job ends, and nobody can get in from the moment that it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.jobs import EndReason, Phase, has_prefix
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job
from sshq.use_cases.ending import clean_up, end_leases_on
from sshq.use_cases.showing import show
from sshq.use_cases.waiting import give_up, name_of_attempt, requests_of
from sshq.use_cases.warm_pool import end_pool

if TYPE_CHECKING:
    from sshq.chat.commands.jobs import Stop
    from sshq.domain.jobs import Job
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def stop(services: Services, message: QueueMessage, arguments: Stop) -> None:
    """Stop a job of the actor's own (an admin: anyone's), or all of the actor's own."""
    if arguments.mine:
        _stop_all(services, message)
        return
    try:
        job = choose_job(services, message.actor, arguments.job, kept=True)
    except Refusal as refusal:
        if not _leave_line(services, message, arguments.job, refusal):
            raise
        return
    authorise(services, message.actor, Who.MEMBER, verb="stop", job=job)
    here = texts(job.language)
    if job.requeued and give_up(services, job.request, message.actor):
        # Whoever names an attempt that found no machine wants none of those that would follow.
        answer(services, message, views.stopping_all([], 1, here))
        return
    if not job.is_open:
        end_pool(services, job, message.actor)
        answer(services, message, views.notice(here, "stop.pool", job=job.name))
        return
    stop_job(services, job, EndReason.ASKED)
    answer(services, message, views.stopping(job, here))


# With these there may still be a request of that name which waits, and would start by itself later.
_NO_JOB_OF_IT = (Reason.UNKNOWN_JOB, Reason.JOB_HAS_ENDED, Reason.NO_JOBS)


def _leave_line(
    services: Services, message: QueueMessage, name: str | None, refusal: Refusal
) -> bool:
    """Whether it was a request in line that was meant: by the name of its last attempt, which is what
    its owner was told, or the only one that they have.
    """
    member = services.members.get(message.actor)
    if refusal.reason not in _NO_JOB_OF_IT or member is None:
        return False
    meant = {
        last: entry.request
        for entry in requests_of(services, message.actor)
        if has_prefix(last := name_of_attempt(entry, member, max(1, entry.attempt - 1)), name or "")
    }
    if not meant:
        return False
    authorise(services, message.actor, Who.MEMBER, verb="stop")
    if len(meant) > 1:
        raise Refusal(Reason.AMBIGUOUS_JOB, jobs=", ".join(meant))
    (request,) = meant.values()
    give_up(services, request, message.actor)
    answer(services, message, views.stopping_all([], 1, texts(member.language)))
    return True


def _stop_all(services: Services, message: QueueMessage) -> None:
    member = authorise(services, message.actor, Who.MEMBER, verb="stop")
    here = texts(member.language if member else services.settings.language)
    own = services.jobs.open_jobs_of(message.actor)
    waiting = requests_of(services, message.actor)
    if not own and not waiting:
        raise Refusal(Reason.NO_JOBS)
    # First, lest what stops make room for them.
    for entry in waiting:
        give_up(services, entry.request, message.actor)
    for job in own:
        stop_job(services, job, EndReason.ASKED)
    answer(services, message, views.stopping_all(own, len(waiting), here))


def stop_job(services: Services, job: Job, reason: EndReason) -> None:
    """Say "stopping" first (that alone refuses entry), then end the ways in, then what costs money."""
    now = services.clock.now()

    def stopping(stored: Job) -> Job | None:
        if not stored.phase.may_become(Phase.STOPPING):
            return None
        return stored.entered(Phase.STOPPING, now, end_reason=reason)

    moved = services.jobs.change(job.name, stopping)
    if moved is None:
        # Its attempt may have ended for want of capacity at this moment: nobody wants the next.
        give_up(services, job.request, None)
    # Before the call that costs may be throttled: who is in is out within ten seconds.
    end_leases_on(services, job)
    services.training_jobs.stop(job.name)
    clean_up(services, moved or job)
    if moved is not None:
        show(services, moved)
