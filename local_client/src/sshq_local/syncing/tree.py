"""A folder's files as they are now, and what has changed since.

By looking again, not by a watcher: 10,000 files take about 50 ms, every file system and platform does
it, and a library for it would be this package's second dependency.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NOT_SENT = (
    *(".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "*.pyc"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"),
    *(".DS_Store", "*.swp", "*~", ".*.sshq-part"),
)
"""What belongs to this computer, by name."""

Tree = dict[str, tuple[int, int]]
"""By the path from the root on, with slashes: modification time in ns, size in bytes."""


@dataclass(frozen=True)
class Changes:
    """Paths that are new or different, and paths that are gone."""

    changed: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


def scan(root: Path, excluded: Sequence[str]) -> Tree:
    """The files under `root` (links to files are files; links to folders are not followed).

    excluded: patterns for a name, or for a path from the root on. Raises OSError if `root` can't be
    read; a folder that goes meanwhile is one without files.
    """
    with os.scandir(root):
        """It is there."""
    return dict(_files(str(root), "", excluded))


def changes(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> Changes:
    """What somebody who has `before` lacks of `after`."""
    return Changes(
        changed=tuple(sorted(path for path, facts in after.items() if before.get(path) != facts)),
        gone=tuple(sorted(path for path in before if path not in after)),
    )


def _files(
    folder: str, prefix: str, excluded: Sequence[str]
) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        path = prefix + entry.name
        if any(fnmatch(entry.name, each) or fnmatch(path, each) for each in excluded):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, path + "/", excluded)
            elif entry.is_file():
                facts = entry.stat()
                yield path, (facts.st_mtime_ns, facts.st_size)
        except OSError:  # gone since it was listed
            continue
