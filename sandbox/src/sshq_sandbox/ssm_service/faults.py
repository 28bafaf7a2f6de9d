"""Faults that a test, or a person by `sshq-sandbox channel`, puts in the way of frames."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, get_args

Destination = Literal["client", "agent", "control"]
Kind = Literal["drop", "duplicate", "delay", "reorder"]

KINDS: tuple[Kind, ...] = get_args(Kind)
DESTINATIONS: tuple[Destination, ...] = get_args(Destination)


@dataclass
class FrameFault:
    """Drop, duplicate, delay (by `seconds`) or reorder (behind the next one) frames for one end of a
    session, or for a node's control channel.

    `count`: of them, None for all; `rate`: the chance that a frame is one of them. `message_type` ""
    means any; `skip` lets that many matching frames pass first.
    """

    kind: Kind
    to: Destination
    count: int | None = 1
    message_type: str = ""
    skip: int = 0
    seconds: float = 0.0
    rate: float = 1.0


class FrameFaults:
    """The faults in force, for all sessions. `hits` counts the frames that met one, `torn` the
    connections that were there to be torn.

    The chance is a seeded one: a run that fails fails again.
    """

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[FrameFault] = []
        self._random = random.Random(seed)  # noqa: S311 (it breaks frames, not codes)
        self.hits = 0
        self.torn = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def list(self) -> list[FrameFault]:
        return list(self._faults)

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
            if fault.rate < 1.0 and self._random.random() >= fault.rate:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._faults.remove(fault)
            self.hits += 1
            return fault
        return None
