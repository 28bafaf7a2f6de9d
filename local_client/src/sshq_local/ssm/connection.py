"""One WebSocket on one socket: never blocks once it is open."""

from __future__ import annotations

import ssl
from os import urandom

from sshq_local.ssm.dial import dial, parse_stream_url
from sshq_local.ssm.websocket import Binary, Closed, UpgradeRefused, WebSocket, WebSocketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sshq_local.ssm.ahead import Ahead
    from sshq_local.ssm.dial import Target

_READ = 256 * 1024
_WRITE = 256 * 1024
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ConnectionLost(Exception):  # noqa: N818 (it happens every hour)
    """The WebSocket is over; the text says how."""


class Connection:
    """A data channel's WebSocket, upgraded. Made by `connect`."""

    def __init__(self, connection: socket.socket, websocket: WebSocket) -> None:
        self.socket = connection
        self._websocket = websocket
        self._outgoing = bytearray()

    def send(self, message: str | bytes) -> None:
        """Queue a message; `flush` puts it on the wire."""
        self._websocket.send(message)

    def ping(self) -> None:
        self._websocket.ping()

    def flush(self) -> bool:
        """Write what the socket takes. True when all is out. Raises ConnectionLost."""
        self._outgoing += self._websocket.take_bytes()
        try:
            while self._outgoing:
                with memoryview(self._outgoing) as view, view[:_WRITE] as part:
                    sent = self.socket.send(part)
                del self._outgoing[:sent]
        except _NOT_NOW:
            return False
        except OSError as error:
            raise ConnectionLost(str(error)) from error
        return True

    @property
    def has_more(self) -> bool:
        """Whether TLS holds bytes that a selector doesn't see."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def receive(self) -> Iterator[bytes]:
        """Binary messages out of one read. Raises ConnectionLost, after the last of them."""
        try:
            data = self.socket.recv(_READ)
        except _NOT_NOW:
            return
        except OSError as error:
            raise ConnectionLost(str(error)) from error
        if not data:
            raise ConnectionLost("the service closed the connection")
        try:
            for event in self._websocket.receive(data):
                if isinstance(event, Binary):
                    yield event.payload
                elif isinstance(event, Closed):
                    raise ConnectionLost(f"the service closed the WebSocket ({event.code})")
        except WebSocketError as error:
            raise ConnectionLost(str(error)) from error

    def close(self) -> None:
        """Say goodbye if the socket takes it at once, and close."""
        self._websocket.close()
        try:
            self.flush()
        except ConnectionLost:
            pass
        finally:
            self.socket.close()


def connect(
    stream_url: str,
    *,
    hosts: tuple[str, ...],
    ca_file: Path | str | None,
    environ: Mapping[str, str],
    timeout: float,
    ahead: Ahead | None = None,
) -> tuple[Connection, list[bytes]]:
    """(the open connection, messages that came with the upgrade's answer).

    ahead: a connection that may be there already; where it is no good, another one is made.

    Raises OSError (try again), UpgradeRefused, WebSocketError or NotTrusted. Blocks for at most
    `timeout` seconds a step.
    """
    target = parse_stream_url(stream_url, hosts=hosts)
    plain = ahead.take(target) if ahead is not None else None
    if plain is not None:
        try:
            return _upgraded(plain, target)
        except (OSError, UpgradeRefused) as error:
            if isinstance(error, UpgradeRefused) and error.status:
                raise  # an answer: asking anew would get the same one
    plain = dial(target, ca_file=ca_file, environ=environ, timeout=timeout)
    return _upgraded(plain, target)


def _upgraded(plain: socket.socket, target: Target) -> tuple[Connection, list[bytes]]:
    websocket = WebSocket(host=target.authority, target=target.path, random=urandom)
    try:
        early = _upgrade(plain, websocket)
        plain.setblocking(False)
    except BaseException:
        plain.close()
        raise
    return Connection(plain, websocket), early


def _upgrade(plain: socket.socket, websocket: WebSocket) -> list[bytes]:
    plain.sendall(websocket.take_bytes())
    while True:
        data = plain.recv(_READ)
        if not data:
            raise UpgradeRefused(0, "the server closed without an answer")
        events = list(websocket.receive(data))
        if events:
            return [event.payload for event in events if isinstance(event, Binary)]
