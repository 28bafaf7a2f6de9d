"""A payload in events/ that nobody reads is a claim that nobody checks."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
SOURCES = ("functions", "layers/core", "local_client", "sandbox", "tests")


@pytest.mark.parametrize(
    "payload", sorted(path.relative_to(EVENTS).as_posix() for path in EVENTS.rglob("*.json"))
)
def test_a_source_or_a_test_reads_it(payload: str) -> None:
    readers = [
        path
        for part in SOURCES
        for path in (ROOT / part).rglob("*.py")
        if payload in path.read_text(encoding="utf-8")
    ]

    assert readers, f"nothing mentions events/{payload}"
