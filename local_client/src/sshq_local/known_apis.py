"""Which access APIs this computer has met: a ticket names its API, and could name a stranger's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sshq_local.atomic_write import write_atomically
from sshq_local.errors import Reason, Refusal
from sshq_local.file_lock import locked

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
            return f"The access API is on this computer: {ticket.host} (a sandbox)."
        with locked(self._path.with_suffix(".lock")):
            known = self._read()
            if ticket.host in known:
                return ""
            if known and not accept_new:
                raise Refusal(
                    Reason.UNKNOWN_API,
                    f"The ticket names the access API {ticket.host}, which this computer has never "
                    f"used. It knows: {', '.join(sorted(known))}. A ticket from a stranger could "
                    "lead you to the stranger's machine.",
                    "If your team really has a second sshq there, say so: "
                    "sshq-local connect --accept-api <ticket>",
                )
            write_atomically(
                self._path,
                json.dumps({**known, ticket.host: now}, indent=1, sort_keys=True).encode(),
            )
        return f"First use of the access API {ticket.host}: remembered."

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
