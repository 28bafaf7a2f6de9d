"""Commands that look at jobs, let them go on, and prolong them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from sshq.chat.command import Command, Parameter, Queue
from sshq.chat.commands.jobs import JOB, AJob, JobName
from sshq.chat.commands.members import Person
from sshq.domain.authorisation import Who
from sshq.domain.durations import Between, parse_duration, typed_seconds
from sshq.domain.misfits import Misfit
from sshq.domain.model import Model

MOST_LINES = 200
KEEP_SECONDS = 3600
LONGEST_EXTENSION = 28 * 86_400


class Listing(Model):
    """`/sshq list`"""

    all: bool = False


class Log(AJob):
    """`/sshq logs`"""

    tail: int = Field(default=50, ge=1, le=MOST_LINES)


def _is_span(typed: object) -> bool:
    try:
        return isinstance(typed, str) and parse_duration(typed) > 0
    except Misfit:
        return False


class Extend(Model):
    """`/sshq extend`: by a span of time, or (asked for on the laptop) until a moment."""

    job: JobName | None = None
    by: (
        Annotated[
            int, BeforeValidator(typed_seconds), AfterValidator(Between(1, LONGEST_EXTENSION))
        ]
        | None
    ) = None
    until: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, found: Any) -> Any:  # noqa: ANN401  it stands before validation
        """Whoever has one job needn't name it: `/sshq extend 2h`."""
        if isinstance(found, dict) and "by" not in found and not found.get("until"):
            if not found.get("job"):
                raise Misfit("extend-by-nothing")
            return {"by": found["job"]}
        are_typed = isinstance(found, dict) and isinstance(found.get("by"), str)
        if are_typed and _is_span(found.get("job")) and not _is_span(found["by"]):
            # `2h resnet`: told apart as in `share`, whatever comes first.
            return {**found, "job": found["by"], "by": found["job"]}
        return found


class Cost(Model):
    """`/sshq cost`"""

    user: Person | None = None
    team: bool = False
    month: Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] | None = None


class Keep(Model):
    """The button on the warning that a job is idle."""

    job: JobName
    seconds: int = Field(default=KEEP_SECONDS, ge=60, le=86_400)


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
    Command("status", Who.MEMBER, Queue.COMMANDS, AJob, (JOB,), ("/sshq status resnet",)),
    Command(
        "logs",
        Who.MEMBER,
        Queue.COMMANDS,
        Log,
        (JOB, Parameter("tail", "--tail", "N")),
        ("/sshq logs", "/sshq logs resnet --tail 100"),
    ),
    Command(
        "extend",
        Who.MEMBER,
        Queue.COMMANDS,
        Extend,
        (JOB, Parameter("by", metavar="TIME")),
        ("/sshq extend 2h", "/sshq extend resnet 1h30m"),
    ),
    Command("start", Who.MEMBER, Queue.COMMANDS, AJob, (JOB,), ("/sshq start resnet",)),
    Command(
        "cost",
        Who.MEMBER,
        Queue.COMMANDS,
        Cost,
        (
            Parameter("user", metavar="@user"),
            Parameter("team", "--team", switch=True),
            Parameter("month", "--month", "YYYY-MM"),
        ),
        ("/sshq cost", "/sshq cost --team --month 2026-10"),
    ),
    Command("keep", Who.MEMBER, Queue.COMMANDS, Keep, typed=False),
)
