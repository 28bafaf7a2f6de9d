"""The registry of commands: the one place that says what `/sshq` understands, who may, and where it runs.

Parsing, `/sshq help`, the queue a request goes to, authorisation and the tables in docs/ all read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sshq.chat import arguments
from sshq.domain.authorisation import Who
from sshq.domain.model import Model  # noqa: TC001  a dataclass field's type is worth resolving


class Queue(StrEnum):
    """Which queue a request goes to. `NONE`: the gateway answers by itself."""

    NONE = "none"
    COMMANDS = "commands"
    PROVISIONING = "provisioning"


@dataclass(frozen=True)
class Parameter:
    """One argument of a command: an option if it has a flag, else positional.

    Its help is in the catalogue under `parameter.<name>`. `many` collects every use of the flag.
    """

    name: str
    flag: str | None = None
    metavar: str = ""
    required: bool = False
    many: bool = False


@dataclass(frozen=True)
class Command:
    """One verb. `typed` is False for what only a button can ask for.

    Its summary is in the catalogue under `command.<verb>`.
    """

    verb: str
    who: Who
    queue: Queue
    arguments: type[Model]
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[str, ...] = field(default=())
    typed: bool = True

    @property
    def usage(self) -> str:
        """`/sshq run [--instance TYPE] …`"""
        return " ".join(["/sshq", self.verb, *map(_usage, self.parameters)])


_JOB = Parameter("job", metavar="JOB")

COMMANDS: tuple[Command, ...] = (
    Command(
        "help",
        Who.ANYONE,
        Queue.NONE,
        arguments.Help,
        (Parameter("topic", metavar="COMMAND"),),
        ("/sshq help", "/sshq help run"),
    ),
    Command(
        "setup",
        Who.ADMIN,
        Queue.PROVISIONING,
        arguments.NoArguments,
        examples=("/sshq setup",),
    ),
    Command("setup-apply", Who.ADMIN, Queue.PROVISIONING, arguments.Plan, typed=False),
    Command("setup-cancel", Who.ADMIN, Queue.PROVISIONING, arguments.Plan, typed=False),
    Command(
        "add-user",
        Who.ADMIN,
        Queue.COMMANDS,
        arguments.AddUser,
        (Parameter("user", metavar="@USER", required=True),),
        ("/sshq add-user @alice",),
    ),
    Command(
        "run",
        Who.MEMBER,
        Queue.COMMANDS,
        arguments.Run,
        (
            Parameter("instance", "--instance", "TYPE"),
            Parameter("count", "--count", "N"),
            Parameter("image", "--image", "URI"),
            Parameter("hours", "--hours", "H"),
            Parameter("command", "--command", "CMD"),
            Parameter("env", "--env", "K=V", many=True),
            Parameter("name", "--name", "NAME"),
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
        arguments.AJob,
        (_JOB,),
        ("/sshq stop", "/sshq stop sshq-alice-workbench-k3v9qz2a"),
    ),
    Command(
        "connect",
        Who.MEMBER,
        Queue.COMMANDS,
        arguments.AJob,
        (_JOB,),
        ("/sshq connect", "/sshq connect sshq-alice-workbench-k3v9qz2a"),
    ),
    Command("jobs", Who.MEMBER, Queue.COMMANDS, arguments.NoArguments, examples=("/sshq jobs",)),
    Command(
        "whoami", Who.ANYONE, Queue.COMMANDS, arguments.NoArguments, examples=("/sshq whoami",)
    ),
)

BY_VERB: dict[str, Command] = {command.verb: command for command in COMMANDS}


def _usage(parameter: Parameter) -> str:
    words = parameter.metavar or parameter.name
    if parameter.flag:
        words = f"{parameter.flag} {parameter.metavar}"
    return words if parameter.required else f"[{words}]{'…' if parameter.many else ''}"
