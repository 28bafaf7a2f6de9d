"""Commands that look at jobs, and prolong them."""

from __future__ import annotations

from sshq.chat.command import Command, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.model import Model


class Listing(Model):
    """`/sshq list`"""

    all: bool = False


COMMANDS: tuple[Command, ...] = (
    Command(
        "list",
        Who.MEMBER,
        Queue.COMMANDS,
        Listing,
        (Parameter("all", "--all", switch=True),),
        ("/sshq list", "/sshq list --all"),
        aliases=("jobs",),
    ),
)
