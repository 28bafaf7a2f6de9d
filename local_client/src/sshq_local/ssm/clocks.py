"""Time while a computer may sleep: the monotonic clock stands still, the wall clock doesn't."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SLEEP = 10.0
"""Seconds by which the wall clock must outrun the monotonic one between two looks."""


class Clocks:
    """`monotonic()` and `wall()` give seconds, as time.monotonic and time.time do."""

    def __init__(self, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._offset = wall() - monotonic()
        self.restart()

    def restart(self) -> None:
        """Count `seconds` from now."""
        self._from_monotonic = self._monotonic()
        self._from_wall = self._wall()

    def seconds(self) -> float:
        """Since `restart`, sleep included. A wall clock that was set back doesn't count."""
        return max(self._monotonic() - self._from_monotonic, self._wall() - self._from_wall)

    def slept(self) -> bool:
        """Whether the computer slept since the last call."""
        offset = self._wall() - self._monotonic()
        jump, self._offset = offset - self._offset, offset
        return jump > SLEEP
