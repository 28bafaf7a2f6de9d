"""`/sshq connect`, its button, and the ticket that comes by itself when a job is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain import tickets
from sshq.domain.authorisation import Reach, Who
from sshq.domain.client_package import install_command
from sshq.domain.jobs import Phase
from sshq.domain.rates import tickets_of_member, tickets_of_team
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import is_fresh
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job

if TYPE_CHECKING:
    from sshq.chat.commands.jobs import AJob
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job, ResponseUrl
    from sshq.domain.members import Member
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def connect(services: Services, message: QueueMessage, arguments: AJob) -> None:
    """Mint a ticket for a job of the actor's own, and show it to them alone."""
    job = choose_job(services, message.actor, arguments.job)
    # An admin may stop anyone's job, but entering it is for its owner, and whom the owner lets in.
    member = authorise(
        services, message.actor, Who.MEMBER, verb="connect", job=job, reach=Reach.ENTER
    )
    if not job.is_open or job.phase is Phase.STOPPING:
        raise Refusal(Reason.JOB_HAS_ENDED, job=job.name)
    if job.phase is not Phase.READY:
        raise Refusal(Reason.JOB_NOT_READY, job=job.name, phase=job.phase.value)
    if not job.nodes:
        raise Refusal(Reason.NODES_KEPT_OUT, job=job.name)
    _keep_rates(services, message.actor)
    if not show_ticket(services, job, message.answer.response_url, member=member):
        raise Refusal(Reason.JOB_NOT_READY, job=job.name, phase=job.phase.value)


def show_ticket(
    services: Services, job: Job, url: ResponseUrl | None, *, member: Member | None = None
) -> bool:
    """Show a new ticket ephemerally, to the job's owner or to a member it is shared with.

    Without a fresh response_url there is no safe place: False.
    """
    now = services.clock.now()
    if url is None or not is_fresh(url, now):
        return False
    holder, language = (member.actor, member.language) if member else (job.owner, job.language)
    code = tickets.ticket_code(services.randomness.token(tickets.ENTROPY_BYTES))
    services.tickets.add(tickets.issue(code=code, job=job.name, owner=holder, now=now))
    services.audit.record("ticket-issued", actor=holder, job=job.name)
    host = services.settings.api_host
    view = views.ticket(
        job, tickets.ticket_text(host, code), install_command(host), texts(language)
    )
    return services.chat.respond(url.url, view)


def _keep_rates(services: Services, actor: Actor) -> None:
    now = services.clock.now()
    for rate in (tickets_of_member(actor.tag, now), tickets_of_team(actor.team, now)):
        if services.rates.count(rate) > rate.most:
            raise Refusal(Reason.TOO_MANY_TICKETS, minutes=rate.minutes_left(now))
