"""`/sshq setup --export`: the desired state as a template, for an account where no bot may write IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.cloudformation import template
from sshq.use_cases.answering import answer

if TYPE_CHECKING:
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def export(services: Services, message: QueueMessage, *, quickstart: bool) -> None:
    """Nothing is read and nothing is changed: the template follows from the stack's names alone."""
    found = template(services.settings.names, quickstart=quickstart)
    answer(services, message, views.export(found, texts(services.settings.language)))
