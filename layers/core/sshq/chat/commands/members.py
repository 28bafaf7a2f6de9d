"""Commands about people."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from sshq.chat.command import Command, NoArguments, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.model import Model

_MENTION = re.compile(r"^(?:<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>|([UW][A-Z0-9]{2,20}))$")


def _mentioned(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`<@U123|alice>` or `U123` → `U123`. A name is refused: names don't identify anyone."""
    match = _MENTION.match(str(value))
    if match is None:
        raise ValueError("write @ and pick the person from Slack's list")
    return match[1] or match[2]


class AddUser(Model):
    """`/sshq add-user @alice`"""

    user: Annotated[str, BeforeValidator(_mentioned)]


COMMANDS: tuple[Command, ...] = (
    Command(
        "add-user",
        Who.ADMIN,
        Queue.COMMANDS,
        AddUser,
        (Parameter("user", metavar="@USER", required=True),),
        ("/sshq add-user @alice",),
    ),
    Command("whoami", Who.ANYONE, Queue.COMMANDS, NoArguments, examples=("/sshq whoami",)),
)
