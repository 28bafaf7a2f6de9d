"""The version of this package, told to the access API when a ticket is redeemed."""

from __future__ import annotations

VERSION = "0.1.0"
"""The same as in pyproject.toml (a test holds them together): importlib.metadata is slow to import."""
