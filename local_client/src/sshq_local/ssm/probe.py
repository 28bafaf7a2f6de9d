"""Whether large messages come through at all: nobody outside AWS knows the service's limits.

A message larger than any that was acknowledged so far is a probe: nothing is sent after it until its
acknowledgement is there. If that stays away, an empty message, its echo, asks whether the agent hears
us at all. An agent that acknowledges the echo, and not the probe that is sent again and again after
that, doesn't get it: what is too large is dropped on the way, or costs the connection.

That it was never delivered matters, since its number is then used again for less. An agent that has
it acknowledges each repetition, so all of those, or their acknowledgements, would have to be lost
while others get through. (If it happened all the same, SSH's checksum would end the connection.)
"""

from __future__ import annotations

ECHO_AFTER = 3
"""Repetitions without an answer before the agent is asked whether it hears us."""
TOO_LARGE_AFTER = 4
"""Repetitions after the echo's acknowledgement."""


class Probe:
    """One message that is on probation. `echo`: the number of its echo, once there is one."""

    __slots__ = ("echo", "is_heard", "payload", "repeated", "sequence")

    def __init__(self, sequence: int, payload: bytes) -> None:
        self.sequence = sequence
        self.payload = payload
        self.echo: int | None = None
        self.is_heard = False
        """Whether the echo was acknowledged."""
        self.repeated = 0
        """Times that it was sent again: in all, and since the echo's acknowledgement."""

    def heard(self) -> None:
        self.is_heard = True
        self.repeated = 0

    @property
    def wants_echo(self) -> bool:
        return self.echo is None and self.repeated >= ECHO_AFTER

    @property
    def is_too_large(self) -> bool:
        return self.is_heard and self.repeated > TOO_LARGE_AFTER
