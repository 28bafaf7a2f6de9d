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

    scripts = {name for name in files if name.endswith(".sh")}
    assert {"start.sh", "verb.sh", "sshq-wait.sh", *read_in} == scripts
    assert all(files[name].startswith(b"#") for name in scripts)
    server = {
        f"ssh_server/{name}.py" for name in ("__init__", "__main__", "server", "session", "unpack")
    }
    assert set(files) - scripts == {*server, SUMS}


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


def test_the_main_process_parses_no_command_substitution_of_the_newer_form() -> None:
    """Bash 5.2 loses a signal meanwhile (once in some hundred stops of the first second)."""
    before, main = startup_files()["start.sh"].decode().split("\nmain() {\n")

    assert not re.search(r"^ *trap ", before, re.MULTILINE)
    assert "`" in main
    assert re.findall(r".*\$\((?!\().*", main) == []
