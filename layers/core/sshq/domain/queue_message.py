"""What the gateway puts into a queue and a worker takes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from sshq.domain.identity import Actor
from sshq.domain.jobs import Message, ResponseUrl
from sshq.domain.model import Model, Record


class Answer(Model):
    """Where to answer: the channel, the message that was acted on, and Slack's response_url."""

    channel: str | None = None
    message: Message | None = None
    response_url: ResponseUrl | None = None


class QueueMessage(Record):
    """One act of one user. `arguments` are typed by the registry's model for `verb`.

    `approved_by` is the second person who pressed Approve, where the request was held for one;
    `approved_shape` is the digest of the job's shape that this person was shown.
    """

    request: str
    correlation: str
    actor: Actor
    verb: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    answer: Answer
    received_at: datetime
    approved_by: Actor | None = None
    approved_shape: str = ""

    @property
    def group(self) -> str:
        """The FIFO group: one user's requests are worked off in order, users side by side."""
        return self.actor.tag.replace("/", "-")
