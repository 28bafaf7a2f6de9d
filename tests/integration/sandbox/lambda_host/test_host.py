"""The tests' own stack, run by real awslambdaric processes."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from sshq_sandbox.lambda_host.http_api import HttpApi
from tests.waiting import PATIENCE_SECONDS, is_alive, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Story = Callable[[Any], Awaitable[None]]

ROOT = Path(__file__).parents[4]


def order(what: str) -> dict[str, str]:
    return {"order": what}


def send(world: Any, body: str, group: str) -> None:
    sqs = world.client("sqs")
    url = sqs.get_queue_url(QueueName="orders.fifo")["QueueUrl"]
    sqs.send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
    )


def test_functions_run_as_their_roles_and_end_in_lambdas_ways(
    in_world: Callable[[Story], None],
) -> None:
    async def story(world: Any) -> None:
        functions = world.host.functions
        first = json.loads((await functions.invoke("Worker", order("pid"))).payload)["pid"]
        again = json.loads((await functions.invoke("Worker", order("pid"))).payload)["pid"]
        assert first == again  # kept warm

        identity = json.loads((await functions.invoke("Worker", order("identity"))).payload)
        assert identity.endswith(":assumed-role/test-WorkerRole/test-Worker")
        assert any(call.caller == "Worker" for call in world.aws.calls.list(operation="PutItem"))

        raised = await functions.invoke("Worker", order("raise"))
        assert raised.failed
        assert json.loads(raised.payload)["errorType"] == "ValueError"

        left = await functions.invoke("Worker", order("exit"))
        assert left.failed
        assert "exit status 7" in json.loads(left.payload)["errorMessage"]

        # Initialised: only its timeout counts now.
        warm = json.loads((await functions.invoke("Sleeper", order("pid"))).payload)["pid"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            late = await functions.invoke("Sleeper", order("sleep"))
        assert "timed out after 2.00 seconds" in json.loads(late.payload)["errorMessage"]
        fresh = json.loads((await functions.invoke("Sleeper", order("pid"))).payload)["pid"]
        assert fresh != warm
        assert not is_alive(warm)

        broken = await functions.invoke("Broken", {})
        assert broken.failed
        assert "broken at import" in json.loads(broken.payload)["errorMessage"]
        assert "broken at import" in (world.logs / "Broken.log").read_text()

        assert world.host.left_out == ["AWS::CloudWatch::Alarm"]
        boundary = world.client("iam").get_role(RoleName="test-WorkerRole")["Role"]
        assert boundary["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("/the-boundary")

    in_world(story)


def test_queues_keep_order_retry_the_failed_and_bury_the_hopeless(
    in_world: Callable[[Story], None],
) -> None:
    async def story(world: Any) -> None:
        for body, group in (("a1", "alice"), ("a2", "alice"), ("poison", "bob"), ("a3", "alice")):
            await asyncio.to_thread(send, world, body, group)

        buried = await world.until_one("test-Graves", "aws:sqs")
        assert [record["body"] for record in buried["Records"]] == ["poison"]

        events = await asyncio.to_thread(world.events, "test-Worker")
        records = [record for event in events for record in event.get("Records", [])]
        alice = [r["body"] for r in records if r["attributes"]["MessageGroupId"] == "alice"]
        poison = [
            r["attributes"]["ApproximateReceiveCount"] for r in records if r["body"] == "poison"
        ]
        assert alice == ["a1", "a2", "a3"]  # each once, though a neighbour failed
        assert sorted(poison) == ["1", "2"]

    in_world(story)


def test_events_reach_the_functions_whose_rules_fit(in_world: Callable[[Story], None]) -> None:
    async def story(world: Any) -> None:
        for name in ("other-1", "sshq-1"):
            await asyncio.to_thread(
                world.bus.put,
                source="aws.sagemaker",
                detail_type="SageMaker Training Job State Change",
                detail={"TrainingJobName": name, "TrainingJobArn": f"arn:{name}"},
            )

        event = await world.until_one("test-Worker", "aws.sagemaker")
        assert event["detail"]["TrainingJobName"] == "sshq-1"
        assert event["resources"] == ["arn:sshq-1"]
        assert event["account"] == "123456789012"

    in_world(story)


def test_a_moved_clock_fires_what_is_due_once(in_world: Callable[[Story], None]) -> None:
    async def story(world: Any) -> None:
        assert await world.host.catch_up() == []

        world.clock.advance(timedelta(minutes=31))
        moved = world.clock.now().replace(microsecond=0)
        assert await world.host.catch_up() == ["WorkerTick"]
        assert await world.host.catch_up() == []

        event = await world.until_one("test-Worker", "aws.scheduler")
        assert moved <= datetime.fromisoformat(event["time"]) <= world.clock.now()

    in_world(story)


def test_the_front_maps_requests_and_failures(in_world: Callable[[Story], None]) -> None:
    async def story(world: Any) -> None:
        await world.host.functions.invoke("Worker", order("pid"))
        base = f"http://127.0.0.1:{world.http_api.port}"
        async with aiohttp.ClientSession(base) as session:
            async with session.post("/work?q=1", json={"hello": "you"}) as answer:
                event = json.loads(await answer.text())
                assert answer.status == 200
            assert event["routeKey"] == "POST /work"
            assert event["queryStringParameters"] == {"q": "1"}
            assert json.loads(event["body"]) == {"hello": "you"}

            assert await status(session.get("/work")) == (404, "Not Found")
            assert await status(session.get("/broken")) == (500, "Internal Server Error")
            assert await status(session.post("/work", json=order("raise"))) == (
                500,
                "Internal Server Error",
            )

        impatient = HttpApi(
            account="123456789012",
            now=world.clock.now,
            new_id=lambda: str(uuid.uuid4()),
            longest_seconds=0.1,
        )
        await impatient.listen(0)
        impatient.open(world.host.functions, world.host.facts)
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{impatient.port}") as session:
                assert await status(session.post("/sleep")) == (503, "Service Unavailable")
        finally:
            await impatient.stop()

    async def status(request: Any) -> tuple[int, str]:
        async with request as answer:
            return answer.status, (await answer.json())["message"]

    in_world(story)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    # A process of its own: AWS's stand-in runs once in each, and the module's host is still up.
    source = (
        "import asyncio, pathlib, sys\n"
        f"sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(ROOT)!r}]\n"
        "from conftest import running\n"
        "async def go():\n"
        "    async with running(pathlib.Path(sys.argv[1])) as world:\n"
        "        await world.host.functions.invoke('Worker', {'order': 'pid'})\n"
        "        pids = [pid for each in world.host.functions.pids.values() for pid in each]\n"
        "        print(*pids, flush=True)\n"
        "        if sys.argv[2] == 'killed':\n"
        "            import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(go())\n"
    )
    for how, code in (("stopped", 0), ("killed", -signal.SIGKILL)):
        state = tmp_path / how
        state.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", source, state, how], check=False, capture_output=True, text=True
        )

        assert done.returncode == code, done.stderr
        pids = [int(pid) for pid in done.stdout.split()]
        assert pids
        until(lambda pids=pids: not any(map(is_alive, pids)), f"some of {pids} live ({how})")  # type: ignore[misc]
