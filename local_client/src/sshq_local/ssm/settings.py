"""What a caller hands to the data channel: the session's access, and the knobs.

Plain classes: dataclasses would be the dearest import of a ProxyCommand's start.
"""

from __future__ import annotations

import os

from sshq_local.ssm.reliable import WINDOW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

SMALLEST_CHUNK = 1024
LARGEST_CHUNK = 256 * 1024
FILE = "data_channel.json"
"""In sshq's own folder: an editor that starts ssh has no environment of the user's making."""


class SessionAccess:
    """One SSM session: its id, the wss:// StreamUrl, and the token that opens it once."""

    __slots__ = ("id", "stream_url", "token")

    def __init__(self, id: str, stream_url: str, token: str) -> None:  # noqa: A002 (SSM's word)
        self.id = id
        self.stream_url = stream_url
        self.token = token

    def __repr__(self) -> str:
        # The StreamUrl may be presigned and the token opens the channel: neither goes into a log.
        return f"SessionAccess(id={self.id!r})"


class SessionGone(Exception):  # noqa: N818 (it is the session that is gone, not a fault)
    """Raised by `open_session` or `resume` when no retry can help; its text is for the user."""


class Settings:
    """Times are seconds, sizes bytes.

    chunk: payload of one message (32 KiB; 1 KiB is what AWS's own plugin sends).
    smallest_chunk: what is fallen back to when larger messages don't come through.
    window: payload that may be unacknowledged.
    handshake_timeout: a session whose agent says nothing for so long is given up for a fresh one.
    fresh_sessions: how many sessions are tried in all.
    ping_interval, dead_after: WebSocket pings, and how long silence may last.
    give_up_after: how long an absence may last (SSM ends an idle session at 60 minutes).
    connect_timeout: for TCP, TLS and the WebSocket's upgrade together.
    longest_backoff: between two attempts to reconnect.
    end_timeout: how long a clean end may take: half for the agent, half for the API if need be.
    hosts: more hosts that a StreamUrl may name (VPC endpoints).
    """

    __slots__ = (
        "chunk",
        "connect_timeout",
        "dead_after",
        "end_timeout",
        "fresh_sessions",
        "give_up_after",
        "handshake_timeout",
        "hosts",
        "longest_backoff",
        "ping_interval",
        "smallest_chunk",
        "window",
    )

    def __init__(
        self,
        *,
        chunk: int = 32 * 1024,
        smallest_chunk: int = 1024,
        window: int = WINDOW,
        handshake_timeout: float = 5.0,
        fresh_sessions: int = 3,
        ping_interval: float = 30.0,
        dead_after: float = 75.0,
        give_up_after: float = 55 * 60.0,
        connect_timeout: float = 10.0,
        longest_backoff: float = 15.0,
        end_timeout: float = 1.0,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self.chunk = chunk
        self.smallest_chunk = smallest_chunk
        self.window = window
        self.handshake_timeout = handshake_timeout
        self.fresh_sessions = fresh_sessions
        self.ping_interval = ping_interval
        self.dead_after = dead_after
        self.give_up_after = give_up_after
        self.connect_timeout = connect_timeout
        self.longest_backoff = longest_backoff
        self.end_timeout = end_timeout
        self.hosts = hosts


def read_settings(folder: Path | str) -> Settings:
    """The defaults, and what `folder`/data_channel.json has instead: hosts, chunk.

    Raises SessionGone, with a sentence, when that file is no good.
    """
    path = os.path.join(folder, FILE)  # noqa: PTH118 - pathlib is 3 ms of each ssh
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            content = file.read()
    except OSError:
        return Settings()
    import json  # noqa: PLC0415

    try:
        stored = json.loads(content)
        hosts, chunk = stored.get("hosts", []), stored.get("chunk", Settings().chunk)
    except (ValueError, AttributeError):
        hosts, chunk = None, 0
    if not (isinstance(hosts, list) and all(isinstance(host, str) for host in hosts)):
        raise SessionGone(f"{path} can't be read: hosts is a list of names. Mend or remove it.")
    if not (isinstance(chunk, int) and SMALLEST_CHUNK <= chunk <= LARGEST_CHUNK):
        raise SessionGone(
            f"{path} can't be read: chunk is {SMALLEST_CHUNK} to {LARGEST_CHUNK}. "
            "Mend or remove it."
        )
    return Settings(chunk=chunk, hosts=tuple(host.lower() for host in hosts))
