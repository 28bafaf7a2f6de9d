"""What a stripe does with a unit of work, and how a copy is begun and ended on the far side."""

from __future__ import annotations

import os
from collections import deque
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from sshq_local.copying import sftp
from sshq_local.copying.tree import joined, part_of, shown
from sshq_local.errors import Reason, Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sshq_local.copying.pieces import Piece, Unit
    from sshq_local.copying.sftp import Request, Sftp
    from sshq_local.copying.tree import File, Tree

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends
_HASH_BLOCK = 1 << 20


class Uploading:
    """From `root` here to `target` there. `moved(n)` is told of bytes that have arrived."""

    def __init__(self, root: Path, target: str, moved: Callable[[int], None]) -> None:
        self._root = root
        self._target = target
        self._moved = moved

    def unit(self, client: Sftp, unit: Unit) -> None:
        """Write each piece into its file's part. Raises SftpBroken, SftpError, Refusal."""
        with _Counted(self._moved) as counted:
            self._unit(client, unit, counted)

    def _unit(self, client: Sftp, unit: Unit, counted: _Counted) -> None:
        flags = sftp.WRITE | sftp.CREATE
        opened = client.run(
            sftp.open_file(self.part(piece.file), flags, mode=0o600) for piece in unit
        )
        handles = [answer.handle() for answer in opened]
        lengths: deque[int] = deque()

        def blocks() -> Iterator[Request]:
            for piece, handle in zip(unit, handles, strict=True):
                for offset, data in self._blocks(piece):
                    lengths.append(len(data))
                    yield sftp.write(handle, offset, data)

        for answer in client.run(blocks()):
            answer.done()
            counted.add(lengths.popleft())
        for answer in client.run(sftp.close(handle) for handle in handles):
            answer.done()

    def part(self, file: File) -> str:
        return part_of(joined(self._target, file.path))

    def local(self, file: File) -> Path:
        return self._root / file.path if file.path else self._root

    def _blocks(self, piece: Piece) -> Iterator[tuple[int, bytes]]:
        if not piece.length:
            return
        with self.local(piece.file).open("rb") as file:
            file.seek(piece.offset)
            at, end = piece.offset, piece.offset + piece.length
            while at < end:
                data = file.read(min(sftp.BLOCK, end - at))
                if not data:
                    raise changed(piece.file.path or str(self._root))
                yield at, data
                at += len(data)


class Downloading:
    """From `root` there to `target` here. `moved(n)` is told of bytes that have arrived."""

    def __init__(self, root: str, target: Path, moved: Callable[[int], None]) -> None:
        self._root = root
        self._target = target
        self._moved = moved

    def unit(self, client: Sftp, unit: Unit) -> None:
        """Write each piece into its file's part. Raises SftpBroken, SftpError, Refusal."""
        with _Counted(self._moved) as counted:
            self._unit(client, unit, counted)

    def _unit(self, client: Sftp, unit: Unit, counted: _Counted) -> None:
        opened = client.run(sftp.open_file(self.remote(piece.file), sftp.READ) for piece in unit)
        handles = [answer.handle() for answer in opened]
        wanted = [
            (piece, handle, offset, min(sftp.BLOCK, piece.offset + piece.length - offset))
            for piece, handle in zip(unit, handles, strict=True)
            for offset in range(piece.offset, piece.offset + piece.length, sftp.BLOCK)
        ]
        answers = client.run(sftp.read(handle, at, length) for _, handle, at, length in wanted)
        with _Parts(self.part) as parts:
            for piece in unit:
                parts.of(piece.file)
            for (piece, handle, offset, length), answer in zip(wanted, answers, strict=True):
                data = answer.data()
                while len(data) < length:  # a server may give less than was asked for
                    more = client.ask(sftp.read(handle, offset + len(data), length - len(data)))
                    block = more.data()
                    if not block:
                        raise changed(piece.file.path or self._root)
                    data += block
                _write(parts.of(piece.file), offset, data)
                counted.add(length)
        for answer in client.run(sftp.close(handle) for handle in handles):
            answer.done()

    def remote(self, file: File) -> str:
        return joined(self._root, file.path)

    def local(self, file: File) -> Path:
        return self._target / file.path if file.path else self._target

    def part(self, file: File) -> Path:
        local = self.local(file)
        return local.with_name(part_of(local.name))


class _Counted:
    """Tells of bytes as they arrive, and takes them back if their unit fails: it is done anew."""

    def __init__(self, moved: Callable[[int], None]) -> None:
        self._moved = moved
        self._sum = 0

    def __enter__(self) -> Self:
        return self

    def add(self, length: int) -> None:
        self._sum += length
        self._moved(length)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._moved(-self._sum)


class _Parts:
    """The files that a unit writes, open until its end."""

    def __init__(self, part: Callable[[File], Path]) -> None:
        self._part = part
        self._open: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def of(self, file: File) -> int:
        if file.path not in self._open:
            flags = os.O_WRONLY | os.O_CREAT | _BINARY
            self._open[file.path] = os.open(self._part(file), flags, 0o600)
        return self._open[file.path]

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)


