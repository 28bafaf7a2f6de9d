"""A command's argument parser: made from its module and the catalogue, for use, help and completion."""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.language import text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

_ERRORS = {
    r"the following arguments are required: (?P<what>.*)": "overview.required",
    r"unrecognized arguments: (?P<what>.*)": "overview.unrecognized",
    r"argument (?P<what>\S+): expected one argument": "overview.no-value",
    r"argument (?P<what>\S+): invalid (?:\S+ value|choice): (?P<value>'[^']*'|\S+).*": (
        "overview.bad-value"
    ),
}
"""argparse's own sentences (they are English whatever the locale), and which of ours says the same."""


def parser_for(command: str) -> tuple[argparse.ArgumentParser, ModuleType]:
    """The command's parser and module; the module's `run` takes what the parser reads."""
    module = import_module(f"sshq_local.commands.{module_name(command)}")
    parser = Parser(
        prog=f"sshq-local {command}",
        description=text(f"help.{command}"),
        epilog=f"{text('help.examples')}\n{text(f'help.{command}.examples')}\n"
        f"{text('overview.exit-codes')}",
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    module.add_arguments(parser)
    parser.add_argument("-h", "--help", action="help", help=text("help.help"))
    parser.add_argument("--debug", action="store_true", help=text("help.debug"))
    return parser, module


def module_name(command: str) -> str:
    """`code`, `jupyter` … are names of other people's modules too; ours carry no dash."""
    return command.replace("-", "_")


class Parser(argparse.ArgumentParser):
    """argparse, in the catalogue's language; wrong usage exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Raises Refusal: the sentence, and where help is; the whole usage would hide the sentence."""
        for pattern, key in _ERRORS.items():
            if match := re.fullmatch(pattern, message):
                message = text(key, **match.groupdict())
                break
        next_step = text("overview.see-help", command=self.prog)
        raise Refusal(Reason.BAD_USAGE, message, next_step, exit_code=Exit.USAGE)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def start_section(self, heading: str | None) -> None:
        ours = {"positional arguments": "overview.arguments", "options": "overview.options"}
        super().start_section(text(ours[heading]) if heading in ours else heading)

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(
            usage, actions, groups, text("overview.usage") if prefix is None else prefix
        )
