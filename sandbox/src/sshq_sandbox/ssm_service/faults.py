"""Faults that a test puts in the way of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Destination = Literal["client", "agent", "control"]


@dataclass
class FrameFault:
    """Drop, duplicate or delay (by `seconds`) the next `count` frames for one end of a session, or
    for a
    node's control channel. `message_type` "" means any; `skip` lets that many matching frames pass
    first.
    """

    kind: Literal["drop", "duplicate", "delay"]
    to: Destination
    count: int = 1
    message_type: str = ""
    skip: int = 0
    seconds: float = 0.0


class FrameFaults:
    """The faults in force, for all sessions. `hits` counts the frames that met one."""

    def __init__(self) -> None:
        self._faults: list[FrameFault] = []
        self.hits = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: FrameFault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, to: Destination, message_type: str) -> FrameFault | None:
        """The fault that this frame meets, if any; it is used up by one."""
        for fault in self._faults:
            if fault.to != to or fault.message_type not in ("", message_type):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.count -= 1
            if fault.count <= 0:
                self._faults.remove(fault)
            self.hits += 1
            return fault
        return None
