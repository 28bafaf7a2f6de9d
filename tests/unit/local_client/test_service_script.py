"""The script that starts a service on a machine, in the shells that a machine may have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sshq_local
from tests.waiting import PATIENCE_SECONDS

SCRIPT = Path(str(sshq_local.__file__)).parent / "remote" / "service.sh"


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    found = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""


@pytest.mark.parametrize("shell", [("dash",), ("bash", "--posix"), ("busybox", "sh")])
def test_a_program_that_is_missing_or_ends_at_once_has_its_code(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    def started(program: str, folder: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*shell, "-s", "--", "tensorboard", "19999", program, folder],
            input=SCRIPT.read_bytes(),
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    assert started("no-such-program", "/").returncode == 127
    assert started("true", "/no/such/folder").returncode == 66
    ended = started("ls", "/")
    assert (ended.returncode, ended.stdout) == (75, b"")
    assert b"ls --help" in ended.stderr  # the last line of its log: what ls says of the option
