"""The end of a request that failed every time: its user is told, and nothing waits in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.chat.registry import BY_VERB
from sshq.use_cases.answering import answer

if TYPE_CHECKING:
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def tell(services: Services, message: QueueMessage) -> None:
    """Say that nothing will come of it, with the number under which the log has it."""
    services.audit.begin(message.request)
    services.audit.record(
        "given-up", actor=message.actor, verb=message.verb, correlation=message.correlation
    )
    if BY_VERB[message.verb].quiet:
        return
    member = services.members.get(message.actor)
    here = texts(member.language if member else services.settings.language)
    answer(services, message, views.dead_letter(message.verb, message.correlation, here))
