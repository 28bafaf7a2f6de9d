"""A session that came with a lease: kept for the ssh that follows at once, and taken by one only."""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "first_session.json"
FRESH_SECONDS = 45
"""A StreamUrl may be signed for a minute; the connection still has to be made."""


def first_session_file(session: object, rank: int | None, *, received_at: float) -> bytes:
    """The file's content; empty if the answer has no session that could be used."""
    if not isinstance(session, dict) or rank is None:
        return b""
    kept = {name: session.get(name) for name in ("id", "stream_url", "token")}
    if not all(isinstance(value, str) and value for value in kept.values()):
        return b""
    return json.dumps(kept | {"rank": rank, "received_at": received_at}).encode()


def take_first_session(folder: str, rank: int) -> dict[str, Any] | None:
    """The session for this machine, if nobody took it before and it is fresh."""
    path = os.path.join(folder, FILE)  # noqa: PTH118 - ssh waits for it
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            session = json.load(file)
        if session["rank"] != rank:
            return None
        # Of two that read it, one removes it.
        os.unlink(path)  # noqa: PTH108
        age = time.time() - session["received_at"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return session if 0 <= age < FRESH_SECONDS else None
