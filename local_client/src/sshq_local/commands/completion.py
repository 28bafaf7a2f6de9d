"""Print the completion script of a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local.errors import Exit
from sshq_local.language import text
from sshq_local.output import say

if TYPE_CHECKING:
    import argparse

_SHELLS = ("bash", "zsh", "fish", "powershell")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", metavar="SHELL", choices=_SHELLS, help=text("help.completion.shell")
    )


def run(arguments: argparse.Namespace) -> int:
    from sshq_local.completion import script  # noqa: PLC0415 - it reads all commands' parsers

    say(script(arguments.shell).rstrip("\n"))
    return Exit.OK
