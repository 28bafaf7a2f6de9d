"""The sandbox's SSM, running: moto behind a socket, the message service, agents in this process."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from sshq_local.ssm.channel import Channel, State
from sshq_local.ssm.settings import Settings
from sshq_sandbox.agent.identity import load_identity
from sshq_sandbox.agent.registration import register
from sshq_sandbox.agent.service import Agent
from sshq_sandbox.agent.settings import AgentSettings
from sshq_sandbox.ssm_service.install import install
from sshq_sandbox.ssm_service.message_service import SsmMessageService
from sshq_sandbox.ssm_service.state import utc_now
from tests.sandbox_aws import Events
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from datetime import datetime
    from pathlib import Path

    from sshq_sandbox.aws.server import AwsServer
    from sshq_sandbox.ssm_service.service_settings import ServiceSettings

T = TypeVar("T")
REGION = "eu-west-1"
TRUSTS_SSM = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ssm.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
SSH_DOCUMENT: dict[str, Any] = {
    "schemaVersion": "1.0",
    "description": "one port",
    "sessionType": "Port",
    "inputs": {},
    "properties": {"portNumber": "2222"},
}
COMMAND_DOCUMENT: dict[str, Any] = {
    "schemaVersion": "2.2",
    "description": "a verb and its argument",
    "parameters": {
        "verb": {"type": "String", "allowedValues": ["say", "fail", "hang"]},
        "argument": {"type": "String", "default": "", "allowedPattern": "^[a-z0-9 ]{0,40}$"},
        "seconds": {"type": "String", "default": "600", "allowedPattern": "^[0-9]{1,3}$"},
    },
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "verb",
            "inputs": {
                "timeoutSeconds": "{{ seconds }}",
                "runCommand": [
                    "case {{ verb }} in",
                    "say) echo 'said {{ argument }}'; echo aside >&2 ;;",
                    "fail) exit 3 ;;",
                    "hang) sleep 600 ;;",
                    "esac",
                ],
            },
        }
    ],
}


PATIENT = Settings(handshake_timeout=PATIENCE_SECONDS, end_timeout=2 * PATIENCE_SECONDS)


class Clock:
    """SSM's time, which a test may move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


class RunningSsm:
    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="ssm", daemon=True)
        self._agents: dict[str, asyncio.Task[None]] = {}
        self.service: SsmMessageService
        self.aws: AwsServer

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """On the service's loop, from the test's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def client(self, service: str, **credentials: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.aws.url,
            region_name=REGION,
            aws_access_key_id=credentials.get("key", "A" * 20),
            aws_secret_access_key=credentials.get("secret", "secret"),
            aws_session_token=credentials.get("token"),
        )

    def activate(self, **more: Any) -> dict[str, str]:
        """CreateActivation's answer, for a role made for it."""
        iam = self.client("iam")
        name = f"node-{os.urandom(4).hex()}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUSTS_SSM))
        answer: dict[str, str] = self.client("ssm").create_activation(IamRole=name, **more)
        return answer

    def register(self, activation: dict[str, str]) -> str:
        """One more node: its id."""
        folder = self.folder / os.urandom(4).hex()
        node_id = register(
            self.agent_settings(folder),
            code=activation["ActivationCode"],
            activation_id=activation["ActivationId"],
            region=REGION,
        )
        folder.rename(self.folder / node_id)
        return node_id

    def agent_settings(self, folder: Path, **more: Any) -> AgentSettings:
        return AgentSettings(
            endpoint=self.aws.url,
            state_dir=folder,
            ports=more.pop("ports", {}),
            ca_file=str(self.folder / "tls" / "ca.pem"),
            handshake_seconds=PATIENCE_SECONDS,
            **more,
        )

    def start_agent(self, node_id: str, **more: Any) -> None:
        """Serve as this node; returns once it is connected and Online."""
        folder = self.folder / node_id

        async def start() -> None:
            agent = Agent(self.agent_settings(folder, **more), load_identity(folder))
            self._agents[node_id] = asyncio.create_task(agent.run())

        self.run(start())
        ssm = self.client("ssm")

        def ready() -> bool:
            found = ssm.describe_instance_information(
                Filters=[{"Key": "InstanceIds", "Values": [node_id]}]
            )["InstanceInformationList"]
            return found[0]["PingStatus"] == "Online" and self.service.is_connected(node_id)

        until(ready)

    def stop_agent(self, node_id: str) -> None:
        async def stop() -> None:
            task = self._agents.pop(node_id)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.run(stop())
        until(lambda: not self.service.is_connected(node_id))

    def connected_node(self, **more: Any) -> str:
        """A new node in the advanced tier with an agent that serves it."""
        self.client("ssm").update_service_setting(
            SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced"
        )
        node_id = self.register(self.activate())
        self.start_agent(node_id, **more)
        return node_id

    def document(self, content: dict[str, Any], kind: str) -> str:
        name = f"doc-{os.urandom(4).hex()}"
        self.client("ssm").create_document(
            Content=json.dumps(content), Name=name, DocumentType=kind, DocumentFormat="JSON"
        )
        return name

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        for node_id in list(self._agents):
            self.stop_agent(node_id)
        self.run(self.service.stop())
        self.aws.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextmanager
