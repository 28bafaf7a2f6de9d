"""Commands about people."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from sshq.chat.command import Command, NoArguments, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.members import Leave
from sshq.domain.misfits import Misfit
from sshq.domain.model import Model
from sshq.domain.money import TYPED

_PERSON = re.compile(r"^(?:<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>|([UW][A-Z0-9]{2,20}))$")
_GROUP = re.compile(r"^(?:<!subteam\^(S[A-Z0-9]{2,20})(?:\|[^>]*)?>|(S[A-Z0-9]{2,20}))$")
_NONE = "none"


def person(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`<@U123|alice>` or `U123` → `U123`. A name is refused: names don't identify anyone."""
    match = _PERSON.match(str(value))
    if match is None:
        raise Misfit("person")
    return match[1] or match[2]


def _person_or_group(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """The same, or `<!subteam^S123|@ml-team>` → `S123`."""
    match = _GROUP.match(str(value))
    return match[1] or match[2] if match else person(value)


def _amount(value: Any) -> str:  # noqa: ANN401  it stands before validation
    """`200`, `$200`, `¥200/month`: as it was typed. Whether it is in our currency, the use case says."""
    if TYPED.match(str(value)) is None:
        raise Misfit("amount")
    return str(value)


def _yes_or_no(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    return {"yes": True, "no": False}.get(str(value), value)


Person = Annotated[str, BeforeValidator(person)]
Budget = Annotated[str, BeforeValidator(_amount)]
MaxJobs = Annotated[int, Field(ge=0, le=1000)]
IamUser = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]{1,64}$")]
RoleArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[\w-]*:(iam|sts)::\d{12}:(role|assumed-role)/\S{1,512}$"),
]
NoLimit = Literal["none"]


class AddUser(Model):
    """`/sshq add-user …`. Without anybody: a picker is shown."""

    users: Annotated[
        tuple[Annotated[str, BeforeValidator(_person_or_group)], ...], Field(max_length=100)
    ] = ()
    iam_user: IamUser | None = None
    role: RoleArn | None = None
    admin: bool = False
    budget: Budget | None = None
    max_jobs: MaxJobs | None = None
    until: date | None = None


class SetLimit(Model):
    """`/sshq set-limit @alice …`. What isn't named stays; `none` lifts a limit."""

    user: Person
    budget: Budget | NoLimit | None = None
    max_jobs: MaxJobs | NoLimit | None = None
    until: date | NoLimit | None = None
    make_admin: Annotated[bool, BeforeValidator(_yes_or_no)] | None = None
    iam_user: IamUser | NoLimit | None = None
    role: RoleArn | None = None


class AUser(Model):
    """One person."""

    user: Person


class RemoveUser(Model):
    """`/sshq remove-user @alice [--hand-over @bob]`, and its buttons."""

    user: Person
    hand_over: Person | None = None


class Forget(Model):
    """The last step of somebody's leaving, and whom to tell of it. No person asks for it."""

    user: Person
    why: Leave


USER = Parameter("user", metavar="@USER", required=True)
_LIMITS = (
    Parameter("budget", "--budget", "AMOUNT/month"),
    Parameter("max_jobs", "--max-jobs", "N"),
    Parameter("until", "--until", "DATE"),
)
_IAM = (Parameter("iam_user", "--iam-user", "NAME"), Parameter("role", "--role", "ARN"))
_HAND_OVER = Parameter("hand_over", "--hand-over", "@USER")

# Whatever changes who is a member goes through one queue, one order at a time; it may touch IAM.
COMMANDS: tuple[Command, ...] = (
    Command(
        "add-user",
        Who.ADMIN,
        Queue.PROVISIONING,
        AddUser,
        (
            Parameter("users", metavar="@USER or @GROUP", many=True),
            *_IAM,
            Parameter("admin", "--admin", switch=True),
            *_LIMITS,
        ),
        (
            "/sshq add-user @alice",
            "/sshq add-user @alice --iam-user alice --budget 200/month --max-jobs 2",
            "/sshq add-user @bob @carol --until 2027-01-31",
            "/sshq add-user @ml-team",
        ),
    ),
    Command(
        "set-limit",
        Who.ADMIN,
        Queue.PROVISIONING,
        SetLimit,
        (USER, *_LIMITS, Parameter("make_admin", "--admin", "yes|no"), *_IAM),
        (
            "/sshq set-limit @alice --budget 500/month --max-jobs none",
            "/sshq set-limit @alice --iam-user alice",
        ),
    ),
    Command(
        "remove-user",
        Who.ADMIN,
        Queue.COMMANDS,
        RemoveUser,
        (USER, _HAND_OVER),
        ("/sshq remove-user @alice", "/sshq remove-user @alice --hand-over @bob"),
    ),
    Command("remove-user-apply", Who.ADMIN, Queue.COMMANDS, RemoveUser, typed=False),
    Command("remove-user-cancel", Who.ADMIN, Queue.COMMANDS, RemoveUser, typed=False),
    Command("check-member", Who.ANYONE, Queue.COMMANDS, NoArguments, typed=False, quiet=True),
    Command("forget-member", Who.ANYONE, Queue.PROVISIONING, Forget, typed=False, quiet=True),
    Command("users", Who.ADMIN, Queue.COMMANDS, NoArguments, examples=("/sshq users",)),
    Command("user", Who.ADMIN, Queue.COMMANDS, AUser, (USER,), ("/sshq user @alice",)),
    Command("whoami", Who.ANYONE, Queue.COMMANDS, NoArguments, examples=("/sshq whoami",)),
)
