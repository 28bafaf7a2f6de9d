"""Commands that prepare the AWS account, look after it, and take it all down again."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sshq.chat.command import Command, NoArguments, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.misfits import Misfit
from sshq.domain.model import Model


class Setup(Model):
    """`/sshq setup [--check | --repair | --export | --quickstart]`"""

    check: bool = False
    repair: bool = False
    export: bool = False
    quickstart: bool = False

    @model_validator(mode="after")
    def _one_thing_at_a_time(self) -> Self:
        if self.check + self.repair + self.export > 1 or (self.quickstart and self.repair):
            raise Misfit("one-at-a-time")
        return self


class Plan(Model):
    """Which plan a button confirms or cancels: its digest."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PlanDetails(Plan):
    """Which change of a plan is shown with its policies; none: all are folded."""

    change: int | None = Field(default=None, ge=0, le=50)


COMMANDS: tuple[Command, ...] = (
    Command(
        "setup",
        Who.STACK_ADMIN,
        Queue.PROVISIONING,
        Setup,
        (
            Parameter("check", "--check", switch=True),
            Parameter("repair", "--repair", switch=True),
            Parameter("export", "--export", switch=True),
            Parameter("quickstart", "--quickstart", switch=True),
        ),
        ("/sshq setup", "/sshq setup --check", "/sshq setup --repair"),
    ),
    Command(
        "teardown", Who.STACK_ADMIN, Queue.PROVISIONING, NoArguments, examples=("/sshq teardown",)
    ),
    Command("setup-apply", Who.STACK_ADMIN, Queue.PROVISIONING, Plan, typed=False),
    Command("setup-cancel", Who.STACK_ADMIN, Queue.PROVISIONING, Plan, typed=False),
    Command("setup-details", Who.STACK_ADMIN, Queue.PROVISIONING, PlanDetails, typed=False),
)