def running_ssm(folder: Path, settings: ServiceSettings | None = None) -> Iterator[RunningSsm]:
    from sshq_sandbox.aws.server import AwsServer

    clock = Clock()
    running = RunningSsm(folder, clock)
    running.begin()
    running.service = running.run(SsmMessageService.start(folder, settings=settings))
    running.aws = AwsServer(state_dir=folder, events=Events())
    extensions = install(running.service, add_target=running.aws.add_target, now=clock)
    running.aws.start()
    running.service.aws_url = running.aws.url
    try:
        yield running
    finally:
        running.end()
        extensions.uninstall()


class DataChannelClient:
    """sshq-local's state machine on an aiohttp WebSocket. Runs on the service's loop.

    `received` grows with what the port says. Without `settings` it is as patient as the tests are.
    """

    def __init__(self, ca_file: str, settings: Settings | None = None) -> None:
        self._context = ssl.create_default_context(cafile=ca_file)
        loop = asyncio.get_running_loop()
        self.channel = Channel(
            settings or PATIENT, new_id=lambda: os.urandom(16), epoch=time.time() - loop.time()
        )
        self.received = bytearray()
        self.close_code: int | None = None
        self._loop = loop
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self, url: str, token: str) -> None:
        """Open (or open again) with a token; returns at once when the WebSocket is up."""
        await self.disconnect()
        session = aiohttp.ClientSession()
        try:
            self._socket = await session.ws_connect(url, ssl=self._context, max_msg_size=0)
        except BaseException:
            await session.close()
            raise
        self.channel.on_connected(token, self._loop.time())
        await self._flush()
        self._task = asyncio.create_task(self._serve(session, self._socket))

    async def disconnect(self) -> None:
        """Lose the connection: no word to the agent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def send(self, data: bytes) -> None:
        for start in range(0, len(data), 32768):
            piece = data[start : start + 32768]
            await self.until(lambda piece=piece: self.channel.room >= len(piece))  # type: ignore[misc]
            self.channel.send(piece, self._loop.time())
            await self._flush()

    async def finish(self) -> None:
        self.channel.finish(self._loop.time())
        await self._flush()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_open(self) -> None:
        await self.until(lambda: self.channel.state is State.OPEN)

    async def _serve(
        self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        try:
            while True:
                deadline = self.channel.deadline
                # Never for long: `send` may set a deadline while this waits.
                wait = 0.02 if deadline is None else max(0.0, deadline - self._loop.time())
                try:
                    async with asyncio.timeout(wait):
                        message = await socket.receive()
                except TimeoutError:
                    self.channel.tick(self._loop.time())
                    await self._flush()
                    continue
                if message.type is not aiohttp.WSMsgType.BINARY:
                    return
                self.channel.receive(message.data, self._loop.time())
                for data in self.channel.take_data():
                    self.received += data
                await self._flush()
        finally:
            self.close_code = socket.close_code
            self.channel.on_connection_lost()
            self._changed.set()
            await socket.close()
            await session.close()

    async def _flush(self) -> None:
        self._changed.set()
        if self._socket is None or self._socket.closed:
            return
        for message in self.channel.take_messages():
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
