"""One copy from beginning to end: list, move the pieces, compare hashes, give the files their names."""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sshq_local.copying import sftp
from sshq_local.copying.link import LinkLost
from sshq_local.copying.pieces import units
from sshq_local.copying.transfer import (
    Downloading,
    Uploading,
    changed,
    finish_download,
    finish_upload,
    local_hash,
    make_remote_folders,
    read_back,
    refused,
    trim_remote_parts,
)
from sshq_local.copying.tree import joined, local_tree, remote_tree, shown
from sshq_local.errors import Reason, Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sshq_local.copying.journal import Journal
    from sshq_local.copying.pieces import DoneKey, Unit
    from sshq_local.copying.places import Places
    from sshq_local.copying.sftp import Sftp
    from sshq_local.copying.stripes import Stripes
    from sshq_local.copying.tree import File, Tree

_ROUNDS = 2
"""A file whose hashes differ is copied once more, all of it."""
_HASH_ATTEMPTS = 3


@dataclass(frozen=True)
class Copied:
    """moved: bytes of this run; `size` less what an earlier one had moved. moving_seconds: what that
    took, without listing before and comparing after. check: how it was checked.

    sha256: of a single file; "" for a tree, each of whose files was checked as well.
    """

    target: str
    files: int
    size: int
    moved: int
    moving_seconds: float
    stripes: int
    healed: int
    check: str
    sha256: str
    left_out: tuple[str, ...]


class Progress:
    """What `copy` tells while it runs; the command draws it."""

    def begin(self, total: int, already: int) -> None:
        """Bytes in all, and those that an earlier run has moved."""

    def moved(self, length: int) -> None:
        """Bytes more have arrived; called from any thread."""

    def draw(self) -> None:
        """A few times a second, from the main thread."""

    def checking(self) -> None:
        """All bytes have arrived; hashes are compared."""


def copy(
    places: Places,
    stripes: Stripes,
    journal: Journal,
    *,
    count: int,
    hashes: Callable[[Sequence[str]], list[str] | None],
    progress: Progress,
) -> Copied:
    """Copy, or go on with what `journal` knows. `hashes`: as `remote_hashes`, of paths there.

    Raises Refusal, or LinkLost when no connection could be kept; the journal then holds what was done.
    """
    journal.load()
    run = _Run(places, stripes, journal, count=count, hashes=hashes, progress=progress)
    try:
        return run.upload() if places.is_upload else run.download()
    except sftp.SftpError as error:
        raise refused(places.there, error) from error
    finally:
        journal.close()
        stripes.close()


