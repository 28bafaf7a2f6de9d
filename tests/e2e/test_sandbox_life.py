"""The sandbox comes, goes, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.e2e.conftest import SANDBOX, Sandbox, run_job


def processes(mark: str) -> list[str]:
    """Command lines that name this test's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line and str(os.getpid()) != entry.parent.name:
            found.append(line)
    return found


@pytest.fixture
def own(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, str(tmp_path / "state" / "tls" / "ca.pem"))


def test_down_leaves_no_process_and_no_port(own: Sandbox) -> None:
    assert own.run(*SANDBOX, "up", "--detach").code == 0
    own.slash("admin", "setup")
    own.click("admin", "Confirm")
    own.slash("admin", "add-user @alice")
    run_job(own)
    assert processes(str(own.folder))
    assert own.run(*SANDBOX, "down").code == 0

    own.eventually(lambda: not processes(str(own.folder)), "the end of all processes")
    status = own.run(*SANDBOX, "status")
    assert status.code == 3


def test_a_killed_supervisor_takes_its_jobs_along(own: Sandbox) -> None:
    assert own.run(*SANDBOX, "up", "--detach").code == 0
    own.slash("admin", "setup")
    own.click("admin", "Confirm")
    own.slash("admin", "add-user @alice")
    run_job(own)
    pid = json.loads(own.run(*SANDBOX, "status", "--json").out)["pid"]
    os.kill(pid, signal.SIGKILL)

    own.eventually(lambda: not processes(str(own.folder)), "the end of all processes")


def test_a_taken_port_is_said_when_it_was_asked_for(own: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = own.run(*SANDBOX, "up", "--detach", "--port", str(port))
    assert up.code == 1
    assert str(port) in up.err
    assert not processes(str(own.folder))
