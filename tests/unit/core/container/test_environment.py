"""The user's environment for SSH sessions, kept apart from ours."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VALUES = {
    "PLAIN": "plain",
    "QUOTES": 'it\'s "so"',
    "BACKSLASHES": 'a\\b\\\\ \\" \\',
    "HASH": "a # b",
    "SEVERAL_LINES": "one\n# env\nexport PATH=/evil\n",
    "UNICODE": "日本 ü",
}
RESOURCES = {"current_host": "algo-2", "hosts": ["algo-1", "algo-2", "algo-3"]}
ENTER = """JOB_CHANNEL=$1; SSHQ_HOME=$1/home; PLATFORM_PATH=$PATH
RANK=1; RESOURCES=$1/resourceconfig.json
load_job; keep_job_file
"""


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    facts = {
        "JOB": "sshq-x",
        "OWNER": "T/U",
        "NODES": "3",
        "ACTIVATION_CODE": "canary",
        "COMMAND": "echo 'it''s'\n# env\nexport SSHQ_JOB=other\n",
        "WAIT_SECONDS": "0",
    }
    lines = [f"SSHQ_{name}={shlex.quote(value)}" for name, value in facts.items()]
    lines += ["# env", *(f"export {k}={shlex.quote(v)}" for k, v in VALUES.items())]
    lines += ["export LD_LIBRARY_PATH=/nowhere"]
    (tmp_path / "job.env").write_text("\n".join(lines) + "\n")
    (tmp_path / "resourceconfig.json").write_text(json.dumps(RESOURCES, indent=2))
    (tmp_path / "home").mkdir()
    return tmp_path


def test_our_own_facts_are_read_without_the_users(sh: Callable[..., bytes], channel: Path) -> None:
    script = 'printf "%s|%s|%s" "$SSHQ_JOB" "$SSHQ_COMMAND" "${LD_LIBRARY_PATH-unset}"'

    job, command, library_path = sh(ENTER + script, str(channel)).decode().split("|")

    assert (job, library_path) == ("sshq-x", "unset")
    assert command == "echo 'it''s'\n# env\nexport SSHQ_JOB=other"


def test_sessions_get_every_value_that_sshd_can_carry(
    sh: Callable[..., bytes], channel: Path
) -> None:
    sh(ENTER + 'write_session_environment "$1/setenv" yes', str(channel))

    directive, *pairs = shlex.split((channel / "setenv").read_text())
    session = dict(pair.split("=", 1) for pair in pairs)

    assert directive == "SetEnv"
    assert {name: session.get(name) for name in VALUES} == VALUES | {"SEVERAL_LINES": None}
    assert (session["START_SSH"], session["SSH_INSTANCE_COUNT"]) == ("false", "2")
    assert (session["SSHQ_RANK"], session["SSHQ_NODES"]) == ("1", "3")
    assert session["SM_CURRENT_HOST"] == "algo-2"
    assert json.loads(session["SM_HOSTS"]) == RESOURCES["hosts"]
    assert session["PATH"].endswith(":" + str(channel / "home/bin"))
    assert not {"PWD", "SHLVL", "_", "SSHQ_ACTIVATION_CODE"} & session.keys()
    assert "canary" not in (channel / "setenv").read_text()


def test_what_the_platform_or_the_user_says_of_the_hosts_stays(
    sh: Callable[..., bytes], channel: Path
) -> None:
    with (channel / "job.env").open("a") as file:
        file.write("export SM_CURRENT_HOST=mine\n")

    sh(f"export SM_HOSTS=theirs\n{ENTER}write_session_environment $1/setenv yes", str(channel))

    assert ' "SM_HOSTS=theirs"' in (channel / "setenv").read_text()
    assert ' "SM_CURRENT_HOST=mine"' in (channel / "setenv").read_text()


def test_an_sshd_that_knows_no_escapes_gets_no_quotes(
    sh: Callable[..., bytes], channel: Path
) -> None:
    sh(ENTER + 'write_session_environment "$1/setenv" no', str(channel))

    line = (channel / "setenv").read_text()

    assert ' "QUOTES=' not in line
    assert ' "HASH=a # b"' in line


def test_the_script_beside_it_holds_them_all(sh: Callable[..., bytes], channel: Path) -> None:
    sh(ENTER + 'write_session_environment "$1/setenv" yes', str(channel))

    for name, value in VALUES.items():
        seen = subprocess.run(
            ["/bin/sh", "-c", f'. "$1" && printf %s "${name}"', "sh", channel / "home/env.sh"],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        assert seen.decode() == value


@pytest.mark.parametrize(
    ("version", "escapes"),
    [
        ("OpenSSH_7.4", "no"),
        ("OpenSSH_8.2", "no"),
        ("OpenSSH_8.7", "yes"),
        ("OpenSSH_9.2", "yes"),
        ("OpenSSH_10.0", "yes"),
        ("AsyncSSH_2.24.1", "yes"),
    ],
)
def test_which_sshd_understands_backslashes(
    sh: Callable[..., bytes], version: str, escapes: str
) -> None:
    assert sh('quotes_escape "$1"', version).decode().strip() == escapes
