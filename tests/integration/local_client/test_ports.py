"""Ports that are free and ports that aren't, and connections that each get a process."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from sshq_local.ports import is_free
from sshq_local.relay import listen
from sshq_sandbox.free_port import free_port
from tests.waiting import PATIENCE_SECONDS

RELAY = """
import sys
from sshq_local.relay import listen, relay
listeners = listen(int(sys.argv[1]))
print("listening", flush=True)
echo = "import sys, os\\nwhile block := os.read(0, 100): os.write(1, block.upper())"
relay(listeners, lambda: [sys.executable, "-c", echo])
"""


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),  # noqa: S104 - another program's, for the test
        (socket.AF_INET6, "::1"),
        (socket.AF_INET6, "::"),
    ],
)
def test_a_listener_in_any_of_localhost_s_families_takes_a_port(
    family: socket.AddressFamily, address: str
) -> None:
    with socket.socket(family) as other:
        port = free_port()
        other.bind((address, port))
        other.listen()
        assert not is_free(port)
        with pytest.raises(OSError, match="in use"):
            listen(port)
    assert is_free(port)


def test_each_connection_gets_a_process_of_its_own_and_ends_with_it() -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", RELAY, str(port)], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        server.stdout.readline()
        first = socket.create_connection(("127.0.0.1", port))
        second = socket.create_connection(("::1", port))
        for connection, word in ((second, b"two"), (first, b"one")):
            connection.sendall(word)
            assert connection.recv(10) == word.upper()
        first.shutdown(socket.SHUT_WR)
        assert first.recv(10) == b""
        server.terminate()
    # What was open when it died is over too: the process behind it lost its input.
    assert second.recv(10) == b""
    for connection in (first, second):
        connection.close()


GONE = """
import sys
from sshq_local.relay import listen, relay
listeners = listen(int(sys.argv[1]))
print("listening", flush=True)
relay(listeners, lambda: [sys.executable, "-c", "pass"])
"""


def test_a_connection_ends_with_its_process_though_its_client_says_nothing() -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", GONE, str(port)], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        server.stdout.readline()
        try:
            with socket.create_connection(
                ("127.0.0.1", port), timeout=PATIENCE_SECONDS
            ) as connection:
                assert connection.recv(10) == b""
        finally:
            server.kill()
