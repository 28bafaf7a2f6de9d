"""Commands that let somebody into a job."""

from __future__ import annotations

from sshq.chat.command import Command, Queue
from sshq.chat.commands.jobs import JOB, AJob
from sshq.domain.authorisation import Who

COMMANDS: tuple[Command, ...] = (
    Command(
        "connect",
        Who.MEMBER,
        Queue.COMMANDS,
        AJob,
        (JOB,),
        ("/sshq connect", "/sshq connect sshq-alice-workbench-k3v9qz2a"),
    ),
)
