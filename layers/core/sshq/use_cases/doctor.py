"""`/sshq doctor`: how a job looks from here, and what its machines say when they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.health import Seen, findings
from sshq.domain.jobs import Phase
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job

if TYPE_CHECKING:
    from sshq.chat.commands.jobs import AJob
    from sshq.domain.jobs import Node
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def doctor(services: Services, message: QueueMessage, arguments: AJob) -> None:
    """Examine a job, its machines included, and show what was found."""
    job = choose_job(services, message.actor, arguments.job, ended=True)
    member = authorise(services, message.actor, Who.MEMBER, verb="doctor", job=job)
    here = texts(member.language if member else services.settings.language)
    nodes = job.nodes if job.phase is Phase.READY else ()
    found = findings(job, [_asked(services, node) for node in nodes], services.clock.now())
    answer(services, message, views.health(job, found, here))


def _asked(services: Services, node: Node) -> Seen:
    if not services.nodes.is_connected(node.id):
        return Seen(node, connected=False)
    return Seen(node, connected=True, asked=True, answer=services.nodes.probe(node.id))
