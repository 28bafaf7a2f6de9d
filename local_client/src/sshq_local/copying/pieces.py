"""The work, cut up: what one stripe takes at a time, and what is done already. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sshq_local.copying.tree import File

PIECE = 2 * 1024 * 1024
"""Bytes at most: some seconds at AWS's pace, so that stripes end together and little goes twice."""
SMALLEST_PIECE = 512 * 1024
"""Bytes: a piece costs two round trips of its own, so none is smaller but a file's last."""
_PIECES = 32
"""Of one file, so that every stripe has some, as far as the two limits allow."""
MOST_FILES = 32
"""Small files that go together: their round trips are shared."""

DoneKey = tuple[str, int, int, int]
"""(path, size, mtime, offset): a source that has changed makes its pieces undone."""


@dataclass(frozen=True)
class Piece:
    file: File
    offset: int
    length: int

    @property
    def key(self) -> DoneKey:
        return self.file.path, self.file.size, self.file.mtime, self.offset


Unit = tuple[Piece, ...]
"""What a stripe takes: one piece of a large file, or several small files."""


def units(files: Sequence[File], done: Collection[DoneKey]) -> Iterator[Unit]:
    """All that isn't done, in the files' order."""
    small: list[Piece] = []
    for file in files:
        for piece in _pieces(file):
            if piece.key in done:
                continue
            if file.size >= SMALLEST_PIECE:
                yield (piece,)
                continue
            if small and (
                len(small) >= MOST_FILES or sum(p.length for p in small) + piece.length > PIECE
            ):
                yield tuple(small)
                small = []
            small.append(piece)
    if small:
        yield tuple(small)


def _pieces(file: File) -> Iterator[Piece]:
    """An empty file has one empty piece: it has to be made.

    The length follows from the size alone, so that pieces are the same when the copy goes on.
    """
    length = min(PIECE, max(SMALLEST_PIECE, file.size // _PIECES))
    for offset in range(0, max(1, file.size), length):
        yield Piece(file, offset, min(length, file.size - offset))
