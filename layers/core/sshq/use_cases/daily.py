"""Once a day: what an event of Slack's would have told, had it come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.request_id import request_id
from sshq.use_cases.queueing import enqueue

if TYPE_CHECKING:
    from sshq.ports import Services


def ask_after_members(services: Services) -> None:
    """Have each member looked at, by a message of their own: one that fails holds up no other.

    The same day asked twice is asked once: who has left since is found by Slack's event, or
    tomorrow.
    """
    now = services.clock.now()
    for member in services.members.all():
        request = request_id(member.actor.team, f"daily {now:%Y-%m-%d} {member.actor.user}")
        message = QueueMessage(
            request=request,
            correlation=request[:12],
            actor=member.actor,
            verb="check-member",
            answer=Answer(),
            received_at=now,
        )
        enqueue(message, commands=services.commands_queue, provisioning=services.provisioning_queue)
