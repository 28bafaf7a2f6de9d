"""Where programs lie on this computer: on PATH, or where their installers put them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FOR_CMD = frozenset('"%&|<>^!\r\n')
"""What Windows's cmd.exe, which runs a .cmd file, would take for its own."""


def find_program(
    name: str,
    places: Mapping[str, Sequence[str]],
    *,
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
    exists: Callable[[str], bool] = lambda path: Path(path).exists(),
) -> str | None:
    """The program's path. places: by platform, with `{LOCALAPPDATA}` and the like filled in."""
    found = shutil.which(name, path=environ.get("PATH"))
    if found:
        return found
    for place in places.get(platform, ()):
        try:
            path = place.format_map(environ)
        except KeyError:
            continue
        if exists(path):
            return path
    return None


def safe_for(program: str, arguments: Sequence[str]) -> None:
    """Refuse arguments that a program which is a .cmd file would read as commands."""
    if program.lower().endswith((".cmd", ".bat")):
        for argument in arguments:
            if _FOR_CMD & set(argument):
                raise refusal(
                    Reason.BAD_PATH, "tools.bad-path", path=repr(argument), exit_code=Exit.USAGE
                )
