"""What somebody typed and can't be taken: which sentence of the catalogue says so, and its facts."""

from __future__ import annotations


class Misfit(ValueError):  # noqa: N818  like a refusal, it is no fault of the program's
    """A value that doesn't fit. The sentence is `usage.<key>`, so that everybody reads their own language."""

    def __init__(self, key: str, **facts: str) -> None:
        super().__init__(f"{key} {facts}" if facts else key)
        self.key = key
        self.facts = facts
