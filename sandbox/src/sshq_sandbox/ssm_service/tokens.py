"""Tokens of the message service: each opens one channel once, within a short time."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    Channel = Literal["control", "agent", "client"]


@dataclass(frozen=True)
class Grant:
    """What a token opens: the control channel of a node, or one end of a session."""

    channel: Channel
    subject: str


class Tokens:
    """Thread-safe. `clock` gives seconds that only grow."""

    def __init__(self, lifetime: float, clock: Callable[[], float]) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._grants: dict[str, tuple[Grant, float]] = {}
        self._lock = threading.Lock()

    def issue(self, channel: Channel, subject: str) -> str:
        token = secrets.token_urlsafe(96)
        now = self._clock()
        with self._lock:
            stale = [key for key, (_, expires) in self._grants.items() if expires <= now]
            for key in stale:
                del self._grants[key]
            self._grants[token] = (Grant(channel, subject), now + self._lifetime)
        return token

    def set_lifetime(self, seconds: float) -> None:
        """Of tokens issued from now on."""
        self._lifetime = seconds

    def expire_all(self) -> None:
        """Every token that was issued so far opens nothing any more."""
        with self._lock:
            self._grants.clear()

    def redeem(self, token: str) -> Grant | None:
        """What the token opens, or None if it is unknown, spent or expired."""
        with self._lock:
            grant, expires = self._grants.pop(token, (None, 0.0))
        return grant if expires > self._clock() else None
