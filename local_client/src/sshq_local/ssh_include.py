"""The one line in the user's SSH configuration: an Include, first, and nothing else is touched."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.atomic_write import remove_left_overs, write_atomically
from sshq_local.errors import Reason, Refusal, refusal
from sshq_local.file_lock import locked
from sshq_local.installation import written_for_ssh
from sshq_local.language import text
from sshq_local.private_folder import make_private_folder
from sshq_local.ssh_config import own_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sshq_local.installation import Installation

_BOM = b"\xef\xbb\xbf"
_ATTEMPTS = 20


def install_include(installation: Installation) -> bool:
    """Make the Include the first line. True when the file was changed. Raises Refusal."""
    line, *others = _lines(installation)
    return _change(installation, lambda content: with_line_first(_without(content, others), line))


def remove_include(installation: Installation) -> bool:
    """Take the line out again. True when the file was changed. Raises Refusal."""
    lines = _lines(installation)
    return _change(installation, lambda content: _without(content, lines))


def has_include(installation: Installation) -> bool:
    """Whether the user's configuration has our line; it may have been locked, or put back as it was."""
    try:
        content = installation.user_config.read_bytes()
    except OSError:
        return False
    line = include_line(installation).encode()
    return line in (each.strip() for each in content.removeprefix(_BOM).split(b"\n"))


def include_line(installation: Installation) -> str:
    home = installation.home if installation.tilde_is_home else None
    return f"Include {written_for_ssh(own_config(installation), home)}"


def _lines(installation: Installation) -> list[bytes]:
    """Our line, and what it was if it was written under another $HOME."""
    lines = [include_line(installation).encode()]
    other = replace(installation, tilde_is_home=not installation.tilde_is_home)
    with contextlib.suppress(Refusal):  # one that can't be written wasn't
        lines.append(include_line(other).encode())
    return lines


def _without(content: bytes, lines: Iterable[bytes]) -> bytes:
    for line in lines:
        content = without_line(content, line)
    return content


def with_line_first(content: bytes, line: bytes) -> bytes:
    """`content` with `line` at its head (behind a byte order mark) and nowhere else.

    First, since ssh takes the first value that it finds, and an Include below a Host is that host's.
    """
    rest = without_line(content, line)
    mark, rest = (_BOM, rest[len(_BOM) :]) if rest.startswith(_BOM) else (b"", rest)
    first, newline, _ = rest.partition(b"\n")
    ending = b"\r\n" if newline and first.endswith(b"\r") else b"\n"
    return mark + line + ending + rest


def without_line(content: bytes, line: bytes) -> bytes:
    """`content` less every line that is exactly `line`; each other byte stays."""
    mark, rest = (_BOM, content[len(_BOM) :]) if content.startswith(_BOM) else (b"", content)
    *lines, last = rest.split(b"\n")  # as ssh does: a lone carriage return ends no line
    ours = {line, line + b"\r"}
    kept = [each + b"\n" for each in lines if each not in ours]
    return mark + b"".join(kept) + (b"" if last in ours else last)


@dataclass(frozen=True)
class _Snapshot:
    """A file as read. identity changes when anybody writes it; None where there is no file."""

    content: bytes
    mode: int
    identity: tuple[int, int, int] | None


def _change(installation: Installation, change: Callable[[bytes], bytes]) -> bool:
    with locked(installation.data / "user_config.lock"):
        # A symlink (dotfiles) stays one: the file that it leads to is replaced.
        path = Path(os.path.realpath(installation.user_config))
        try:
            remove_left_overs(path)
            for _ in range(_ATTEMPTS):
                before = _read(path)
                after = change(before.content)
                if after == before.content:
                    return False
                _back_up(installation, before)
                make_private_folder(path.parent)
                # An editor holds no lock of ours: look once more, right before the replacing.
                if _read(path).identity == before.identity:
                    write_atomically(path, after, mode=before.mode)
                    return True
        except OSError as error:
            raise _unchangeable(installation, error.strerror or str(error)) from error
    raise _unchangeable(installation, text("config.kept-being-written"))


def _read(path: Path) -> _Snapshot:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except FileNotFoundError:
        return _Snapshot(b"", 0o600, None)
    identity = (status.st_ino, status.st_mtime_ns, status.st_size)
    return _Snapshot(content, stat.S_IMODE(status.st_mode), identity)


def _back_up(installation: Installation, snapshot: _Snapshot) -> None:
    if snapshot.identity is None:
        return
    folder = installation.data / "backups"
    make_private_folder(folder)
    # Named after the content: going back and forth between two states keeps two files.
    backup = folder / f"config-{hashlib.sha256(snapshot.content).hexdigest()[:16]}"
    if not backup.exists():
        write_atomically(backup, snapshot.content)


def _unchangeable(installation: Installation, why: str) -> Refusal:
    return refusal(
        Reason.SSH_CONFIG_LOCKED,
        "config.locked",
        path=installation.user_config,
        why=why,
        line=include_line(installation),
    )
