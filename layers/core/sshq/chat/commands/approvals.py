"""Buttons under a request that waits for a second person."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from sshq.chat.command import Command, Queue
from sshq.domain.authorisation import Who
from sshq.domain.model import Model


class AnApproval(Model):
    """Which held request: its id."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


COMMANDS: tuple[Command, ...] = (
    Command("approve", Who.ADMIN, Queue.COMMANDS, AnApproval, typed=False),
    Command("decline", Who.ADMIN, Queue.COMMANDS, AnApproval, typed=False),
)
