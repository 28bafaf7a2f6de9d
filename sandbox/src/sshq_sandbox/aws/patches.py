"""Replacing parts of moto, and putting them back: the one way the sandbox reaches into it.

moto is pinned to a version; each replacement has a contract test.
"""

from __future__ import annotations

from typing import Any


class Patches:
    """Attributes of classes that were replaced, in order."""

    def __init__(self) -> None:
        self._replaced: list[tuple[type, str, object]] = []

    def replace(self, owner: type, name: str, value: object) -> Any:  # noqa: ANN401
        """Set `owner.name`, and return what stood there before (None if nothing did)."""
        original = vars(owner).get(name)
        self._replaced.append((owner, name, original))
        setattr(owner, name, value)
        return original

    def undo(self) -> None:
        while self._replaced:
            owner, name, original = self._replaced.pop()
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
