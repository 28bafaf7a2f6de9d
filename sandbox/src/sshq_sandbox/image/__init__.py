"""The sandbox's container image: what a job finds on its PATH."""

from __future__ import annotations

from pathlib import Path

BIN = Path(__file__).parent / "bin"
