"""Refusals in AWS's own words."""

from __future__ import annotations


class SsmError(Exception):
    """An error of SSM's API. `code` is AWS's, e.g. "TargetNotConnected"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NotHybridError(Exception):
    """This call isn't about hybrid nodes: moto's own implementation answers it."""
