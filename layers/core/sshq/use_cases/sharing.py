"""`/sshq share` and `/sshq unshare`: another member's own way into a job, for a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Reach, Who
from sshq.domain.identity import Actor
from sshq.domain.jobs import Phase
from sshq.domain.leases import LeaseEnd
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.sharing import Share
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job
from sshq.use_cases.ending import end_lease

if TYPE_CHECKING:
    from sshq.chat.commands.sharing import ShareJob, UnshareJob
    from sshq.domain.members import Member
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def share(services: Services, message: QueueMessage, arguments: ShareJob) -> None:
    """Let another member enter; sharing again changes for how long."""
    job = choose_job(services, message.actor, arguments.job)
    authorise(services, message.actor, Who.MEMBER, verb="share", job=job, reach=Reach.OWN)
    if not job.is_open or job.phase is Phase.STOPPING:
        raise Refusal(Reason.JOB_HAS_ENDED, job=job.name)
    guest = _guest(services, message, arguments.user)
    now = services.clock.now()
    until = now + timedelta(seconds=arguments.for_) if arguments.for_ else None
    services.shares.put(
        Share(job=job.name, owner=job.owner, member=guest.actor, shared_at=now, until=until)
    )
    services.audit.record(
        "shared",
        actor=message.actor,
        job=job.name,
        member=guest.actor.tag,
        until=until.isoformat() if until else "",
    )
    services.chat.post(
        services.chat.direct_message(guest.actor.user),
        views.shared_with_you(job, until, texts(guest.language)),
    )
    key = "share.done-until" if until else "share.done"
    here = texts(job.language)
    answer(
        services,
        message,
        views.notice(here, key, job=job.name, user=guest.actor.user, until=until or ""),
    )


def unshare(services: Services, message: QueueMessage, arguments: UnshareJob) -> None:
    """Take it back: no new way in from now on, and the connections that there are drop."""
    job = choose_job(services, message.actor, arguments.job)
    authorise(services, message.actor, Who.MEMBER, verb="unshare", job=job)
    guest = Actor(team=message.actor.team, user=arguments.user)
    if services.shares.get(job.name, guest) is None:
        raise Refusal(Reason.NOT_SHARED, job=job.name, user=guest.user)
    services.shares.remove(job.name, guest)
    for lease in services.leases.of_job(job.name):
        if lease.owner.is_same(guest):
            end_lease(services, lease.id, LeaseEnd.UNSHARED)
    services.audit.record("unshared", actor=message.actor, job=job.name, member=guest.tag)
    here = texts(services.settings.language)
    answer(services, message, views.notice(here, "unshare.done", job=job.name, user=guest.user))


def _guest(services: Services, message: QueueMessage, user: str) -> Member:
    if user == message.actor.user:
        raise Refusal(Reason.SHARED_WITH_ONESELF)
    member = services.members.get(Actor(team=message.actor.team, user=user))
    profile = services.chat.profile(user)
    if profile is not None and profile.objection is not None:
        raise Refusal(profile.objection, user=user)
    if member is None or member.is_over(services.clock.now()) or profile is None:
        raise Refusal(Reason.NO_MEMBER, user=user)
    return member
