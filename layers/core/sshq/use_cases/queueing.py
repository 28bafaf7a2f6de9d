"""A message into the queue of its verb, in the group whose order it must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.command import Queue
from sshq.chat.registry import BY_VERB

if TYPE_CHECKING:
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import CommandQueue

# One account, one order at a time.
PROVISIONING_GROUP = "account"


def enqueue(message: QueueMessage, *, commands: CommandQueue, provisioning: CommandQueue) -> None:
    """Send it; the same request sent twice within five minutes is taken once."""
    is_command = BY_VERB[message.verb].queue is Queue.COMMANDS
    queue = commands if is_command else provisioning
    group = message.group if is_command else PROVISIONING_GROUP
    queue.send(message.model_dump_json(), group=group, deduplication=message.request)
