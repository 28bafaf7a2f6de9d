"""Which access APIs this computer has met: a ticket names its API, and could name a stranger's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sshq_local.atomic_write import write_atomically
from sshq_local.errors import Reason, refusal
from sshq_local.file_lock import locked
from sshq_local.language import text

if TYPE_CHECKING:
    from pathlib import Path

    from sshq_local.ticket import Ticket


class KnownApis:
    """path: a JSON file, host → ISO time of the first use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def admit(self, ticket: Ticket, *, accept_new: bool, now: str) -> str:
        """Let a ticket's API pass, and remember it.

        Returns a sentence to show on its first use, else "". Once one API is known, another is
        refused (Refusal) unless `accept_new`. This computer's own loopback is shown, never counted:
        the sandbox takes another port each time.
        """
        if ticket.is_loopback:
            return text("connect.sandbox", host=ticket.host)
        with locked(self._path.with_suffix(".lock")):
            known = self._read()
            if ticket.host in known:
                return ""
            if known and not accept_new:
                raise refusal(
                    Reason.UNKNOWN_API,
                    "connect.unknown-api",
                    host=ticket.host,
                    known=", ".join(sorted(known)),
                )
            write_atomically(
                self._path,
                json.dumps({**known, ticket.host: now}, indent=1, sort_keys=True).encode(),
            )
        return text("connect.first-use", host=ticket.host)

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
