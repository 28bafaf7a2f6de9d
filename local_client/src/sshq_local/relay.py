"""Listen on a port of this computer, and give each connection a ProxyCommand of its own."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import subprocess
import sys
from threading import Thread
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BLOCK = 64 * 1024


def listen(port: int) -> list[socket.socket]:
    """Listeners in both of localhost's families. Raises OSError when somebody else listens there."""
    listeners: list[socket.socket] = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            listener = socket.socket(family)
            listeners.append(listener)
            if sys.platform == "linux":  # as in ports.py: it forgives what has just ended
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()
        except OSError as error:
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                for each in listeners:
                    each.close()
                raise
    return listeners


def relay(listeners: Sequence[socket.socket], command: Callable[[], Sequence[str]]) -> NoReturn:
    """Serve until KeyboardInterrupt; what is open then is ended.

    command: what carries one connection on its stdin and stdout; asked for each time.
    """
    carriers: list[subprocess.Popen[bytes]] = []
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener, selectors.EVENT_READ, listener)
        try:
            while True:
                # With a timeout, since Windows's select doesn't wake up for Ctrl-C.
                for key, _ in selector.select(timeout=0.5):
                    connection, _ = key.data.accept()
                    carriers.append(_carry(connection, command()))
                carriers = [carrier for carrier in carriers if carrier.poll() is None]
        finally:
            for carrier in carriers:
                carrier.terminate()
            for carrier in carriers:
                carrier.wait()
            for listener in listeners:
                listener.close()


def _carry(connection: socket.socket, command: Sequence[str]) -> subprocess.Popen[bytes]:
    # Pipes and threads rather than the socket itself: Windows can't pass one on as stdin.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    carrier = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    for pump in (_send, _receive):
        Thread(target=pump, args=(connection, carrier), daemon=True).start()
    return carrier


def _send(connection: socket.socket, carrier: subprocess.Popen[bytes]) -> None:
    """From the connection to the carrier; its end is the carrier's end of input."""
    with contextlib.suppress(OSError):
        while carrier.stdin and (block := connection.recv(_BLOCK)):
            carrier.stdin.write(block)
    with contextlib.suppress(OSError):
        if carrier.stdin:
            carrier.stdin.close()


def _receive(connection: socket.socket, carrier: subprocess.Popen[bytes]) -> None:
    """From the carrier to the connection, which is over when the carrier is."""
    with contextlib.suppress(OSError):
        while carrier.stdout and (block := carrier.stdout.read(_BLOCK)):
            connection.sendall(block)
    with contextlib.suppress(OSError):
        # close() alone waits for `_send`, which waits for a client that may be waiting for us.
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    if carrier.stdout:
        carrier.stdout.close()
