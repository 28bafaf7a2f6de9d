"""Where an answer goes: through the response_url while it lives, else into the person's DM."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.chat.view import View
    from sshq.domain.jobs import ResponseUrl
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

# Slack honours a response_url for 30 minutes; the rest is for clocks and for what is under way.
RESPONSE_URL_LIFE = timedelta(minutes=25)


def answer(services: Services, message: QueueMessage, view: View) -> None:
    """Answer the person who asked, visibly to them alone."""
    url = message.answer.response_url
    if is_fresh(url, services.clock.now()) and url and services.chat.respond(url.url, view):
        return
    services.chat.post(services.chat.direct_message(message.actor.user), view)


def is_fresh(url: ResponseUrl | None, now: datetime) -> bool:
    """Whether Slack will still take an answer there."""
    return url is not None and now - url.issued_at < RESPONSE_URL_LIFE
