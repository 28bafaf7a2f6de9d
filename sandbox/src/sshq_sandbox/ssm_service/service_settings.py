"""How message service and agents behave where AWS's own isn't settled, or a test wants it otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class AgentBehaviour:
    """What the sandbox's agents are told over the control channel (AWS's pass over such a message).

    `chunk`, `pause`: bytes of one message, and seconds of sleep after it (AWS's agent: 1024, 0.001).
    `dial_seconds`: how long the dial of the port takes; until then data is refused, without a word.
    """

    chunk: int = 32 * 1024
    pause: float = 0.0
    dial_seconds: float = 0.0

    def keep_pace(self, pace: str) -> None:
        """`aws`, `none`, or BYTES/SECONDS. Raises ValueError."""
        named = {"aws": "1024/0.001", "none": f"{32 * 1024}/0"}.get(pace, pace)
        try:
            chunk, pause = named.split("/")
            self.chunk, self.pause = int(chunk), float(pause)
        except ValueError:
            raise ValueError(f"{pace!r} is not one of aws, none, BYTES/SECONDS.") from None


@dataclass
class ServiceSettings:
    """`token_seconds`: a token's life. `hold_frames`: keep frames for an absent peer (up to
    `held_frames_limit` a direction), else drop them. `require_presigned`: the client's upgrade must
    carry SigV4, in its query or its headers. `seconds_per_minute`: makes the documents' minutes
    shorter in tests. `largest_payload`: of a client's stream message; what is larger is dropped
    silently, or with `close_on_larger` costs the connection (what AWS does is not known).
    """

    token_seconds: float = 60.0
    hold_frames: bool = True
    held_frames_limit: int = 10_000
    require_presigned: bool = False
    seconds_per_minute: float = 60.0
    largest_payload: int = 1 << 20
    close_on_larger: bool = False
    agent: AgentBehaviour | None = field(default=None)
