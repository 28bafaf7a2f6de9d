"""The registry of commands: the one place that says what `/sshq` understands.

Parsing, `/sshq help`, the queue a request goes to, authorisation and the tables in docs/ all read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.commands import access, general, jobs, members, setup

if TYPE_CHECKING:
    from sshq.chat.command import Command

COMMANDS: tuple[Command, ...] = tuple(
    command for area in (general, setup, members, jobs, access) for command in area.COMMANDS
)

BY_VERB: dict[str, Command] = {command.verb: command for command in COMMANDS}
