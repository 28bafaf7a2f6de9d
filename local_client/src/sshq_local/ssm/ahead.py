"""A connection that is made before it is needed: while Python imports, or the access API thinks."""

from __future__ import annotations

import os
from threading import Thread

from sshq_local.ssm.dial import NotTrusted, dial

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from sshq_local.ssm.dial import Target


class Ahead:
    """Dials `target` on a thread, from now on. Whoever doesn't `take` it calls `close`."""

    def __init__(self, target: Target, *, ca_file: Path | str | None, timeout: float) -> None:
        self._target = target
        self._ca_file = ca_file
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._thread = Thread(target=self._dial, daemon=True)
        self._thread.start()

    def take(self, target: Target) -> socket.socket | None:
        """The connection, once; None if it leads elsewhere or didn't come about: dial then.

        What kept it from coming about is the second dial's to find, and to say.
        """
        if (target.host, target.port) != (self._target.host, self._target.port):
            return None
        self._thread.join()
        taken, self._socket = self._socket, None
        return taken

    def close(self) -> None:
        """Let go of a connection that nobody took. One that is still being made ends with us."""
        if not self._thread.is_alive() and self._socket is not None:
            self._socket.close()
            self._socket = None

    def _dial(self) -> None:
        try:
            self._socket = dial(
                self._target, ca_file=self._ca_file, environ=os.environ, timeout=self._timeout
            )
        except (OSError, NotTrusted):
            return
