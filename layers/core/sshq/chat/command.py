"""What a command of `/sshq` is made of: its words, its typed arguments, who may, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sshq.domain.authorisation import Who  # noqa: TC001  a dataclass field's type is worth resolving
from sshq.domain.model import Model


class Queue(StrEnum):
    """Which queue a request goes to. `NONE`: the gateway answers by itself."""

    NONE = "none"
    COMMANDS = "commands"
    PROVISIONING = "provisioning"


@dataclass(frozen=True)
class Parameter:
    """One argument of a command: an option if it has a flag, else positional.

    Its help is in the catalogue under `parameter.<name>`. `many` collects every use of the flag;
    a `switch` is a flag that takes no value; `prose` are words that people forget to quote.
    """

    name: str
    flag: str | None = None
    metavar: str = ""
    required: bool = False
    many: bool = False
    switch: bool = False
    prose: bool = False


@dataclass(frozen=True)
class Command:
    """One verb. `typed` is False for what only a button can ask for; `aliases` are its old names.
    `quiet`: no person asked for it, so nobody is told when it fails for good.

    Its summary is in the catalogue under `command.<verb>`.
    """

    verb: str
    who: Who
    queue: Queue
    arguments: type[Model]
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[str, ...] = field(default=())
    typed: bool = True
    quiet: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """`/sshq run [--instance TYPE] …`"""
        return " ".join(["/sshq", self.verb, *map(_usage, self.parameters)])


def _usage(parameter: Parameter) -> str:
    words = parameter.metavar or parameter.name
    if parameter.flag:
        words = parameter.flag if parameter.switch else f"{parameter.flag} {parameter.metavar}"
    return words if parameter.required else f"[{words}]{'…' if parameter.many else ''}"


class NoArguments(Model):
    """For verbs that take none."""
