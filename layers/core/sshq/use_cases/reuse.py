"""Another key came with a spent ticket: the lease has ended, and its owner is told who and whence.

The access API ends the lease at once and leaves the rest to the worker: so its refusal takes no
longer than any other, and the function that faces the internet has no key to Slack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.chat.commands.access import ReusedTicket
from sshq.domain.keys import shown_fingerprint
from sshq.domain.leases import LeaseEnd
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.request_id import request_id
from sshq.use_cases.ending import end_lease

if TYPE_CHECKING:
    from sshq.domain.leases import Lease
    from sshq.domain.tickets import Ticket
    from sshq.ports import Services

VERB = "ticket-reused"


def report(services: Services, ticket: Ticket, thief: Lease) -> None:
    """Put it into the queue, once for each key. `thief` is the lease that the key didn't get."""
    request = request_id(ticket.owner.team, f"{VERB} {ticket.fingerprint} {thief.key_fingerprint}")
    message = QueueMessage(
        request=request,
        correlation=request[:12],
        actor=ticket.owner,
        verb=VERB,
        arguments=ReusedTicket(
            ticket=ticket.fingerprint,
            key=shown_fingerprint(thief.public_key),
            source=thief.source,
            client=thief.client,
        ).model_dump(),
        answer=Answer(),
        received_at=services.clock.now(),
    )
    # In a group of its own: whatever else its owner has asked for, this doesn't wait behind it.
    services.commands_queue.send(
        message.model_dump_json(), group=f"{VERB}-{thief.job}", deduplication=request
    )


def alarm(services: Services, message: QueueMessage, arguments: ReusedTicket) -> None:
    """End what the first key opened, and tell the ticket's owner."""
    ticket = services.tickets.get(arguments.ticket)
    if ticket is None or ticket.lease is None or ticket.owner != message.actor:
        return
    end_lease(services, ticket.lease, LeaseEnd.TICKET_REUSED)
    services.audit.record(
        "ticket-reused",
        actor=ticket.owner,
        job=ticket.job,
        source=arguments.source,
        key=arguments.key,
        first_source=ticket.redeemed_from,
    )
    job = services.jobs.get(ticket.job)
    here = texts(job.language if job else services.settings.language)
    view = views.ticket_reused(ticket, arguments, here)
    services.chat.post(services.chat.direct_message(ticket.owner.user), view)
