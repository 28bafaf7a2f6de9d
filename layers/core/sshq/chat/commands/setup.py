"""Commands that prepare the AWS account."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from sshq.chat.command import Command, NoArguments, Queue
from sshq.domain.authorisation import Who
from sshq.domain.model import Model


class Plan(Model):
    """Which plan a button confirms or cancels: its digest."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


COMMANDS: tuple[Command, ...] = (
    Command("setup", Who.ADMIN, Queue.PROVISIONING, NoArguments, examples=("/sshq setup",)),
    Command("setup-apply", Who.ADMIN, Queue.PROVISIONING, Plan, typed=False),
    Command("setup-cancel", Who.ADMIN, Queue.PROVISIONING, Plan, typed=False),
)
