"""Commands that find out what is wrong."""

from __future__ import annotations

from sshq.chat.command import Command, Queue
from sshq.chat.commands.jobs import JOB, AJob
from sshq.domain.authorisation import Who

COMMANDS: tuple[Command, ...] = (
    Command(
        "doctor",
        Who.MEMBER,
        Queue.COMMANDS,
        AJob,
        (JOB,),
        ("/sshq doctor", "/sshq doctor sshq-alice-workbench-k3v9qz2a"),
    ),
)
