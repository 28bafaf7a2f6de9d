"""What a caller hands to the data channel: the session's access, and the knobs.

Plain classes: dataclasses would be the dearest import of a ProxyCommand's start.
"""

from __future__ import annotations

from sshq_local.ssm.reliable import WINDOW


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
        "window",
    )

    def __init__(
        self,
        *,
        chunk: int = 32 * 1024,
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
