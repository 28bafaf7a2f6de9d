"""What there is to copy: the files, folders and links below one path, here or there."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sshq_local.copying import sftp
from sshq_local.errors import Reason, Refusal, refusal
from sshq_local.language import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq_local.copying.sftp import Attributes, Sftp

PART = ".sshq-part"
"""How a file is called until all of it has come; such names aren't copied."""
_LONGEST_NAME = 255
_BAD_ON_WINDOWS = frozenset('\\:*?"<>|')


@dataclass(frozen=True)
class File:
    """path: below the root, with slashes; "" is the root itself. mode: permission bits."""

    path: str
    size: int
    mtime: int
    mode: int


@dataclass(frozen=True)
class Tree:
    """folders: (path, mode), each after its parent. links: (path, what it points to).

    left_out: what is neither file, folder nor link, and what has no place on this computer.
    """

    is_folder: bool
    files: tuple[File, ...]
    folders: tuple[tuple[str, int], ...]
    links: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]


@dataclass
class _Found:
    files: list[File]
    folders: list[tuple[str, int]]
    links: list[tuple[str, str]]
    left_out: list[str]

    def tree(self, *, is_folder: bool) -> Tree:
        return Tree(
            is_folder=is_folder,
            files=tuple(sorted(self.files, key=lambda file: file.path)),
            folders=tuple(self.folders),
            links=tuple(self.links),
            left_out=tuple(self.left_out),
        )


def local_tree(root: Path) -> Tree:
    """Raises Refusal when there is no such file or folder."""
    found = _Found([], [], [], [])
    try:
        facts = root.stat()  # the root itself may be a link, as for cp and scp
    except OSError as error:
        raise _missing(str(root), error.strerror or str(error)) from error
    if stat.S_ISDIR(facts.st_mode):
        found.folders.append(("", stat.S_IMODE(facts.st_mode)))
        for path, entry in _walk(root, ""):
            _sort_local(found, path, entry)
    elif stat.S_ISREG(facts.st_mode):
        found.files.append(_file("", facts))
    else:
        raise _missing(str(root), text("copy.neither"))
    return found.tree(is_folder=bool(found.folders))


def remote_tree(client: Sftp, root: str, *, for_windows: bool = os.name == "nt") -> Tree:
    """Raises Refusal when there is no such file or folder, or when names can't be true."""
    found = _Found([], [], [], [])
    try:
        facts = client.ask(sftp.stat(root)).attributes()
    except sftp.SftpError as error:
        raise _missing(root, str(error)) from error
    if stat.S_ISREG(facts.mode):
        found.files.append(File("", facts.size, facts.mtime, stat.S_IMODE(facts.mode)))
        return found.tree(is_folder=False)
    if not stat.S_ISDIR(facts.mode):
        raise _missing(root, text("copy.neither"))
    found.folders.append(("", stat.S_IMODE(facts.mode)))
    level = [""]
    while level:
        below: list[str] = []
        for folder, entries in zip(level, _listings(client, root, level), strict=True):
            for name, attributes in entries:
                path = f"{folder}/{name}" if folder else name
                if for_windows and _BAD_ON_WINDOWS & set(name):
                    found.left_out.append(path)
                elif _sort_remote(found, path, attributes):
                    below.append(path)
        level = below
    paths = [path for path, _ in found.links]
    answers = client.run(sftp.read_link(joined(root, path)) for path in paths)
    found.links[:] = [(path, answer.name()) for path, answer in zip(paths, answers, strict=True)]
    return found.tree(is_folder=True)


def part_of(path: str) -> str:
    """The path that a file has until all of it has come, beside its own; "" gives ""."""
    folder, slash, name = path.rpartition("/")
    part = f".{name}{PART}"
    while len(part.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        name = name[:-1]
        part = f".{name}{PART}"
    return f"{folder}{slash}{part}"


def shown(path: str) -> str:
    """A path for the terminal: nothing in a name may steer it."""
    return "".join(c if c.isprintable() else "?" for c in path)


def joined(root: str, path: str) -> str:
    return f"{root.rstrip('/')}/{path}" if path else root


def _listings(client: Sftp, root: str, folders: list[str]) -> list[list[tuple[str, Attributes]]]:
    """The folders' entries, asked for all at once: a round trip a folder would take minutes."""
    opened = client.run(sftp.open_folder(joined(root, folder)) for folder in folders)
    handles = []
    for folder, answer in zip(folders, opened, strict=True):
        try:
            handles.append(answer.handle())
        except sftp.SftpError as error:
            raise _missing(joined(root, folder), str(error)) from error
    entries: list[list[tuple[str, Attributes]]] = [[] for _ in folders]
    open_ones = list(range(len(folders)))
    while open_ones:
        answers = client.run(sftp.read_folder(handles[number]) for number in open_ones)
        more = []
        for number, answer in zip(open_ones, answers, strict=True):
            names = answer.names()
            entries[number] += [
                (_checked(name), facts) for name, facts in names if name not in {".", ".."}
            ]
            if names:
                more.append(number)
        open_ones = more
    for answer in client.run(sftp.close(handle) for handle in handles):
        answer.done()
    return entries


def _checked(name: str) -> str:
    """A server's name may lead nowhere but into its own folder."""
    if not name or "/" in name or "\0" in name:
        raise refusal(Reason.BAD_ANSWER, "copy.bad-name", name=ascii(name[:80]))
    return name


def _sort_remote(found: _Found, path: str, facts: Attributes) -> bool:
    """Put an entry where it belongs; whether it is a folder to look into."""
    if path.endswith(PART):
        return False
    if stat.S_ISDIR(facts.mode):
        found.folders.append((path, stat.S_IMODE(facts.mode)))
        return True
    if stat.S_ISLNK(facts.mode):
        found.links.append((path, ""))
    elif stat.S_ISREG(facts.mode):
        found.files.append(File(path, facts.size, facts.mtime, stat.S_IMODE(facts.mode)))
    else:
        found.left_out.append(path)
    return False


def _walk(folder: Path, path: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _missing(str(folder), error.strerror or str(error)) from error
    for entry in entries:
        below = f"{path}/{entry.name}" if path else entry.name
        yield below, entry
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, below)


def _sort_local(found: _Found, path: str, entry: os.DirEntry[str]) -> None:
    if path.endswith(PART):
        return
    if entry.is_symlink():
        found.links.append((path, str(PurePosixPath(Path(entry.path).readlink()))))
        return
    facts = entry.stat(follow_symlinks=False)
    if stat.S_ISDIR(facts.st_mode):
        found.folders.append((path, stat.S_IMODE(facts.st_mode)))
    elif stat.S_ISREG(facts.st_mode):
        found.files.append(_file(path, facts))
    else:
        found.left_out.append(path)


def _file(path: str, facts: os.stat_result) -> File:
    return File(path, facts.st_size, int(facts.st_mtime), stat.S_IMODE(facts.st_mode))


def _missing(path: str, why: str) -> Refusal:
    return refusal(Reason.NO_SUCH_FILE, "copy.unreadable", path=shown(path), why=why)
