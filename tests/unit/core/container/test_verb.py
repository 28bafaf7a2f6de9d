"""verb.sh: what the bot may ask, and what it refuses."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from sshq.container import startup_files

if TYPE_CHECKING:
    from pathlib import Path


def verb(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-s", *arguments],
        input=startup_files()["verb.sh"],
        env={"PATH": "/usr/bin:/bin", "SSHQ_HOME": str(home)},
        capture_output=True,
        check=False,
    )


def test_start_and_deadline_leave_their_word(tmp_path: Path) -> None:
    assert verb(tmp_path, "start").returncode == 0
    assert verb(tmp_path, "deadline", "1800000000").returncode == 0

    assert (tmp_path / "start").exists()
    assert (tmp_path / "deadline").read_text() == "1800000000\n"


def test_keep_counts_from_now(tmp_path: Path) -> None:
    before = int(time.time())

    assert verb(tmp_path, "keep", "600").returncode == 0

    assert before + 600 <= int((tmp_path / "keep").read_text()) <= time.time() + 600


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("reboot",),
        ("deadline",),
        ("deadline", "soon"),
        ("deadline", "-1"),
        ("deadline", "1;id"),
        ("deadline", "99999999999"),
        ("keep", "$(id)"),
    ],
)
def test_anything_else_is_refused_and_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert verb(tmp_path, *arguments).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_probe_fails_while_the_ssh_server_is_not_up(tmp_path: Path) -> None:
    (tmp_path / "probe.json").write_text("{}")

    assert verb(tmp_path, "probe").returncode == 1
