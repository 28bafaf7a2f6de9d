"""Completion as the shells themselves do it. (PowerShell isn't to be had here: its text is looked at.)"""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.cli import COMMANDS
from sshq_local.completion import SHELLS, described, script
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = ["sshq-alice-gpu-abcdefgh", "sshq-alice-gpu-abcdefgh-1"]


def need(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} isn't installed")


@pytest.fixture
def complete(tmp_path: Path) -> Any:
    """What a shell offers for a line whose end is where Tab is pressed."""
    ours = tmp_path / "bin" / "sshq-local"
    ours.parent.mkdir()
    names = " ".join(MACHINES)
    ours.write_text(f'#!/bin/sh\n[ "$1 $2" = "ls --names" ] && printf "%s\\n" {names}\n')
    ours.chmod(0o700)
    environ = {"PATH": f"{ours.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}

    def ask(shell: str, line: str) -> list[str]:
        need(shell)
        file = tmp_path / f"completion.{shell}"
        file.write_text(script(shell))
        command = {"bash": _in_bash, "fish": _in_fish}[shell](str(file), line)
        done = subprocess.run(
            command,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        return done.stdout.split()

    return ask


def _in_bash(file: str, line: str) -> list[str]:
    words = line.split(" ")
    return [
        "bash",
        "-c",
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _sshq_local; echo "${COMPREPLY[*]}"',
        file,
        *words,
    ]


def _in_fish(file: str, line: str) -> list[str]:
    return ["fish", "--no-config", "-c", f"source {file}; complete -C '{line}' | cut -f1"]


BY_SOURCE = "autoload -Uz compinit; compinit -u -D; source {folder}/completion.zsh"
BY_FPATH = "fpath+={folder}; autoload -Uz compinit; compinit -u -D"


def in_zsh(folder: Path, line: str, becomes: str, *, load: str = BY_SOURCE) -> bool:
    """Whether a zsh on a terminal makes `becomes` of a line and its first Tab."""
    need("zsh")
    child, terminal = pty.fork()
    if child == 0:
        environ = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "dumb",
        }
        os.execvpe("zsh", ["zsh", "-f", "-i"], environ)  # noqa: S606
    try:
        # Spelt in two, so that the echo of what is typed isn't taken for it.
        os.write(terminal, f"{load.format(folder=folder)}; print REA''DY\n".encode())
        assert _read_until(terminal, b"READY")
        os.write(terminal, line.encode() + b"\t")
        return _read_until(terminal, becomes.encode())
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def _read_until(terminal: int, wanted: bytes) -> bool:
    seen = b""
    while wanted not in seen:
        if not select.select([terminal], [], [], PATIENCE_SECONDS)[0]:
            return False
        seen += os.read(terminal, 4096)
    return True


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_command_is_completed(complete: Any, shell: str) -> None:
    assert "doctor" in complete(shell, "sshq-local doc")


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_machines_are_completed_where_a_job_is_wanted(complete: Any, shell: str) -> None:
    assert set(MACHINES) <= set(complete(shell, "sshq-local status "))
    assert not set(MACHINES) & set(complete(shell, "sshq-local version "))


def test_zsh_completes_commands_options_and_machines(complete: Any, tmp_path: Path) -> None:
    (tmp_path / "completion.zsh").write_text(script("zsh"))
    assert in_zsh(tmp_path, "sshq-local doc", "sshq-local doctor ")
    assert in_zsh(tmp_path, "sshq-local status sshq-al", f"sshq-local status {MACHINES[0]}")
    assert in_zsh(tmp_path, "sshq-local connect --no-s", "sshq-local connect --no-shell ")
    assert in_zsh(tmp_path, "sshq-local completion fi", "sshq-local completion fish ")


def test_the_first_tab_completes_where_zsh_finds_the_script_by_itself(tmp_path: Path) -> None:
    (tmp_path / "_sshq-local").write_text(script("zsh"))
    assert in_zsh(tmp_path, "sshq-local doc", "sshq-local doctor ", load=BY_FPATH)


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_options_and_shells_are_completed(complete: Any, shell: str) -> None:
    assert {"--no-shell", "--json"} <= set(complete(shell, "sshq-local connect --"))
    assert set(SHELLS) <= set(complete(shell, "sshq-local completion "))


def test_nothing_of_ours_is_offered_after_two_dashes(complete: Any) -> None:
    assert not set(complete("bash", "sshq-local exec job -- --")) - {""}


def test_powershell_knows_every_command_and_option() -> None:
    text = script("powershell")
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")
    assert text.count("'") % 2 == 0
    for command in COMMANDS:
        assert f"'{command}' = " in text
        for option in described(command).options:
            assert any(f"'{name}' = " in text for name in option.names)
