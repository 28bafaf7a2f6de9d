"""The operating system's random bytes."""

from __future__ import annotations

import secrets


class SystemRandomness:
    """Unguessable bytes."""

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)
