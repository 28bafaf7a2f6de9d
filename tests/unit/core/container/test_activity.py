"""Activity: what sh can see of how busy a node is, and null for what it can't."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.records import activity_of, parse_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def facts_of(output: bytes) -> dict[str, Any]:
    record = parse_record(output.decode())
    assert record is not None
    assert record.stage == "activity"
    return record.facts


def test_a_node_tells_its_logins_bytes_and_load(sh: Callable[..., bytes], tmp_path: Path) -> None:
    # This very process stands for sshd: its one child is the shell that asks.
    (tmp_path / "sshd.pid").write_text(f"{os.getpid()}\n")

    line = sh("SSHQ_HOME=$1; activity_begin; activity", str(tmp_path))

    record = parse_record(line.decode())
    assert record is not None
    facts = activity_of(record)
    assert facts is not None
    assert facts.seconds == 0
    assert facts.logins is not None
    assert facts.logins >= 1
    assert facts.bytes is not None
    assert facts.bytes > 0
    assert facts.typing is not None
    assert facts.cpu is None or 0 <= facts.cpu <= 100
    assert facts.gpu == 0
    assert facts.load is not None


def test_without_an_ssh_server_bytes_are_unknown(sh: Callable[..., bytes], tmp_path: Path) -> None:
    facts = facts_of(sh("SSHQ_HOME=$1; activity_begin; activity", str(tmp_path)))

    assert (facts["logins"], facts["bytes"]) == (0, None)


@pytest.mark.parametrize(
    ("shown", "percent"), [("7\n93\n", b"93"), ("[N/A]\n", b"null"), ("", b"null")]
)
def test_the_busiest_gpu_counts(
    sh: Callable[..., bytes], tmp_path: Path, shown: str, percent: bytes
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{shown}'\n")
    tool.chmod(0o755)

    assert sh("PATH=$1:$PATH; gpu_percent", str(tmp_path)).strip() == percent


@pytest.mark.parametrize(
    ("then", "now", "growth"), [("5", "9", b"4"), ("9", "5", b"5"), ("", "5", b""), ("5", "", b"")]
)
def test_growth(sh: Callable[..., bytes], then: str, now: str, growth: bytes) -> None:
    assert sh('grown "$1" "$2"', then, now).strip() == growth


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("", "7", b"7"),
        ("9", "7", b"9"),
        ("7", "9", b"9"),
        ("null", "9", b"null"),
        ("9", "null", b"null"),
    ],
)
def test_of_two_samples_the_higher_counts_and_the_unknown_most(
    sh: Callable[..., bytes], one: str, other: str, both: bytes
) -> None:
    assert sh('highest "$1" "$2"', one, other).strip() == both


@pytest.mark.parametrize(
    ("grown", "connections", "left"),
    [("9000", 0, b"9000"), ("9000", 2, b"672"), ("4000", 1, b"0"), ("", 1, b"")],
)
def test_keep_alives_are_no_activity(
    sh: Callable[..., bytes], grown: str, connections: int, left: bytes
) -> None:
    """A minute's: some 68 bytes a second for each connection are taken off."""
    stand_in = 'ssh_connections() { printf "%s" "$2"; }\n'
    ids = " ".join(["4711"] * connections)
    script = stand_in.replace("$2", ids) + 'above_keep_alive "$1" 60000'
    assert sh(script, grown).strip() == left


@pytest.mark.skipif(sys.platform != "linux", reason="terminals are told apart by /proc")
def test_a_terminal_that_was_typed_at_is_seen(sh: Callable[..., bytes], tmp_path: Path) -> None:
    # A shell of its own stands for sshd; what it starts in a terminal, for a session.
    with subprocess.Popen(
        [sys.executable, "-c", SESSION], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        (tmp_path / "sshd.pid").write_text(f"{server.pid}\n")
        script = 'SSHQ_HOME=$1; terminals_used_since "$2"'

        just_now = sh(script, str(tmp_path), str(int(time.time())))
        from_soon_on = sh(script, str(tmp_path), str(int(time.time()) + 3600))
        server.communicate(b"")

    assert (just_now.strip(), from_soon_on.strip()) == (b"1", b"0")


# A terminal with a process that has read one line from it.
SESSION = """
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv("/bin/sh", ["sh", "-c", "read line; echo seen; sleep 600"])
os.write(terminal, b"typed\\n")
shown = b""
while b"seen" not in shown:
    shown += os.read(terminal, 1024)
print("typed", flush=True)
sys.stdin.read()
os.kill(pid, 9)
"""
