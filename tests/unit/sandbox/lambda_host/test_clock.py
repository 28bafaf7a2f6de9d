from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sshq_sandbox.lambda_host.clock import BotClock, SandboxClock, parse_step

if TYPE_CHECKING:
    from pathlib import Path


def test_another_reader_follows_a_step(tmp_path: Path) -> None:
    writer, reader = SandboxClock(tmp_path / "clock"), BotClock(tmp_path / "clock")
    before = reader.now()

    writer.advance(timedelta(minutes=11))
    writer.advance(timedelta(minutes=1))

    assert reader.offset() == timedelta(minutes=12)
    assert timedelta(minutes=12) <= reader.now() - before < timedelta(minutes=13)
    assert reader.now().microsecond == 0


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("+11m", timedelta(minutes=11)),
        ("90s", timedelta(seconds=90)),
        ("+2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_step_is_read(text: str, step: timedelta) -> None:
    assert parse_step(text) == step


@pytest.mark.parametrize("text", ["", "-5m", "5", "+5 minutes", "1w"])
def test_time_goes_forward_and_in_known_units(text: str) -> None:
    with pytest.raises(ValueError, match=r"\+11m"):
        parse_step(text)
