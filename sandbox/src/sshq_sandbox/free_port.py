"""A port on loopback for a process that is about to listen there."""

from __future__ import annotations

import secrets
import socket

# Below the ports that Linux (32768 on) and macOS (49152 on) give to outgoing connections: such a
# connection could take the port before the process listens.
_FIRST, _LAST = 20000, 32767


def free_port() -> int:
    """A port that nobody listens on now."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST + 1)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
