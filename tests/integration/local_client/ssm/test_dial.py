"""Through a company's proxy: CONNECT first, then TLS with the service itself."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from sshq_local.ssm.dial import NotTrusted, Target, dial, parse_stream_url
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "ssmmessages.eu-west-1.amazonaws.com"


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return ca


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_SECONDS)
        yield server


class Proxy:
    """Answers one CONNECT, and is the service behind it too: `context` None = it refuses."""

    def __init__(
        self, listener: socket.socket, answer: bytes, context: ssl.SSLContext | None
    ) -> None:
        self.request = b""
        self._listener = listener
        self._answer = answer
        self._context = context
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def join(self) -> None:
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(PATIENCE_SECONDS)
            while not self.request.endswith(b"\r\n\r\n"):
                self.request += connection.recv(4096)
            connection.sendall(self._answer)
            if self._context is not None:
                # The client may break off, that is what a test wants to see.
                with (
                    suppress(OSError),
                    self._context.wrap_socket(connection, server_side=True) as secure,
                ):
                    secure.sendall(b"hello")


def target() -> Target:
    return parse_stream_url(f"wss://{HOST}/v1/data-channel/s")


def server_context(authority: trustme.CA, name: str = HOST) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize("bundle", ["argument", "AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_tls_goes_through_the_proxy_to_the_service(
    listener: socket.socket,
    authority: trustme.CA,
    tmp_path: Path,
    bundle: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = Proxy(
        listener, b"HTTP/1.1 200 Connection established\r\n\r\n", server_context(authority)
    )
    environ = {"HTTPS_PROXY": f"http://us%40er:pa%3Ass@{proxy.address}"}
    ca_file = tmp_path / "ca.pem"
    if bundle == "AWS_CA_BUNDLE":
        environ["AWS_CA_BUNDLE"] = str(ca_file)
    elif bundle == "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with closing(
        dial(
            target(),
            ca_file=ca_file if bundle == "argument" else None,
            environ=environ,
            timeout=PATIENCE_SECONDS,
        )
    ) as connection:
        assert connection.recv(5) == b"hello"
    proxy.join()
    lines = proxy.request.split(b"\r\n")
    assert lines[0] == f"CONNECT {HOST}:443 HTTP/1.1".encode()
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"us@er:pa:ss") in lines


def test_a_proxy_s_own_certificate_is_not_enough(
    listener: socket.socket, authority: trustme.CA, tmp_path: Path
) -> None:
    context = server_context(authority, "proxy.example")
    proxy = Proxy(listener, b"HTTP/1.1 200 OK\r\n\r\n", context)
    with pytest.raises(NotTrusted, match=f"certificate of {HOST} is not trusted"):
        dial(
            target(),
            ca_file=tmp_path / "ca.pem",
            environ={"HTTPS_PROXY": proxy.address},
            timeout=PATIENCE_SECONDS,
        )
    proxy.join()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Auth"),
        (b"HTTP/1.1 200 OK\r\n", "no answer"),
        (b"x" * 20_000, "no answer"),
    ],
)
def test_a_proxy_that_refuses_is_named(listener: socket.socket, answer: bytes, says: str) -> None:
    proxy = Proxy(listener, answer, None)
    with pytest.raises(ConnectionError, match=says):
        dial(
            target(), ca_file=None, environ={"HTTPS_PROXY": proxy.address}, timeout=PATIENCE_SECONDS
        )
    proxy.join()
    assert b"Proxy-Authorization" not in proxy.request


def test_a_proxy_s_address_that_makes_no_sense() -> None:
    with pytest.raises(NotTrusted, match="HTTPS_PROXY"):
        dial(
            target(), ca_file=None, environ={"HTTPS_PROXY": "socks5://p"}, timeout=PATIENCE_SECONDS
        )


def test_without_tls_on_this_computer(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    plain = parse_stream_url(f"ws://127.0.0.1:{port}/")
    with closing(dial(plain, ca_file=None, environ={}, timeout=PATIENCE_SECONDS)) as connection:
        assert not isinstance(connection, ssl.SSLSocket)


def test_an_untrusted_certificate_is_named(
    listener: socket.socket, authority: trustme.CA, tmp_path: Path
) -> None:
    stranger = trustme.CA(organization_name="Inspecting Corp")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    stranger.issue_cert("127.0.0.1", common_name="inspected").configure_cert(context)

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                assert secured.recv(1) == b"", "nothing is said to a stranger"

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    target = Target(
        secure=True, host="127.0.0.1", port=port, authority=f"127.0.0.1:{port}", path="/"
    )
    with pytest.raises(NotTrusted) as refused:
        dial(target, ca_file=tmp_path / "ca.pem", environ={}, timeout=PATIENCE_SECONDS)
    thread.join(PATIENCE_SECONDS)
    assert "CN=inspected" in str(refused.value)
    assert "Inspecting Corp" in str(refused.value)
    assert "AWS_CA_BUNDLE" in str(refused.value)
