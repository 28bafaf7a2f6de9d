"""Commands about ways into a job: tickets, leases, sessions, and the CA behind them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from sshq.chat.command import Command, NoArguments, Queue
from sshq.chat.commands.jobs import JOB, AJob
from sshq.domain.authorisation import Who
from sshq.domain.model import Model

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]


class ALease(Model):
    """The button "end this lease"."""

    lease: Id


class ASession(Model):
    """The button "end this session"."""

    lease: Id
    session: Id


class ReusedTicket(Model):
    """What the access API tells of another key on a spent ticket: facts that the key's side gave."""

    ticket: Id
    key: str
    source: str
    client: str


COMMANDS: tuple[Command, ...] = (
    Command(
        "connect",
        Who.MEMBER,
        Queue.COMMANDS,
        AJob,
        (JOB,),
        ("/sshq connect", "/sshq connect sshq-alice-workbench-k3v9qz2a"),
    ),
    Command("sessions", Who.MEMBER, Queue.COMMANDS, NoArguments, examples=("/sshq sessions",)),
    Command("end-session", Who.MEMBER, Queue.COMMANDS, ASession, typed=False),
    Command("end-lease", Who.MEMBER, Queue.COMMANDS, ALease, typed=False),
    Command("ticket-reused", Who.MEMBER, Queue.COMMANDS, ReusedTicket, typed=False, quiet=True),
    Command("ca", Who.ADMIN, Queue.COMMANDS, NoArguments, examples=("/sshq ca",)),
)
