"""Commands that let another member into a job."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, model_validator

from sshq.chat.command import Command, Parameter, Queue
from sshq.chat.commands.jobs import JOB, AJob
from sshq.chat.commands.members import USER, Person
from sshq.domain.authorisation import Who
from sshq.domain.durations import Between, typed_seconds


class UnshareJob(AJob):
    """`/sshq unshare [JOB] @bob`"""

    user: Person

    @model_validator(mode="before")
    @classmethod
    def _job_may_be_left_out(cls, given: Any) -> Any:  # noqa: ANN401  it stands before validation
        """`@bob`, or `@bob JOB`: a job's name is no person's."""
        first = str(given.get("job") or "")
        if first.startswith("<@"):
            return {**given, "job": given.get("user"), "user": first}
        return given


class ShareJob(UnshareJob):
    """`/sshq share [JOB] @bob [--for 2h]`"""

    for_: (
        Annotated[int, BeforeValidator(typed_seconds), AfterValidator(Between(60, 28 * 86_400))]
        | None
    ) = None


# Not required as a word of its own place: the job before it may be left out.
_USER = Parameter("user", metavar=USER.metavar)

COMMANDS: tuple[Command, ...] = (
    Command(
        "share",
        Who.MEMBER,
        Queue.COMMANDS,
        ShareJob,
        (JOB, _USER, Parameter("for_", "--for", "TIME")),
        ("/sshq share @bob", "/sshq share sshq-alice-workbench-k3v9qz2a @bob --for 2h"),
    ),
    Command(
        "unshare",
        Who.MEMBER,
        Queue.COMMANDS,
        UnshareJob,
        (JOB, _USER),
        ("/sshq unshare @bob",),
    ),
)
