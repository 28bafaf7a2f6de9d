"""Commands about jobs."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from sshq.chat.command import Command, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.job_options import LOWERED
from sshq.domain.misfits import Misfit
from sshq.domain.model import Model

JobName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", strip_whitespace=True),
    LOWERED,
]


class AJob(Model):
    """A job by its name or the beginning of it, or the only one that the member has."""

    job: JobName | None = None


class Stop(AJob):
    """`/sshq stop`: one job, or all of one's own. Whoever says both may mean the one."""

    mine: bool = False

    @model_validator(mode="after")
    def _one_or_all(self) -> Self:
        if self.mine and self.job is not None:
            raise Misfit("mine-and-one", job=self.job)
        return self


JOB = Parameter("job", metavar="JOB")

COMMANDS: tuple[Command, ...] = (
    Command(
        "stop",
        Who.MEMBER,
        Queue.COMMANDS,
        Stop,
        (JOB, Parameter("mine", "--mine", switch=True)),
        ("/sshq stop", "/sshq stop resnet", "/sshq stop --mine"),
    ),
)
