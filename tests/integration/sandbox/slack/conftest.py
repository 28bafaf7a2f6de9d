"""A real stand-in, a real WebClient, and a small app at the request URL in place of the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pytest
from aiohttp import web
from slack_sdk import WebClient

from sshq_sandbox.slack.stand_in import SlackStandIn
from tests.waiting import PATIENCE_SECONDS

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT_TOKEN = "xoxb-sandbox"

T = TypeVar("T")
Answer = Callable[[web.Request], Awaitable[web.Response]]


class Clock:
    now = 1795348800.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Received:
    """One request as the app got it."""

    body: bytes
    headers: dict[str, str]


@dataclass
class World:
    """What a test has to hand. `answer` is how the app acknowledges the next requests."""

    slack: SlackStandIn
    clock: Clock
    calls: list[dict[str, Any]]
    received: list[Received] = field(default_factory=list)
    answer: Answer | None = None

    def client(self, token: str | None = BOT_TOKEN) -> WebClient:
        return WebClient(token=token, base_url=self.slack.url)

    async def call(self, method: Callable[..., T], **arguments: Any) -> T:
        """Run one of the blocking client's methods beside the server's loop."""
        return await asyncio.to_thread(method, **arguments)


@asynccontextmanager
async def _world(ack_seconds: float) -> AsyncIterator[World]:
    clock = Clock()
    calls: list[dict[str, Any]] = []

    async def app(request: web.Request) -> web.Response:
        world.received.append(Received(await request.read(), dict(request.headers)))
        return await world.answer(request) if world.answer else web.Response()

    application = web.Application()
    application.router.add_post("/slack/events", app)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack = SlackStandIn(
        signing_secret=SIGNING_SECRET,
        bot_token=BOT_TOKEN,
        request_url=f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events",
        record=calls.append,
        clock=clock,
        ack_seconds=ack_seconds,
        event_retry_seconds=(0.0, 0.0, 0.0),
    )
    world = World(slack, clock, calls)
    await slack.start()
    try:
        yield world
    finally:
        await slack.stop()
        await runner.cleanup()


Scenario = Callable[[World], Coroutine[Any, Any, None]]


class Play(Protocol):
    """Run a scenario in a fresh world: `play(scenario)`."""

    def __call__(self, scenario: Scenario, ack_seconds: float = PATIENCE_SECONDS) -> None: ...


@pytest.fixture
def play() -> Play:

    def run(scenario: Scenario, ack_seconds: float = PATIENCE_SECONDS) -> None:
        async def main() -> None:
            async with _world(ack_seconds) as world, asyncio.timeout(PATIENCE_SECONDS):
                await scenario(world)

        asyncio.run(main())

    return run
