"""The arguments of each verb, typed: from a slash command's text or from a button's value."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from sshq.domain.model import Model

_MENTION = re.compile(r"^(?:<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>|([UW][A-Z0-9]{2,20}))$")
# job.env holds the start-up script's facts under such names, before the user's own.
_OWN_PREFIX = "SSHQ_"
_ENV_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def _mentioned(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`<@U123|alice>` or `U123` → `U123`. A name is refused: names don't identify anyone."""
    match = _MENTION.match(str(value))
    if match is None:
        raise ValueError("write @ and pick the person from Slack's list")
    return match[1] or match[2]


def _pairs(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    if isinstance(value, dict):
        return value
    found: dict[str, str] = {}
    for item in value:
        name, equals, text = str(item).partition("=")
        if not equals or not _ENV_NAME.match(name):
            raise ValueError(f"“{item}” isn't NAME=value")
        if name.startswith(_OWN_PREFIX):
            raise ValueError(f"names that begin with {_OWN_PREFIX} are sshq's own")
        found[name] = text
    return found


class NoArguments(Model):
    """For verbs that take none."""


class Help(Model):
    """`/sshq help [COMMAND]`"""

    topic: str | None = None


class Plan(Model):
    """Which plan a button confirms or cancels: its digest."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class AddUser(Model):
    """`/sshq add-user @alice`"""

    user: Annotated[str, BeforeValidator(_mentioned)]


class Run(Model):
    """`/sshq run …`. What is left out comes from the stack's defaults."""

    instance: Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")] | None = (
        None
    )
    count: int = Field(default=1, ge=1, le=16)
    image: (
        Annotated[
            str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$", max_length=255)
        ]
        | None
    ) = None
    hours: float | None = Field(default=None, gt=0, le=672)
    command: Annotated[str, StringConstraints(max_length=4000)] = ""
    env: Annotated[dict[str, str], BeforeValidator(_pairs)] = Field(default_factory=dict)
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=24)] = (
        "workbench"
    )


class AJob(Model):
    """A job by its name, or the only one that the member has."""

    job: Annotated[str, StringConstraints(pattern=r"^sshq-[a-z0-9-]{1,58}$")] | None = None
