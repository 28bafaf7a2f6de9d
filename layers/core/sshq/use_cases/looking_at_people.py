"""`/sshq users`, `/sshq user @alice`, `/sshq whoami`: who is here, with which limits, using how much."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.budgets import month_of
from sshq.domain.identity import Actor
from sshq.domain.money import Money
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.chat.command import NoArguments
    from sshq.chat.commands.members import AUser
    from sshq.chat.view import View
    from sshq.domain.members import Member
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def users(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """Every member, and the admins whom the stack names."""
    authorise(services, message.actor, Who.ADMIN, verb="users")
    jobs = Counter(job.owner.tag for job in services.jobs.open_jobs())
    here = texts(services.settings.language)
    pinned = sorted(user for _, user in services.settings.policy.admins)
    now = services.clock.now()
    answer(services, message, views.member_list(services.members.all(), jobs, pinned, now, here))


def user(services: Services, message: QueueMessage, arguments: AUser) -> None:
    """One member: limits, spend, jobs."""
    authorise(services, message.actor, Who.ADMIN, verb="user")
    member = services.members.get(Actor(team=message.actor.team, user=arguments.user))
    if member is None:
        raise Refusal(Reason.NO_MEMBER, user=arguments.user)
    answer(services, message, card(services, member, texts(services.settings.language)))


def whoami(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """Whether the actor is a member, an admin, or neither, and what to do about it."""
    authorise(services, message.actor, Who.ANYONE, verb="whoami")
    member = services.members.get(message.actor)
    here = texts(member.language if member else services.settings.language)
    view = views.notice(here, f"whoami.{_role(services, message, member)}", user=message.actor.user)
    if member is not None:
        view = views.joined([view, card(services, member, here)])
    answer(services, message, view)


def _role(services: Services, message: QueueMessage, member: Member | None) -> str:
    if services.settings.policy.pins(message.actor):
        return "stack-admin"
    if member is None:
        return "stranger"
    return "admin" if member.admin else "member"


def card(services: Services, member: Member, here: Texts) -> View:
    """A member with all that is known of them."""
    now = services.clock.now()
    jobs = services.jobs.open_jobs_of(member.actor)
    ledger = services.budgets.ledger(member.actor, month_of(now))
    spent = Money(micros=ledger.member, currency=services.settings.currency)
    return views.member_card(member, jobs, spent, now, here)