def make_remote_folders(client: Sftp, target: str, tree: Tree) -> None:
    """Each folder after its parent; one that is there already is fine. May be repeated."""
    for path, _mode in tree.folders:
        folder = joined(target, path)
        try:
            client.ask(sftp.make_folder(folder)).done()
        except sftp.SftpError as error:
            if not _is_folder(client, folder):
                raise refused(folder, error) from error


def trim_remote_parts(client: Sftp, parts: Sequence[tuple[str, File]]) -> None:
    """Parts of an earlier, longer file are cut to size before they are hashed."""
    _all(client, [(path, sftp.set_attributes(path, size=file.size)) for path, file in parts])


def finish_upload(client: Sftp, target: str, tree: Tree, uploading: Uploading) -> None:
    """Parts take their names, modes and times; links and the folders' modes come last.

    May be repeated: what has its name already is left alone.
    """
    moving = [(uploading.part(file), joined(target, file.path), file) for file in tree.files]
    there = client.run(sftp.lstat(part) for part, _, _ in moving)
    left = [move for move, answer in zip(moving, there, strict=True) if _exists(answer)]
    _all(
        client,
        [
            (part, sftp.set_attributes(part, mode=file.mode, mtime=file.mtime))
            for part, _, file in left
        ],
    )
    renames = [(path, client.rename(part, path)) for part, path, _ in left]
    for step in range(max((len(steps) for _, steps in renames), default=0)):
        last = step == len(renames[0][1]) - 1
        _all(client, [(path, steps[step]) for path, steps in renames], may_be_missing=not last)
    for path, points_to in tree.links:
        link = joined(target, path)
        _all(client, [(link, sftp.remove(link))], may_be_missing=True)
        _all(client, [(link, sftp.make_link(link, points_to))])
    _all(
        client,
        [
            (path, sftp.set_attributes(joined(target, path), mode=mode))
            for path, mode in reversed(tree.folders)
        ],
    )


def finish_download(target: Path, tree: Tree, downloading: Downloading) -> list[str]:
    """As `finish_upload`, on this computer. The links that this system wouldn't make."""
    for file in tree.files:
        part, path = downloading.part(file), downloading.local(file)
        part.chmod(file.mode & 0o777)
        os.utime(part, (file.mtime, file.mtime))
        part.replace(path)
    left_out = []
    for below, points_to in tree.links:
        link = target / below
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(points_to)
        except OSError:  # Windows without the right to
            left_out.append(below)
    for below, mode in reversed(tree.folders):
        (target / below).chmod(mode & 0o777 | 0o700)
    return left_out


def local_hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_back(client: Sftp, path: str) -> str:
    """The SHA-256 of a file there, by reading it: where the machine has no tool that hashes."""
    digest = sha256()
    handle = client.ask(sftp.open_file(path, sftp.READ)).handle()
    size = client.ask(sftp.stat(path)).attributes().size
    at = 0
    while at < size:
        wanted = range(at, min(size, at + sftp.IN_FLIGHT * sftp.BLOCK), sftp.BLOCK)
        for offset, answer in zip(
            wanted,
            client.run(sftp.read(handle, offset, sftp.BLOCK) for offset in wanted),
            strict=True,
        ):
            data = answer.data()
            if len(data) != min(sftp.BLOCK, size - offset):
                raise sftp.SftpBroken("a read came back short")
            digest.update(data)
            at = offset + len(data)
    client.ask(sftp.close(handle)).done()
    return digest.hexdigest()


def refused(path: str, error: Exception) -> Refusal:
    return refusal(Reason.COPY_REFUSED, "copy.refused", path=shown(path), why=error)


def changed(path: str) -> Refusal:
    return refusal(Reason.SOURCE_CHANGED, "copy.changed", path=shown(path))


def _all(
    client: Sftp, requests: list[tuple[str, Request]], *, may_be_missing: bool = False
) -> None:
    answers = client.run(request for _, request in requests)
    problem: Refusal | None = None
    for (path, _), answer in zip(requests, answers, strict=True):  # all are read, come what may
        try:
            answer.done()
        except sftp.SftpError as error:
            if not (may_be_missing and error.code == sftp.NO_SUCH_FILE):
                problem = problem or refused(path, error)
    if problem is not None:
        raise problem


def _exists(answer: sftp.Answer) -> bool:
    try:
        answer.attributes()
    except sftp.SftpError as error:
        if error.code != sftp.NO_SUCH_FILE:
            raise
        return False
    return True


def _is_folder(client: Sftp, path: str) -> bool:
    try:
        return client.ask(sftp.stat(path)).attributes().mode & 0o170000 == 0o040000
    except sftp.SftpError:
        return False


def _write(descriptor: int, offset: int, data: bytes) -> None:
    os.lseek(descriptor, offset, os.SEEK_SET)
    with memoryview(data) as view:
        done = 0
        while done < len(data):
            done += os.write(descriptor, view[done:])
