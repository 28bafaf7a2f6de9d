"""EventBridge Scheduler by the sandbox's clock: `clock +11m` fires what would have fired, once."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from sshq_sandbox.lambda_host.schedule_expressions import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sshq_sandbox.lambda_host.functions import Functions
    from sshq_sandbox.lambda_host.runtime_api import Outcome
    from sshq_sandbox.lambda_host.schedule_expressions import Expression
    from sshq_sandbox.lambda_host.template import Function, Place, Schedule

_LOG = logging.getLogger(__name__)
_LONGEST_SLEEP_SECONDS = 3600.0


class Schedules:
    """One timer per schedule."""

    def __init__(
        self,
        functions: Functions,
        *,
        place: Place,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._functions = functions
        self._place = place
        self._now = now
        self._new_id = new_id
        self._timers: list[_Timer] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, facts: Iterable[Function]) -> None:
        """Begin; a rate counts from now. Raises ValueError for an expression that isn't known."""
        for function in facts:
            for schedule in function.schedules:
                timer = _Timer(function.logical_id, schedule, parse(schedule.expression))
                timer.due = timer.expression.next_after(self._now())
                self._timers.append(timer)
                self._tasks.append(asyncio.create_task(self._run(timer), name=schedule.name))

    async def catch_up(self) -> list[str]:
        """The clock was moved: fire what is due, wait until it is done, return the names."""
        due = [timer for timer in self._timers if timer.is_due(self._now())]
        invocations = [self._fire(timer) for timer in due]
        for timer in self._timers:
            timer.moved.set()
        await asyncio.gather(*invocations)
        return [timer.schedule.name for timer in due]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, timer: _Timer) -> None:
        while timer.due is not None:
            remaining = (timer.due - self._now()).total_seconds()
            if remaining <= 0:
                await self._fire(timer)
                continue
            timer.moved.clear()
            try:
                async with asyncio.timeout(min(remaining, _LONGEST_SLEEP_SECONDS)):
                    await timer.moved.wait()
            except TimeoutError:
                continue

    def _fire(self, timer: _Timer) -> asyncio.Task[Outcome]:
        """Not a coroutine: between "it is due" and its next time nobody else may look."""
        moment = self._now()
        timer.due = timer.expression.next_after(moment)
        return self._functions.start_later(timer.function, self._event(timer, moment))

    def _event(self, timer: _Timer, moment: datetime) -> dict[str, Any]:
        if timer.schedule.payload is not None:
            event: dict[str, Any] = json.loads(timer.schedule.payload)
            return event
        place = self._place
        schedules = (
            f"arn:{place.partition}:scheduler:{place.region}:{place.account}:schedule/default"
        )
        return {
            "version": "0",
            "id": self._new_id(),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": place.account,
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": place.region,
            "resources": [f"{schedules}/{timer.schedule.name}"],
            "detail": "{}",
        }


class _Timer:
    def __init__(self, function: str, schedule: Schedule, expression: Expression) -> None:
        self.function = function
        self.schedule = schedule
        self.expression = expression
        self.due: datetime | None = None
        self.moved = asyncio.Event()

    def is_due(self, now: datetime) -> bool:
        return self.due is not None and self.due <= now
