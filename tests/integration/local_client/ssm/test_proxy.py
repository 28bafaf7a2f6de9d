"""The shell over real sockets and pipes: it survives what connections do, and it ends cleanly."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

import pytest

from sshq_local.ssm.proxy import run
from sshq_local.ssm.settings import Settings
from tests.integration.local_client.ssm.loopback_service import LoopbackService
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def patient(**more: Any) -> Settings:
    """Quick to come back, and with time for a slow machine's handshake and end."""
    usual = {"handshake_timeout": PATIENCE_SECONDS, "end_timeout": 2 * PATIENCE_SECONDS}
    return Settings(**{"longest_backoff": 0.05, **usual, **more})


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LoopbackService]:
    with LoopbackService(tmp_path) as running:
        yield running


class Tunnel:
    """`run` on a thread, between two pipes: what ssh sees of its ProxyCommand."""

    def __init__(self, service: LoopbackService, settings: Settings | None = None) -> None:
        self._service = service
        self._settings = settings or patient()
        self._stdin, self.write_fd = os.pipe()
        self.read_fd, self._stdout = os.pipe()
        self.code: int | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        for fd in (self._stdin, self.read_fd, self._stdout):
            os.close(fd)

    def _run(self) -> None:
        self.code = run(
            self._service.open_session,
            self._service.resume,
            end=self._service.end,
            ca_file=self._service.ca_file,
            stdin_fd=self._stdin,
            stdout_fd=self._stdout,
            settings=self._settings,
        )

    def say(self, data: bytes) -> None:
        with memoryview(data) as view:
            done = 0
            while done < len(data):
                done += os.write(self.write_fd, view[done:])

    def hear(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            part = os.read(self.read_fd, 1 << 16)
            assert part
            data += part
        return bytes(data)

    def hang_up(self) -> None:
        """stdin's end; again is nothing."""
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    def exit_code(self) -> int | None:
        self._thread.join(PATIENCE_SECONDS)
        return self.code


def test_bytes_go_through_and_the_end_is_told_to_the_agent(service: LoopbackService) -> None:
    with Tunnel(service) as tunnel:
        tunnel.say(b"SSH-2.0-client\r\n\n")
        assert tunnel.hear(17) == b"SSH-2.0-client\r\n\n"
        tunnel.hang_up()
        assert tunnel.exit_code() == 0
    session = service.sessions["s-1"]
    assert session.agent.terminated
    assert session.agent.tokens == ["token-1"]
    assert service.ended == [], "nobody else had to end it"


def test_nothing_is_lost_while_the_socket_is_torn_again_and_again(tmp_path: Path) -> None:
    data = random.Random(7).randbytes(2 * 1024 * 1024)  # noqa: S311
    with LoopbackService(tmp_path, cut_every=61) as service, Tunnel(service) as tunnel:
        writer = threading.Thread(target=tunnel.say, args=(data,))
        writer.start()
        assert tunnel.hear(len(data)) == data
        writer.join(PATIENCE_SECONDS)
        tunnel.hang_up()
        assert tunnel.exit_code() == 0
        assert service.sessions["s-1"].connections > 3
        assert len(service.sessions) == 1


def test_the_hourly_goodbye_goes_unnoticed(service: LoopbackService) -> None:
    with Tunnel(service) as tunnel:
        tunnel.say(b"before")
        assert tunnel.hear(6) == b"before"
        service.bye("s-1")
        tunnel.say(b"after")
        assert tunnel.hear(5) == b"after"
        assert service.sessions["s-1"].agent.tokens == ["token-1", "token-2"]


def test_a_peer_that_says_nothing_is_left(service: LoopbackService) -> None:
    settings = patient(ping_interval=0.1, dead_after=0.3)
    with Tunnel(service, settings) as tunnel:
        tunnel.say(b"before")
        assert tunnel.hear(6) == b"before"
        service.be_deaf()
        tunnel.say(b"after")
        service.wait_for(lambda: service.sessions["s-1"].connections > 1)
        service.hear_again()
        assert tunnel.hear(5) == b"after"


def test_a_session_without_a_handshake_is_replaced(tmp_path: Path) -> None:
    # On a slow machine the next one may be too late as well: then another takes over.
    settings = Settings(handshake_timeout=0.5, fresh_sessions=100)
    with LoopbackService(tmp_path, silent=1) as service, Tunnel(service, settings) as tunnel:
        tunnel.say(b"held")
        assert tunnel.hear(4) == b"held"
        *given_up, last = service.sessions
        assert service.ended == given_up
        assert given_up[0] == "s-1"
        assert bytes(service.sessions[last].agent.received) == b"held"
        assert service.received("s-1") == 0


def test_no_session_ever_shakes_hands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(handshake_timeout=0.1, fresh_sessions=2)
    with LoopbackService(tmp_path, silent=9) as service, Tunnel(service, settings) as tunnel:
        assert tunnel.exit_code() == 255
        assert service.ended == ["s-1", "s-2"]
    assert capsys.readouterr().err == (
        "sshq-local: The node's agent didn't answer the new session.\n"
    )


def test_the_service_s_last_words_are_shown(
    service: LoopbackService, capsys: pytest.CaptureFixture[str]
) -> None:
    with Tunnel(service) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        service.close_channel("s-1", "The session was \x1b[31mended by an administrator.")
        assert tunnel.exit_code() == 255
    assert capsys.readouterr().err == (
        "sshq-local: The session was  [31mended by an administrator.\n"
    )


def test_the_server_s_end_is_a_clean_one(service: LoopbackService) -> None:
    with Tunnel(service) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        service.close_channel("s-1", "")
        assert tunnel.exit_code() == 0


def test_a_session_that_is_gone_ends_it_at_once(
    service: LoopbackService, capsys: pytest.CaptureFixture[str]
) -> None:
    with Tunnel(service) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        service.gone = True
        service.cut("s-1")
        assert tunnel.exit_code() == 255
    assert "has ended on the service's side" in capsys.readouterr().err


def test_an_absence_has_an_end(
    service: LoopbackService, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = patient(give_up_after=0.3)
    service.unreachable = True
    with Tunnel(service, settings) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        service.cut("s-1")
        assert tunnel.exit_code() == 255
        assert service.ended == ["s-1"]
    assert "network is unreachable" in capsys.readouterr().err


def test_hanging_up_while_the_network_is_gone_ends_the_session_by_api(
    service: LoopbackService,
) -> None:
    service.unreachable = True
    with Tunnel(service) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        service.cut("s-1")
        assert service.asked.wait(PATIENCE_SECONDS)
        tunnel.hang_up()
        assert tunnel.exit_code() == 0
        assert service.ended == ["s-1"]


def test_a_writer_that_is_gone_is_seen_behind_a_full_window(service: LoopbackService) -> None:
    settings = patient(window=64 * 1024)
    service.unreachable = True
    with Tunnel(service, settings) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        service.cut("s-1")
        assert service.asked.wait(PATIENCE_SECONDS)
        # Two blocks are taken (the window, and one read ahead); this one stays in the pipe.
        tunnel.say(bytes(3 * 64 * 1024))
        tunnel.hang_up()
        assert tunnel.exit_code() == 0
        assert service.ended == ["s-1"]


def test_a_reader_that_is_gone_ends_it(service: LoopbackService) -> None:
    with Tunnel(service) as tunnel:
        tunnel.say(b"x")
        assert tunnel.hear(1) == b"x"
        os.close(tunnel.read_fd)
        tunnel.say(b"nobody hears the echo")
        assert tunnel.exit_code() == 0
        tunnel.read_fd = os.dup(tunnel.write_fd)
        assert service.sessions["s-1"].agent.terminated


def test_a_refused_start_is_said(
    service: LoopbackService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.refusal = "The lease has ended. Ask for a new ticket."
    with Tunnel(service) as tunnel:
        assert tunnel.exit_code() == 255
    assert capsys.readouterr().err == "sshq-local: The lease has ended. Ask for a new ticket.\n"


def test_a_certificate_of_another_authority_is_refused(
    service: LoopbackService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    service.ca_file = LoopbackService(other).ca_file
    with Tunnel(service) as tunnel:
        assert tunnel.exit_code() == 255
    error = capsys.readouterr().err
    assert "The certificate of 127.0.0.1 is not trusted" in error
    assert "AWS_CA_BUNDLE" in error


def test_a_slow_reader_holds_the_writer_back_and_loses_nothing(service: LoopbackService) -> None:
    data = random.Random(8).randbytes(16 * 1024 * 1024)  # noqa: S311
    with Tunnel(service) as tunnel:
        writer = threading.Thread(target=tunnel.say, args=(data,))
        writer.start()
        # Nothing is read until the echo is more than pipes and sockets hold.
        service.wait_for(lambda: service.received("s-1") > 3 * 1024 * 1024)
        assert tunnel.hear(len(data)) == data
        writer.join(PATIENCE_SECONDS)


CHILD = """
import sys
from pathlib import Path
from sshq_local.ssm.proxy import run
from sshq_local.ssm.settings import SessionAccess, Settings
access = SessionAccess(*sys.argv[2:5])
def resume(session_id):
    raise OSError("not in this test")
sys.exit(run(lambda: access, resume, end=None, ca_file=Path(sys.argv[1]), stdin_fd=0,
             stdout_fd=1, settings=Settings(handshake_timeout=60, end_timeout=60)))
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_the_session_as_cleanly_as_the_end_of_stdin(
    service: LoopbackService, number: str
) -> None:
    access = service.open_session()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, service.ca_file, access.id, access.stream_url, access.token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"hello")
        child.stdin.flush()
        assert child.stdout.read(5) == b"hello"
        child.send_signal(getattr(signal, number))
        _, error = child.communicate(timeout=PATIENCE_SECONDS)
    finally:
        child.kill()
        child.wait()
    assert (child.returncode, error) == (0, b"")
    assert service.sessions[access.id].agent.terminated
