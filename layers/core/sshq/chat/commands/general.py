"""Commands that belong to no area."""

from __future__ import annotations

from sshq.chat.command import Command, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.model import Model


class Help(Model):
    """`/sshq help [COMMAND]`"""

    topic: str | None = None


COMMANDS: tuple[Command, ...] = (
    Command(
        "help",
        Who.ANYONE,
        Queue.NONE,
        Help,
        (Parameter("topic", metavar="COMMAND"),),
        ("/sshq help", "/sshq help run"),
    ),
)
