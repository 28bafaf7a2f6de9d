"""The command that reads the audit."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from sshq.chat.command import Command, Parameter, Queue
from sshq.chat.commands.members import person
from sshq.domain.authorisation import Who
from sshq.domain.model import Model

_JOB = re.compile(r"^sshq-[a-z0-9-]{1,58}$")


def _person_or_job(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    return value if _JOB.match(str(value)) else person(value)


class Audit(Model):
    """`/sshq audit [@user|job] …`"""

    of: Annotated[str, BeforeValidator(_person_or_job)] | None = None
    days: int = Field(default=7, ge=1, le=366)
    to_s3: bool = False
    verify: bool = False


COMMANDS: tuple[Command, ...] = (
    Command(
        "audit",
        Who.ADMIN,
        Queue.COMMANDS,
        Audit,
        (
            Parameter("of", metavar="@USER or JOB"),
            Parameter("days", "--days", "N"),
            Parameter("to_s3", "--export", switch=True),
            Parameter("verify", "--verify", switch=True),
        ),
        (
            "/sshq audit @alice",
            "/sshq audit sshq-alice-workbench-k3v9qz2a",
            "/sshq audit --verify",
            "/sshq audit --export --days 30",
        ),
    ),
)
