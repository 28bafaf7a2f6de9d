from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sshq_local.copying.journal import FORGET_AFTER, Journal

if TYPE_CHECKING:
    from pathlib import Path


def test_old_copies_are_forgotten_and_one_that_ends_meanwhile_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "ended.journal").symlink_to(tmp_path / "nowhere")  # listed, and gone when looked at
    (tmp_path / "old.journal").touch()
    (tmp_path / "new.journal").touch()
    now = (tmp_path / "new.journal").stat().st_mtime
    os.utime(tmp_path / "old.journal", (now, now - FORGET_AFTER - 60))

    Journal(tmp_path, words=("a", "b"))

    assert not (tmp_path / "old.journal").exists()
    assert (tmp_path / "new.journal").exists()
