"""`Prefer` (RFC 7240): what a client would like. A server that doesn't know it passes it over."""

from __future__ import annotations

import re

_SESSION = re.compile(r"(?:^|[,;\s])sshq-session=([0-9]{1,2})(?=$|[,;\s])")


def session_rank(prefer: str) -> int | None:
    """The rank of the node on which a session is preferred with the lease: `sshq-session=0`."""
    found = _SESSION.search(prefer)
    return int(found[1]) if found else None
