"""A Lambda host with real function processes, on the sandbox's own AWS."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from sshq_sandbox.aws.server import AwsServer
from sshq_sandbox.lambda_host.clock import SandboxClock
from sshq_sandbox.lambda_host.events import EventBus
from sshq_sandbox.lambda_host.host import LambdaHost, Neighbours
from sshq_sandbox.lambda_host.http_api import HttpApi
from sshq_sandbox.lambda_host.template import Place, Template
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

STACK = Path(__file__).parent / "stack"
PLACE = Place(region="eu-west-1", account="123456789012", stack="test")


@dataclass
class World:
    """A running host and hands to reach it."""

    host: LambdaHost
    aws: AwsServer
    bus: EventBus
    logs: Path
    clock: SandboxClock
    http_api: HttpApi

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.aws.url,
            region_name=PLACE.region,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="test",
        )

    def events(self, function: str) -> list[dict[str, Any]]:
        """The events that a function has got so far, in the order of their invocations."""
        items = self.client("dynamodb").scan(TableName="records")["Items"]
        items.sort(key=lambda item: int(item["at"]["N"]))
        return [json.loads(i["event"]["S"]) for i in items if i["function"]["S"] == function]

    async def until_one(self, function: str, source: str) -> dict[str, Any]:
        """Wait for a function's first event from a source, and until all is quiet; the only one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            quiet = await self.host.is_quiet()
            events = await asyncio.to_thread(self.events, function)
            found = [event for event in events if source_of(event) == source]
            if found and quiet:
                assert len(found) == 1, found
                return found[0]
            assert time.monotonic() < deadline, f"{function} got only {events}"
            await asyncio.sleep(0.05)


def source_of(event: dict[str, Any]) -> str:
    """Who sent an event; the tests' own orders come from nobody."""
    records = event.get("Records")
    return str(records[0]["eventSource"] if records else event.get("source", ""))


@asynccontextmanager
async def running(state: Path) -> AsyncIterator[World]:
    logs = state / "logs"
    logs.mkdir()
    clock = SandboxClock(state / "clock")

    def new_id() -> str:
        return str(uuid.uuid4())

    bus = EventBus(asyncio.get_running_loop(), place=PLACE, now=clock.now, new_id=new_id)
    http_api = HttpApi(
        account=PLACE.account, now=clock.now, new_id=new_id, longest_seconds=PATIENCE_SECONDS
    )
    await http_api.listen(0)
    aws = AwsServer(state_dir=state, events=bus)
    await asyncio.to_thread(aws.start)
    host = LambdaHost(
        Template.load(STACK / "template.yaml", place=PLACE),
        Neighbours(
            aws_url=aws.url,
            callers=aws.callers,
            clock=clock,
            clock_file=state / "clock",
            logs=logs,
            bus=bus,
            http_api=http_api,
            new_id=new_id,
        ),
        replaced={},
        added={},
    )
    try:
        await host.start()
        yield World(host, aws, bus, logs, clock, http_api)
    finally:
        await host.stop()
        await http_api.stop()
        await asyncio.to_thread(aws.stop)


@pytest.fixture(scope="module")
def in_world(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Callable[[World], Awaitable[None]]], None]]:
    """Run a coroutine function against the module's host: one loop, one stack for all stories."""
    with asyncio.Runner() as runner:
        context = running(tmp_path_factory.mktemp("lambda"))
        world = runner.run(context.__aenter__())
        try:
            yield lambda story: runner.run(as_coroutine(story(world)))
        finally:
            runner.run(context.__aexit__(None, None, None))


async def as_coroutine(story: Awaitable[None]) -> None:
    await story
