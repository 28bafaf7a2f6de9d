"""What a copy has done so far, on disk, so that the same command goes on where it stopped."""

from __future__ import annotations

import contextlib
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING

from sshq_local.private_folder import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TextIO

    from sshq_local.copying.pieces import DoneKey

FORGET_AFTER = 7 * 24 * 3600.0
"""Seconds: jobs end, and nobody goes on with their copies."""


class Journal:
    """One copy's file: its target on the first line, then a line for each piece that is done.

    `target`: where the first run put it. Typed again, the same words would mean another place, since
    the folder exists by now.
    """

    def __init__(self, folder: Path, *, words: Iterable[str]) -> None:
        """words: what makes this copy the same one again."""
        make_private_folder(folder)
        for old in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another copy has just come to its end
                if time.time() - old.stat().st_mtime > FORGET_AFTER:
                    old.unlink()
        name = sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self.lock = folder / f"{name}.lock"
        self._path = folder / f"{name}.journal"
        self._file: TextIO | None = None
        self.target: str | None = None
        self.done: set[DoneKey] = set()

    def load(self) -> None:
        """Read what an earlier run left; a line that was cut off is no line."""
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):
            return
        first = None
        try:
            first = json.loads(lines[0]) if lines else None
            for line in lines[1:]:
                path, size, mtime, offset = json.loads(line)
                self.done.add((str(path), int(size), int(mtime), int(offset)))
        except (ValueError, TypeError):
            pass
        if isinstance(first, str):
            self.target = first
        else:
            self.done.clear()

    def begin(self, target: str) -> None:
        """Write from now on, with all that is known to be done."""
        self._file = self._path.open("w", encoding="ascii")
        self._path.chmod(0o600)
        self._write(target)
        for key in self.done:
            self._write(key)
        self._file.flush()

    def add(self, keys: Iterable[DoneKey]) -> None:
        for key in keys:
            self.done.add(key)
            self._write(key)
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """The copy is whole."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _write(self, value: object) -> None:
        if self._file is not None:
            self._file.write(json.dumps(value) + "\n")
