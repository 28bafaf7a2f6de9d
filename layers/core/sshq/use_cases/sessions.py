"""`/sshq sessions`: who is in, or could be; and the buttons that end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.leases import LeaseEnd
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.ending import end_lease, end_session
from sshq.use_cases.lease_requests import forget_those_over

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.chat.command import NoArguments
    from sshq.chat.commands.access import ALease, ASession
    from sshq.domain.leases import Lease
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def show(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """The actor's live leases and what is open under them."""
    actor = message.actor
    here = _here(services, message)
    forget_those_over(services, actor)
    now = services.clock.now()
    open_ones = services.leases.sessions(actor)
    held = [
        (lease, [each for each in open_ones if each.lease == lease.id])
        for lease in services.leases.of_member(actor)
        if lease.is_live(now)
    ]
    answer(services, message, views.session_list(held, here))


def end_one(services: Services, message: QueueMessage, arguments: ASession) -> None:
    """The button: one session ends; its lease stands."""
    here = _here(services, message)
    lease = _own(services, message, arguments.lease)
    if not end_session(services, lease, arguments.session):
        raise Refusal(Reason.UNKNOWN_SESSION)
    answer(services, message, views.notice(here, "sessions.ended", job=lease.job))


def end_all(services: Services, message: QueueMessage, arguments: ALease) -> None:
    """The button: the lease ends, and all that it has open."""
    here = _here(services, message)
    lease = _own(services, message, arguments.lease)
    end_lease(services, lease.id, LeaseEnd.BY_OWNER)
    answer(services, message, views.notice(here, "sessions.lease-ended", job=lease.job))


def _own(services: Services, message: QueueMessage, lease: str) -> Lease:
    """A lease of the actor's own; somebody else's is as good as none."""
    found = services.leases.get(lease)
    if found is None or found.owner.tag != message.actor.tag:
        raise Refusal(Reason.UNKNOWN_SESSION)
    return found


def _here(services: Services, message: QueueMessage) -> Texts:
    member = authorise(services, message.actor, Who.MEMBER, verb=message.verb)
    return texts(member.language if member else services.settings.language)
