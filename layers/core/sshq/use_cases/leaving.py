"""`/sshq remove-user`, and people whom Slack says are gone: what they had goes with them.

The order is what makes it safe to be cut short anywhere. First the membership says that it is over,
and from then on every decision about them is a refusal; then what they hold is taken away; the row
goes last, so that until then a redelivery, or the daily round, finds it and goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.identity import Actor
from sshq.domain.jobs import EndReason
from sshq.domain.members import IamKind, Leave
from sshq.domain.partings import Belongings
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_id import request_id
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.ending import end_leases_of
from sshq.use_cases.queueing import enqueue
from sshq.use_cases.showing import announce
from sshq.use_cases.stop import stop_job
from sshq.use_cases.telling_admins import tell_admins
from sshq.use_cases.waiting import leave_all

if TYPE_CHECKING:
    from sshq.chat.command import NoArguments
    from sshq.chat.commands.members import Forget, RemoveUser
    from sshq.domain.jobs import Job
    from sshq.domain.members import Member
    from sshq.ports import Services


def show_plan(services: Services, message: QueueMessage, arguments: RemoveUser) -> None:
    """Show what would go with a member, and ask."""
    member = _removable(services, message, arguments)
    _heir(services, message, arguments)
    here = texts(services.settings.language)
    found = belongings(services, member)
    answer(
        services,
        message,
        views.removal_plan(found, arguments.hand_over, services.settings.group, here),
    )


def apply(services: Services, message: QueueMessage, arguments: RemoveUser) -> None:
    """Remove a member: what they have at this moment goes, not only what the plan showed."""
    member = _removable(services, message, arguments)
    heir = _heir(services, message, arguments)
    gone = _part(services, member, Leave.REMOVED, heir, message)
    here = texts(services.settings.language)
    answer(services, message, views.parted(gone, Leave.REMOVED.value, arguments.hand_over, here))


def cancel(services: Services, message: QueueMessage, arguments: RemoveUser) -> None:
    """Leave it as it is."""
    authorise(services, message.actor, Who.ADMIN, verb="remove-user-cancel")
    here = texts(services.settings.language)
    answer(services, message, views.notice(here, "remove-user.cancelled", user=arguments.user))


def check(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """Whether somebody is still to be a member; if not, the same as removing them, and admins hear.

    Asked for by Slack's events and by the daily round, and safe to be asked by anybody: what
    counts is what Slack and the membership say at this moment.
    """
    member = services.members.get(message.actor)
    if member is None:
        return
    why = _why_over(services, member)
    if why is None:
        return
    gone = _part(services, member, why, None, message)
    here = texts(services.settings.language)
    tell_admins(services, views.parted(gone, why.value, None, here))


def forget(services: Services, message: QueueMessage, arguments: Forget) -> None:
    """The last step, where IAM may be touched: out of the group, and the row goes."""
    who = Actor(team=message.actor.team, user=arguments.user)
    member = services.members.get(who)
    if member is None or member.leaving is None:
        return
    if member.iam is not None and member.iam.kind is IamKind.USER:
        services.identities.leave_group(member.iam)
    services.members.remove(member)
    services.audit.record(
        "member-removed",
        actor=None if message.actor.is_same(who) else message.actor,
        member=who.tag,
        why=arguments.why.value,
        iam=member.iam.name if member.iam else "",
    )


def belongings(services: Services, member: Member) -> Belongings:
    """What a member has. Shares may be on anybody's open job."""
    shares = [services.shares.get(job.name, member.actor) for job in services.jobs.open_jobs()]
    return Belongings(
        member=member,
        jobs=services.jobs.open_jobs_of(member.actor),
        leases=services.leases.of_member(member.actor),
        sessions=len(services.leases.sessions(member.actor)),
        shares=[share for share in shares if share is not None],
    )


def _removable(services: Services, message: QueueMessage, arguments: RemoveUser) -> Member:
    who = Actor(team=message.actor.team, user=arguments.user)
    member = services.members.get(who)
    pinned = services.settings.policy.pins(who)
    authorise(
        services,
        message.actor,
        Who.ADMIN,
        verb=message.verb,
        about_admin=pinned or bool(member and member.admin),
    )
    if member is None:
        raise Refusal(Reason.NO_MEMBER, user=arguments.user)
    if pinned:
        raise Refusal(Reason.PINNED_ADMIN, user=arguments.user)
    return member


def _heir(services: Services, message: QueueMessage, arguments: RemoveUser) -> Member | None:
    if arguments.hand_over is None:
        return None
    heir = services.members.get(Actor(team=message.actor.team, user=arguments.hand_over))
    if heir is None or heir.is_over(services.clock.now()) or arguments.hand_over == arguments.user:
        raise Refusal(Reason.NO_MEMBER, user=arguments.hand_over)
    return heir


def _why_over(services: Services, member: Member) -> Leave | None:
    if member.leaving is not None:
        return member.leaving
    if member.is_over(services.clock.now()):
        return Leave.EXPIRED
    profile = services.chat.profile(member.actor.user)
    if profile is None:
        return Leave.UNKNOWN
    objection = profile.objection
    if objection is None:
        return None
    return Leave.DEACTIVATED if objection is Reason.DEACTIVATED else Leave.BECAME_GUEST


def _part(
    services: Services,
    member: Member,
    why: Leave,
    heir: Member | None,
    message: QueueMessage,
) -> Belongings:
    by = None if message.actor.is_same(member.actor) else message.actor
    services.members.change(
        member.actor,
        lambda stored: None if stored.leaving else stored.model_copy(update={"leaving": why}),
    )
    services.audit.record("member-leaves", actor=by, member=member.actor.tag, why=why.value)
    found = belongings(services, member)
    end_leases_of(services, member.actor)
    for share in found.shares:
        services.shares.remove(share.job, member.actor)
    for job in found.jobs:
        if heir is None:
            stop_job(services, job, EndReason.MEMBER_LEFT)
        else:
            _hand_over(services, job, heir, by)
    # Last, since it changes messages. Nothing of it begins before: every decision is a refusal.
    leave_all(services, member.actor, by)
    _ask_to_forget(services, member, why, message)
    return found


def _hand_over(services: Services, job: Job, heir: Member, by: Actor | None) -> None:
    """The job goes on as the heir's, with a message in their DM. Tags on it stay as they are:
    they can't be changed on a running job, so the heir enters by tickets."""
    new = {
        "owner": heir.actor,
        "paid_by": job.payer,
        "language": heir.language,
        "message": None,
        "response_url": None,
    }
    changed = services.jobs.change(job.name, lambda stored: stored.model_copy(update=new))
    if changed is None:
        return
    for share in services.shares.of_job(job.name):
        services.shares.remove(job.name, share.member)
    services.audit.record(
        "handed-over", actor=by, job=job.name, before=job.owner.tag, after=heir.actor.tag
    )
    channel = services.chat.direct_message(heir.actor.user)
    here = texts(heir.language)
    services.chat.post(
        channel, views.notice(here, "leaving.inherited", job=job.name, user=job.owner.user)
    )
    announce(services, changed)


def _ask_to_forget(services: Services, member: Member, why: Leave, message: QueueMessage) -> None:
    request = request_id(member.actor.team, f"forget {member.actor.user} {message.request}")
    order = QueueMessage(
        request=request,
        correlation=message.correlation,
        actor=message.actor,
        verb="forget-member",
        arguments={"user": member.actor.user, "why": why.value},
        answer=Answer(),
        received_at=services.clock.now(),
    )
    enqueue(order, commands=services.commands_queue, provisioning=services.provisioning_queue)