class _Run:
    def __init__(
        self,
        places: Places,
        stripes: Stripes,
        journal: Journal,
        *,
        count: int,
        hashes: Callable[[Sequence[str]], list[str] | None],
        progress: Progress,
    ) -> None:
        self._places = places
        self._stripes = stripes
        self._journal = journal
        self._count = count
        self._hashes = hashes
        self._progress = progress
        self._moved = 0
        self._moving_seconds = 0.0
        self._check = "sha256"
        self._sha256 = ""

    def upload(self) -> Copied:
        root = Path(self._places.here)
        tree = local_tree(root)
        once = self._stripes.once
        target = self._journal.target or once(
            lambda client: _remote_target(
                client, self._places.there, root.resolve().name, is_folder=tree.is_folder
            )
        )
        self._journal.begin(target)
        once(lambda client: make_remote_folders(client, target, tree))
        uploading = Uploading(root, target, self._progress.moved)
        self._journal.done = once(lambda client: self._still_there(client, tree, uploading))
        self._move(tree, uploading.unit, lambda files: self._check_upload(files, uploading))
        once(lambda client: finish_upload(client, target, tree, uploading))
        return self._copied(tree, target, tree.left_out)

    def download(self) -> Copied:
        there = self._places.there
        tree, name = self._stripes.once(
            lambda client: (remote_tree(client, there), client.ask(sftp.real_path(there)).name())
        )
        target = Path(
            self._journal.target
            or _local_target(
                Path(self._places.here), PurePosixPath(name).name, is_folder=tree.is_folder
            )
        )
        self._journal.begin(str(target.absolute()))
        for path, _mode in tree.folders:
            folder = target / path if path else target
            if path and folder.is_symlink():
                # An earlier copy may have made it, as the machine wanted it: to lead anywhere.
                raise refusal(Reason.COPY_REFUSED, "copy.through-a-link", path=shown(str(folder)))
            folder.mkdir(exist_ok=True)
        downloading = Downloading(there, target, self._progress.moved)
        parts = {file.path: downloading.part(file) for file in tree.files}
        sizes = {path: part.stat().st_size for path, part in parts.items() if part.is_file()}
        self._journal.done = _held(self._journal.done, sizes)
        self._move(tree, downloading.unit, lambda files: self._check_download(files, downloading))
        left_out = finish_download(target, tree, downloading)
        return self._copied(tree, str(target), (*tree.left_out, *left_out))

    def _copied(self, tree: Tree, target: str, left_out: tuple[str, ...]) -> Copied:
        self._journal.remove()
        return Copied(
            target=target,
            files=len(tree.files),
            size=sum(file.size for file in tree.files),
            moved=self._moved,
            moving_seconds=round(self._moving_seconds, 3),
            stripes=self._stripes.used,
            healed=self._stripes.healed,
            check=self._check,
            sha256="" if tree.is_folder else self._sha256,
            left_out=left_out,
        )

    def _still_there(self, client: Sftp, tree: Tree, uploading: Uploading) -> set[DoneKey]:
        """The journal's pieces whose part is still on the machine, long enough to hold them."""
        begun = {key[0] for key in self._journal.done}
        files = [file for file in tree.files if file.path in begun]
        sizes = {}
        answers = client.run(sftp.lstat(uploading.part(file)) for file in files)
        for file, answer in zip(files, answers, strict=True):
            try:
                sizes[file.path] = answer.attributes().size
            except sftp.SftpError:
                continue
        return _held(self._journal.done, sizes)

    def _move(
        self,
        tree: Tree,
        work: Callable[[Sftp, Unit], None],
        differing: Callable[[Sequence[File]], list[File]],
    ) -> None:
        """Move what isn't done, until the hashes agree."""
        pending: Sequence[File] = tree.files
        known = {file.path: file for file in tree.files}
        self._journal.done = {
            key
            for key in self._journal.done
            if (file := known.get(key[0])) and key[1:3] == (file.size, file.mtime)
        }
        for _ in range(_ROUNDS):
            left = list(units(pending, self._journal.done))
            to_move = sum(piece.length for unit in left for piece in unit)
            total = sum(file.size for file in pending)
            self._progress.begin(total, total - to_move)

            def do(client: Sftp, unit: Unit) -> None:
                work(client, unit)
                self._journal.add(piece.key for piece in unit)

            began = time.monotonic()
            self._stripes.run(left, do, count=self._count, watch=self._progress.draw)
            self._moving_seconds += time.monotonic() - began
            self._moved += to_move
            self._progress.checking()
            pending = differing(pending)
            if not pending:
                return
            bad = {file.path for file in pending}
            self._journal.done = {key for key in self._journal.done if key[0] not in bad}
        paths = ", ".join(shown(file.path or self._places.source) for file in pending[:3])
        raise refusal(Reason.HASH_DIFFERS, "copy.differs", paths=paths)

    def _check_upload(self, files: Sequence[File], uploading: Uploading) -> list[File]:
        parts = [(uploading.part(file), file) for file in files]
        self._stripes.once(lambda client: trim_remote_parts(client, parts))
        return self._differing(files, [part for part, _ in parts], uploading.local)

    def _check_download(self, files: Sequence[File], downloading: Downloading) -> list[File]:
        for file in files:
            os.truncate(downloading.part(file), file.size)
        return self._differing(
            files, [downloading.remote(file) for file in files], downloading.part
        )

    def _differing(
        self, files: Sequence[File], there: Sequence[str], here: Callable[[File], Path]
    ) -> list[File]:
        if not files:
            return []
        with ThreadPoolExecutor(1) as pool:
            ours = pool.map(local_hash, [here(file) for file in files])
            theirs = self._remote_hashes(there)
            pairs = list(zip(files, ours, theirs, strict=True))
        if self._places.is_upload:
            for file in files:
                facts = here(file).stat()
                if (facts.st_size, int(facts.st_mtime)) != (file.size, file.mtime):
                    raise changed(str(here(file)))
        self._sha256 = pairs[0][1]
        return [file for file, our, their in pairs if our != their]

    def _remote_hashes(self, paths: Sequence[str]) -> list[str]:
        for attempt in range(1, _HASH_ATTEMPTS + 1):
            try:
                found = self._hashes(paths)
            except LinkLost:
                if attempt == _HASH_ATTEMPTS:
                    raise
            else:
                if found is not None:
                    return found
                break
        self._check = "read back"
        return [self._stripes.once(partial(read_back, path=path)) for path in paths]


def _remote_target(client: Sftp, typed: str, name: str, *, is_folder: bool) -> str:
    try:
        mode = client.ask(sftp.stat(typed)).attributes().mode
    except sftp.SftpError as error:
        if error.code != sftp.NO_SUCH_FILE:
            raise refused(typed, error) from error
        if typed.endswith("/") and not is_folder:
            raise _no_folder(typed) from error
        return typed.rstrip("/") or "/"
    if stat.S_ISDIR(mode):
        return joined(typed, name)
    if is_folder:
        raise _in_the_way(typed)
    return typed


def _local_target(typed: Path, name: str, *, is_folder: bool) -> Path:
    if typed.is_dir():
        return typed / name
    if is_folder and typed.exists():
        raise _in_the_way(str(typed))
    if not typed.absolute().parent.is_dir():
        raise _no_folder(str(typed.parent))
    return typed


def _no_folder(path: str) -> Refusal:
    return refusal(Reason.NO_SUCH_FILE, "copy.no-folder", path=shown(path))


def _in_the_way(path: str) -> Refusal:
    return refusal(Reason.COPY_REFUSED, "copy.in-the-way", path=shown(path))


def _held(done: Iterable[DoneKey], sizes: Mapping[str, int]) -> set[DoneKey]:
    """The pieces that lie in a part which is still there and long enough (`sizes`: by path)."""
    return {key for key in done if (size := sizes.get(key[0], -1)) > key[3] or size == key[3] == 0}
