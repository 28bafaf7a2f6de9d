"""Open VS Code on a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local.editors import VSCODE, add_arguments, open_editor

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    return open_editor(VSCODE, arguments)
