"""Which ports of this computer are free."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys

_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def port_number(typed: str) -> int:
    """Raises ValueError for what is no port's number."""
    port = int(typed)
    if not 0 < port < 65536:
        raise ValueError(typed)
    return port


def is_free(port: int) -> bool:
    """Whether we could listen there, in both of localhost's families.

    Both, since a browser that is sent to localhost may well try ::1, and meet somebody else there.
    """
    return all(_can_bind(family, address, port) for family, address in _LOOPBACKS)


def _can_bind(family: socket.AddressFamily, address: str, port: int) -> bool:
    with contextlib.closing(socket.socket(family)) as probe:
        if sys.platform == "linux":
            # Elsewhere this would take a port from under another program; here it only forgives
            # connections that have just ended, as ssh itself does.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            # A computer without IPv6 has nobody listening there.
            return error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    return True
