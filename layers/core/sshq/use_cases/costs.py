"""`/sshq cost`: what a month's jobs have cost so far, one's own, a member's, or everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.budgets import month_of
from sshq.domain.costs import bill, first_of, team_bill
from sshq.domain.identity import Actor
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise

if TYPE_CHECKING:
    from sshq.chat.commands.watch import Cost
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def cost(services: Services, message: QueueMessage, arguments: Cost) -> None:
    """One's own jobs one by one, or everybody's sum; nobody but an admin sees another's."""
    actor, now = message.actor, services.clock.now()
    owner = Actor(team=actor.team, user=arguments.user) if arguments.user else actor
    who = Who.ADMIN if arguments.team or not owner.is_same(actor) else Who.MEMBER
    member = authorise(services, actor, who, verb="cost")
    here = texts(member.language if member else services.settings.language)
    currency, month = services.settings.currency, arguments.month or month_of(now)
    if arguments.team:
        spendings = services.budgets.spendings(month)
        whole = team_bill(spendings, services.jobs.open_jobs(), month, now)
        answer(services, message, views.team_bill(whole, currency, here))
        return
    ended = services.jobs.ended_jobs_of(owner, since=first_of(month))
    found = bill(services.jobs.open_jobs_of(owner) + ended, month, now)
    answer(services, message, views.bill(found, owner.user, currency, here))
