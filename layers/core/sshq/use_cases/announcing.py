"""A request's one living message: posted once, found again where a crash hid that it was posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.chat.view import View
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Message
    from sshq.ports import Services


def post_once(
    services: Services, owner: Actor, view: View, *, key: str, since: datetime, again: bool
) -> Message:
    """The message in the owner's DM.

    `again`: the request was worked on before, so the message may be there though nobody wrote that
    down. Slack knows no idempotency key; the message itself bears the request's id, unseen.
    """
    channel = services.chat.direct_message(owner.user)
    found = services.chat.find(channel, key, since) if again else None
    return found or services.chat.post(channel, view, key=key)
