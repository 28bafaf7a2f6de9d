"""Commands about jobs."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from sshq.chat.command import Command, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.durations import parse_duration
from sshq.domain.job_file import FailMode
from sshq.domain.model import Model

# job.env holds the start-up script's facts under such names, before the user's own.
_OWN_PREFIX = "SSHQ_"
_ENV_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


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


def _seconds(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    return parse_duration(value) if isinstance(value, str) else value


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
    login: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")] = "root"
    wait: Annotated[int, BeforeValidator(_seconds), Field(ge=0, le=86_400)] = 0
    on_failure: FailMode = FailMode.RUN


JobName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", to_lower=True, strip_whitespace=True),
]


class AJob(Model):
    """A job by its name or the beginning of it, or the only one that the member has."""

    job: JobName | None = None


class Stop(AJob):
    """`/sshq stop`"""

    mine: bool = False


JOB = Parameter("job", metavar="JOB")

COMMANDS: tuple[Command, ...] = (
    Command(
        "run",
        Who.MEMBER,
        Queue.COMMANDS,
        Run,
        (
            Parameter("instance", "--instance", "TYPE"),
            Parameter("count", "--count", "N"),
            Parameter("image", "--image", "URI"),
            Parameter("hours", "--hours", "H"),
            Parameter("command", "--command", "CMD"),
            Parameter("env", "--env", "K=V", many=True),
            Parameter("name", "--name", "NAME"),
            Parameter("login", "--login", "USER"),
            Parameter("wait", "--wait", "TIME"),
            Parameter("on_failure", "--on-failure", "run|fail"),
        ),
        (
            "/sshq run",
            "/sshq run --instance ml.g5.xlarge --hours 4",
            '/sshq run --command "python train.py" --env EPOCHS=3 --name resnet',
        ),
    ),
    Command(
        "stop",
        Who.MEMBER,
        Queue.COMMANDS,
        Stop,
        (JOB, Parameter("mine", "--mine", switch=True)),
        ("/sshq stop", "/sshq stop resnet", "/sshq stop --mine"),
    ),
)
