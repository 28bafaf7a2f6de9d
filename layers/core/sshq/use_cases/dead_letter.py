"""The end of a request that failed every time: its user is told, and nothing waits in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.chat.registry import BY_VERB
from sshq.use_cases.answering import answer

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.chat.view import View
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def tell(services: Services, message: QueueMessage) -> None:
    """Say what will come of it, mostly nothing, with the number under which the log has it."""
    services.audit.begin(message.request)
    services.audit.record(
        "given-up", actor=message.actor, verb=message.verb, correlation=message.correlation
    )
    if BY_VERB[message.verb].quiet:
        return
    member = services.members.get(message.actor)
    here = texts(member.language if member else services.settings.language)
    answer(services, message, _view(services, message, here))


def _view(services: Services, message: QueueMessage, here: Texts) -> View:
    """A run may have got as far as a job or the line: whoever is told that nothing will come of it
    asks again, and pays twice.
    """
    request = message.arguments.get("request", message.request)
    if message.verb in {"run", "run-again"}:
        for job in services.jobs.open_jobs_of(message.actor):
            if job.request == request:
                return views.dead_letter(message, here, job=job.name)
        waits = services.waiting_room.get(request)
        if waits is not None:
            return views.dead_letter(message, here, pool=waits.shape.pool)
    return views.dead_letter(message, here)
