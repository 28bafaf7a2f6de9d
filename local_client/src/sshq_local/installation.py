"""Where things lie on this computer: sshq's own folder, the user's SSH configuration, this Python."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNWRITABLE = frozenset("*?[]\"'\\%$`")
"""What ssh would expand, glob or unquote in a path, differently from version to version."""


_BAD_IN_HOME = frozenset("%[")
"""What ssh expands in the home folder's own name, once it stands where the `~` was: %h, a glob's set."""


@dataclass(frozen=True)
class Installation:
    """data: sshq's own folder. user_config: the file that gains the Include.

    is_default_config: ssh reads user_config by itself, without -F.
    tilde_is_home: an Include's `~` is home too. ssh leaves that one to glob(), which asks $HOME.
    """

    data: Path
    home: Path
    user_config: Path
    is_default_config: bool
    python: str
    is_windows: bool
    tilde_is_home: bool = True


def this_installation(
    environ: Mapping[str, str] | None = None, data: str = "", *, platform: str = sys.platform
) -> Installation:
    """Read from the environment; `data` (the ProxyCommand's --data-home) wins over all of it.

    $SSHQ_DATA_HOME moves sshq's folder, $SSHQ_SSH_CONFIG names another file than ~/.ssh/config.
    """
    environ = os.environ if environ is None else environ
    home = ssh_home(environ, platform)
    named_config = environ.get("SSHQ_SSH_CONFIG", "")
    folder = Path(data) if data else data_folder(environ, platform, home)
    if not folder.is_absolute():
        folder = Path.cwd() / folder
    return Installation(
        data=folder,
        home=home,
        user_config=Path(named_config).absolute() if named_config else home / ".ssh" / "config",
        is_default_config=not named_config,
        python=sys.executable,
        is_windows=platform == "win32",
        tilde_is_home=platform == "win32" or Path(environ.get("HOME") or home) == home,
    )


def data_folder(environ: Mapping[str, str], platform: str, home: Path) -> Path:
    """The platform's place for an application's data. (platformdirs says the same in more code.)"""
    if named := environ.get("SSHQ_DATA_HOME"):
        return Path(named)
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "sshq"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "sshq"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "sshq"


def ssh_home(environ: Mapping[str, str], platform: str) -> Path:
    """The home folder as ssh sees it: from the passwd database, where $HOME doesn't count."""
    if platform == "win32":
        return Path(environ.get("USERPROFILE") or Path.home())
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a container's user without an entry
        return Path(environ.get("HOME") or "/")


def short_path(path: str) -> str:
    """On Windows the path's form without spaces, where the disk keeps one; else the path itself."""
    import ctypes  # noqa: PLC0415 - on Windows only

    windll = getattr(ctypes, "windll", None)
    if windll is None:
        return path
    room = ctypes.create_unicode_buffer(1024)
    length = windll.kernel32.GetShortPathNameW(path, room, len(room))
    return room.value if 0 < length < len(room) else path


def written_for_ssh(path: Path, home: Path | None) -> str:
    """A path as SSH's configuration takes it: `~/…` where it can be, quoted where it has spaces.

    home: what `~` stands for; None where that isn't sure.

    `~/` is the one form that both of Windows's ssh (Microsoft's and Git's) call absolute.
    Raises Refusal for a path that ssh would read as something else.
    """
    if home is not None and path.is_relative_to(home):
        text = "~/" + path.relative_to(home).as_posix()
        is_safe = not _BAD_IN_HOME & set(str(home))
    else:
        text, is_safe = path.as_posix(), True
    if not is_safe or _UNWRITABLE & set(text) or any(ord(character) < 32 for character in text):
        raise refusal(Reason.BAD_DATA_FOLDER, "config.bad-path", path=repr(str(path)))
    return f'"{text}"' if " " in text else text
