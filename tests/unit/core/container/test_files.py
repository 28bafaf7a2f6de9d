"""Which scripts go into a job's channel, and that they hold to POSIX sh."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sshq.container
from sshq.container import startup_files
from sshq.container.files import SUMS

FOLDER = Path(sshq.container.__file__).parent


def test_the_entrypoint_and_all_that_it_reads_are_there() -> None:
    files = startup_files()

    read_in = re.findall(r'^\. "\$HERE/(.+)"$', files["start.sh"].decode(), re.MULTILINE)

    assert {"start.sh", "verb.sh", "sshq-wait.sh", *read_in, SUMS} == set(files)
    assert all(content.startswith(b"#") for name, content in files.items() if name != SUMS)


@pytest.mark.parametrize("name", ["start.sh", "verb.sh", "sshq-wait.sh"])
def test_shellcheck_finds_nothing(name: str) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"

    found = subprocess.run(
        [shellcheck, "--shell=sh", "--external-sources", f"--source-path={FOLDER}", FOLDER / name],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stdout + found.stderr == ""
