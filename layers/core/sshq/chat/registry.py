"""The registry of commands: the one place that says what `/sshq` understands.

Parsing, `/sshq help`, the queue a request goes to, authorisation and the tables in docs/ all read it.
"""

from __future__ import annotations

import difflib
from itertools import chain
from typing import TYPE_CHECKING

from sshq.chat.commands import (
    access,
    approvals,
    asking,
    audit,
    general,
    health,
    jobs,
    members,
    setup,
    sharing,
    watch,
)

if TYPE_CHECKING:
    from sshq.chat.command import Command

AREAS: dict[str, tuple[Command, ...]] = {
    "general": general.COMMANDS,
    "asking": asking.COMMANDS,
    "jobs": (*jobs.COMMANDS, *watch.COMMANDS),
    "access": (*access.COMMANDS, *health.COMMANDS, *sharing.COMMANDS),
    "members": (*members.COMMANDS, *audit.COMMANDS),
    "setup": (*setup.COMMANDS, *approvals.COMMANDS),
}
"""In the order of help; an area's title is in the catalogue under `area.<name>`."""

COMMANDS: tuple[Command, ...] = tuple(chain.from_iterable(AREAS.values()))

BY_VERB: dict[str, Command] = {
    word: command for command in COMMANDS for word in (command.verb, *command.aliases)
}


def near_commands(verb: str) -> str:
    """`/sshq run, /sshq start`: what somebody may have meant; empty if nothing is like it."""
    known = [command.verb for command in COMMANDS if command.typed]
    return ", ".join(f"/sshq {near}" for near in difflib.get_close_matches(verb, known, n=2))
