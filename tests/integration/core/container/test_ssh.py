"""Who gets in, and what works once inside: with OpenSSH's sshd and with the sandbox's own."""

from __future__ import annotations

import hashlib
import os
import pty
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = 'it\'s "100%" #x \\ $HOME `id` \\" end\\'


@pytest.fixture
def container(make_container: Callable[..., Any], server: str) -> Any:
    container = make_container(
        server=server, env={"HOSTILE": HOSTILE, "CREDENTIALS": "/v2/credentials/1"}
    )
    container.start()
    container.ready()
    return container


def test_a_certificate_for_this_job_gets_in_and_sees_the_jobs_environment(
    container: Any, authority: Any, tmp_path: Path
) -> None:
    identity = authority.identity(tmp_path / "alice", "the-job")

    answer = container.ssh(identity, 'printf %s "$HOSTILE"; echo "$CREDENTIALS" >&2; exit 7')

    assert (answer.returncode, answer.stdout) == (7, HOSTILE)
    assert answer.stderr == "/v2/credentials/1\n"


@pytest.mark.parametrize(
    ("principal", "valid"),
    [("another-job", (-60, 600)), ("root", (-60, 600)), ("the-job", (-600, -60))],
    ids=["other principal", "login name as principal", "expired"],
)
def test_another_certificate_is_refused(
    container: Any, authority: Any, tmp_path: Path, principal: str, valid: tuple[int, int]
) -> None:
    answer = container.ssh(authority.identity(tmp_path / "bob", principal, valid), "true")

    assert answer.returncode == 255
    assert "Permission denied (publickey)" in answer.stderr


def test_another_ca_or_a_bare_key_is_refused(
    container: Any, authority: Any, tmp_path: Path
) -> None:
    stranger = type(authority)().identity(tmp_path / "mallory", "the-job")
    bare = authority.identity(tmp_path / "bare", "the-job")
    (bare.parent / "id_ed25519-cert.pub").unlink()

    for identity in (stranger, bare):
        assert "Permission denied (publickey)" in container.ssh(identity, "true").stderr


def test_files_are_copied_both_ways(container: Any, authority: Any, tmp_path: Path) -> None:
    options = container.client_options(authority.identity(tmp_path / "alice", "the-job"))
    here, there, back = tmp_path / "here", container.folder / "there", tmp_path / "back"
    here.write_bytes(os.urandom(3_000_000))
    inside = f"127.0.0.1:{there}"

    subprocess.run(["scp", "-q", *options, str(here), inside], check=True, timeout=PATIENCE_SECONDS)
    subprocess.run(["scp", "-q", *options, inside, str(back)], check=True, timeout=PATIENCE_SECONDS)

    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(here.read_bytes()).digest()


def test_input_flows_through_a_command(container: Any, authority: Any, tmp_path: Path) -> None:
    options = container.client_options(authority.identity(tmp_path / "alice", "the-job"))
    content = os.urandom(1_000_000)

    answer = subprocess.run(
        ["ssh", *options, "127.0.0.1", "cat"],
        input=content,
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )

    assert answer.stdout == content


def test_a_port_is_forwarded(container: Any, authority: Any, tmp_path: Path) -> None:
    identity = authority.identity(tmp_path / "alice", "the-job")
    # The node's own SSH server is what there is to reach: its banner comes through -W.
    answer = container.ssh(identity, "-W", f"127.0.0.1:{container.port}")

    assert answer.stdout.startswith("SSH-2.0-")


def test_a_shell_has_a_terminal(container: Any, authority: Any, tmp_path: Path) -> None:
    options = container.client_options(authority.identity(tmp_path / "alice", "the-job"))
    master, slave = pty.openpty()
    ssh = subprocess.Popen(
        ["ssh", "-tt", *options, "127.0.0.1"], stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    os.write(master, b"tty && stty size && exit 5\n")
    shown = b""
    while True:
        try:
            shown += os.read(master, 65_536)
        except OSError:
            break
    os.close(master)

    assert ssh.wait(PATIENCE_SECONDS) == 5, shown
    assert b"/dev/pts/" in shown
