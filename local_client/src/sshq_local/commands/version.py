"""What runs here: sshq-local, Python, ssh."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Refusal
from sshq_local.language import text
from sshq_local.output import say, say_json
from sshq_local.ssh_client import find_ssh
from sshq_local.version import VERSION

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    try:
        ssh = find_ssh().version
    except Refusal as refusal:
        ssh = refusal.what
    facts = {"sshq-local": VERSION, "python": platform.python_version(), "ssh": ssh}
    if arguments.json:
        say_json(facts)
    else:
        say("\n".join(f"{name} {value}" for name, value in facts.items()))
    return Exit.OK
