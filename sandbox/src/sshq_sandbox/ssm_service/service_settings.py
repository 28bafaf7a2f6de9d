"""How the message service behaves where AWS's own isn't settled, or a test wants it otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ServiceSettings:
    """`token_seconds`: a token's life. `hold_frames`: keep frames for an absent peer (up to
    `held_frames_limit` a direction), else drop them. `require_presigned`: the client's URL must
    carry a
    valid SigV4 query. `seconds_per_minute`: makes the documents' minutes shorter in tests.
    """

    token_seconds: float = 60.0
    hold_frames: bool = True
    held_frames_limit: int = 10_000
    require_presigned: bool = False
    seconds_per_minute: float = 60.0
