"""Editors of VS Code's family: opened on a machine over their own Remote-SSH, or how to do it by hand."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from sshq_local.errors import Exit, Reason, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.output import say, say_json
from sshq_local.programs import find_program, safe_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from sshq_local.installation import Installation


@dataclass(frozen=True)
class Editor:
    """scheme: of the links that the editor registers. places: see find_program."""

    title: str
    program: str
    scheme: str
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)


VSCODE = Editor(
    title="VS Code",
    program="code",
    scheme="vscode",
    places={
        "darwin": (
            "/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code",
            "{HOME}/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code",
        ),
        "win32": (
            r"{LOCALAPPDATA}\Programs\Microsoft VS Code\bin\code.cmd",
            r"{PROGRAMFILES}\Microsoft VS Code\bin\code.cmd",
        ),
    },
)
CURSOR = Editor(
    title="Cursor",
    program="cursor",
    scheme="cursor",
    places={
        "darwin": ("/Applications/Cursor.app/Contents/Resources/app/bin/cursor",),
        "win32": (r"{LOCALAPPDATA}\Programs\cursor\resources\app\bin\cursor.cmd",),
    },
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `code` and `cursor`."""
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("path", metavar="PATH", nargs="?", default="", help=text("help.code.path"))
    parser.add_argument("--json", action="store_true", help=text("help.code.json"))


def open_editor(editor: Editor, arguments: argparse.Namespace) -> int:
    """Open the editor on the machine; without the editor, say what to do (exit 4)."""
    path: str = arguments.path
    if path and not path.startswith("/"):
        raise refusal(Reason.BAD_PATH, "tools.not-absolute", path=repr(path), exit_code=Exit.USAGE)
    installation = this_installation()
    _, node = LeaseStore(installation.data).find(arguments.job)
    program = find_program(editor.program, editor.places)
    words = ["--remote", f"ssh-remote+{node.alias}", *([path] if path else [])]
    link = f"{editor.scheme}://vscode-remote/ssh-remote+{node.alias}{quote(path or '/')}"
    note = _other_config(installation)
    opened = False
    if program is not None:
        safe_for(program, words)
        # With --json, stdout is for JSON alone: what the editor says goes to stderr.
        stdout = 2 if arguments.json else None
        opened = subprocess.run([program, *words], check=False, stdout=stdout).returncode == 0
    steps = text(
        "tools.editor-steps",
        title=editor.title,
        program=editor.program,
        alias=node.alias,
        path=path or "/",
        link=link,
    )
    if arguments.json:
        command = [program or editor.program, *words]
        say_json({"opened": opened, "command": command, "link": link, "steps": steps})
    elif opened:
        say(text("tools.opened", title=editor.title, alias=node.alias))
    else:
        key = "tools.did-not-open" if program else "tools.missing"
        say(text(key, title=editor.title, program=editor.program) + "\n" + steps)
    if note and not arguments.json:
        say(note)
    return Exit.OK if opened else Exit.SSH_MISSING


def _other_config(installation: Installation) -> str:
    """The editor must be told of an SSH configuration that ssh itself wouldn't read."""
    if installation.is_default_config:
        return ""
    return text("tools.other-config", path=installation.user_config)
