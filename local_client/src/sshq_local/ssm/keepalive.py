"""When to ping, and when to call a silent peer dead. No clock of its own."""

from __future__ import annotations

AFTER_SLEEP = 5.0
"""Seconds that a peer has to answer after the computer slept: most such connections are dead."""


class Keepalive:
    """One connection's; `now` is monotonic seconds."""

    def __init__(self, now: float, *, ping_interval: float, dead_after: float) -> None:
        self._ping_interval = ping_interval
        self._dead_after = dead_after
        self._next_ping = now + ping_interval
        self._dead_at = now + dead_after

    def heard(self, now: float) -> None:
        """Bytes came, any bytes."""
        self._dead_at = now + self._dead_after

    def ping_is_due(self, now: float) -> bool:
        """Whether to ping now; the next one is then an interval away."""
        if now < self._next_ping:
            return False
        self._next_ping = now + self._ping_interval
        return True

    def slept(self, now: float) -> None:
        """The wall clock ran ahead of the monotonic one: the computer was asleep. Ask at once."""
        self._next_ping = now
        self._dead_at = min(self._dead_at, now + AFTER_SLEEP)

    def is_dead(self, now: float) -> bool:
        return now >= self._dead_at

    @property
    def deadline(self) -> float:
        """When to look again."""
        return min(self._next_ping, self._dead_at)
