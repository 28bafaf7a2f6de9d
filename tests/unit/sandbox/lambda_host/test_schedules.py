"""The timers of the schedules end when they are told to, whatever else happens at that moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sshq_sandbox.lambda_host.schedules import Schedules
from sshq_sandbox.lambda_host.template import Function, Place, Schedule
from tests.waiting import PATIENCE_SECONDS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOURLY = Function(
    logical_id="Caretaker",
    name="caretaker",
    handler="app.lambda_handler",
    code=Path(),
    layers=(),
    environment={},
    role_arn="",
    timeout_seconds=3,
    memory_mb=128,
    concurrency=None,
    queues=(),
    rules=(),
    schedules=(Schedule("Tick", "rate(1 hour)", None),),
    routes=(),
)


@pytest.mark.parametrize("turns", range(6))
def test_a_stop_comes_through_however_shortly_after_the_clock_was_moved(turns: int) -> None:
    async def play() -> None:
        nobody: Any = None  # no hour has passed: nothing is invoked
        place = Place(region="eu-west-1", account="123456789012", stack="test")
        schedules = Schedules(nobody, place=place, now=lambda: NOW, new_id=str)
        schedules.start([HOURLY])
        await asyncio.sleep(0.01)
        assert await schedules.catch_up() == []
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await schedules.stop()

    asyncio.run(play())
