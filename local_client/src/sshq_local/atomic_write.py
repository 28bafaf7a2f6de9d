"""Replace a file in one step: a reader, or a crash at any moment, finds the old file or the new."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write `data` to `path`; the file has `mode` from its first byte on. Symlinks are replaced."""
    temporary = path.with_name(f".{path.name}.sshq-{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)  # exactly, whatever the umask is
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def remove_left_overs(path: Path) -> None:
    """Remove what a `write_atomically` to `path` left when it was killed; hold the file's lock."""
    for left in path.parent.glob(f".{path.name}.sshq-*"):
        left.unlink(missing_ok=True)
