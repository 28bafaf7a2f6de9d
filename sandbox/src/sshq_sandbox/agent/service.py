"""The agent in the foreground: pings, its control channel, and what arrives there."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import ssl
import time
from urllib.parse import quote, urlsplit

from sshq_local.ssm import frames
from sshq_local.ssm.frames import Frame, MessageType
from sshq_sandbox.agent import AGENT_VERSION
from sshq_sandbox.agent.service_calls import (
    ServiceError,
    request_role_credentials,
    update_instance_information,
)
from sshq_sandbox.agent.session import Outcome, PortSession, SessionEndedError
from sshq_sandbox.agent.websocket import WebSocket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from sshq_sandbox.agent.identity import Identity
    from sshq_sandbox.agent.settings import AgentSettings
    from sshq_sandbox.agent.signatures import Credentials

PING_SECONDS = 60.0
LONGEST_BACKOFF = 15.0
TASK_COMPLETE_REPEATS = 3
_TIMEOUT_SECONDS = 10.0


def serve(settings: AgentSettings, identity: Identity) -> None:
    """Until SIGTERM or SIGINT."""
    asyncio.run(_serve(settings, identity))


async def _serve(settings: AgentSettings, identity: Identity) -> None:
    agent = Agent(settings, identity)
    loop = asyncio.get_running_loop()
    task = loop.create_task(agent.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


class Agent:
    def __init__(self, settings: AgentSettings, identity: Identity) -> None:
        self._settings = settings
        self._identity = identity
        self._context = ssl.create_default_context(cafile=settings.ca_file or None)
        self._control: WebSocket | None = None
        self._sessions: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._acknowledged: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        try:
            await asyncio.gather(self._keep_pinging(), self._keep_control_channel())
        finally:
            for task in [*self._sessions.values(), *self._tasks]:
                task.cancel()
            await asyncio.gather(*self._sessions.values(), *self._tasks, return_exceptions=True)
            if self._control is not None:
                await self._control.close()

    async def _keep_pinging(self) -> None:
        credentials: Credentials | None = None
        backoff = 0.0
        while True:
            try:
                credentials = await asyncio.to_thread(self._ping, credentials)
                backoff = 0.0
            except (ServiceError, OSError):
                credentials = None
                backoff = min(LONGEST_BACKOFF, backoff * 2 or 0.2)
            await asyncio.sleep(backoff or PING_SECONDS)

    def _ping(self, credentials: Credentials | None) -> Credentials:
        endpoint = self._settings.endpoint
        if credentials is None or credentials.expires - time.time() < 2 * PING_SECONDS:
            credentials = request_role_credentials(endpoint, self._identity)
        update_instance_information(endpoint, self._identity, credentials, _facts())
        return credentials

    async def _keep_control_channel(self) -> None:
        backoff = 0.0
        path = f"control-channel/{self._identity.node_id}"
        while True:
            try:
                token = await self._token(path)
                socket = await WebSocket.connect(
                    self._url(f"{path}?role=subscribe&stream=input"), self._context
                )
            except (OSError, SessionEndedError):
                backoff = min(LONGEST_BACKOFF, backoff * 2 or 0.1)
                await asyncio.sleep(backoff)
                continue
            socket.send_text(
                json.dumps(
                    {
                        "Cookie": None,
                        "MessageSchemaVersion": "1.0",
                        "RequestId": frames.uuid_text(os.urandom(16)),
                        "TokenValue": token,
                        "AgentVersion": AGENT_VERSION,
                        "PlatformType": "linux",
                    }
                )
            )
            self._control = socket
            while (message := await socket.receive()) is not None:
                backoff = 0.0
                self._on_control(message)
            self._control = None
            await socket.close()
            backoff = min(LONGEST_BACKOFF, backoff * 2 or 0.05)
            await asyncio.sleep(backoff)

    def _on_control(self, message: bytes) -> None:
        try:
            frame = frames.decode(message)
            payload = frames.parse_object(frame.payload)
            if frame.message_type == MessageType.INTERACTIVE_SHELL:
                content = frames.parse_object(str(payload.get("Content", "")))
                self._start_session(str(payload.get("TaskId", "")), content)
            elif frame.message_type == MessageType.AGENT_TASK_ACKNOWLEDGE:
                if event := self._acknowledged.get(str(payload.get("TaskId", ""))):
                    event.set()
            elif frame.message_type == "sandbox_behaviour":
                self._settings.behave(payload)
            elif frame.message_type == "agent_job":
                content = frames.parse_object(str(payload.get("Content", "")))
                self._spawn(self._run_job(str(payload.get("JobId", "")), content))
        except frames.FrameError:
            return

    def _start_session(self, session_id: str, content: dict[str, Any]) -> None:
        if session_id in self._sessions:
            return
        task = asyncio.get_running_loop().create_task(self._run_session(session_id, content))
        self._sessions[session_id] = task
        task.add_done_callback(lambda _done: self._sessions.pop(session_id, None))

    async def _run_session(self, session_id: str, content: dict[str, Any]) -> None:
        session = PortSession(content, self._settings, lambda: self._open_data_channel(session_id))
        try:
            outcome = await session.run()
        except (KeyError, TypeError, AttributeError) as error:
            outcome = Outcome("Failed", f"The session's document can't be read: {error!r}")
        await self._complete(session_id, outcome)

    async def _complete(self, session_id: str, outcome: Outcome) -> None:
        """Tell the service, up to three times a second apart, until it acknowledges."""
        event = self._acknowledged[session_id] = asyncio.Event()
        try:
            for attempt in range(1, TASK_COMPLETE_REPEATS + 1):
                self._send_control(
                    MessageType.AGENT_TASK_COMPLETE,
                    {
                        "SchemaVersion": 1,
                        "TaskId": session_id,
                        "Topic": "agent_task_complete",
                        "FinalTaskStatus": outcome.status,
                        "IsRoutingFailure": False,
                        "InstanceId": self._identity.node_id,
                        "Output": outcome.output,
                        "RetryNumber": attempt,
                    },
                )
                try:
                    async with asyncio.timeout(1.0):
                        await event.wait()
                except TimeoutError:
                    continue
                return
        finally:
            del self._acknowledged[session_id]

    async def _run_job(self, job_id: str, content: dict[str, Any]) -> None:
        # Imported here: a node that is never sent a command needn't wait for it at its start.
        from sshq_sandbox.agent.run_command import run_command  # noqa: PLC0415

        try:
            status = await run_command(content)
        except (KeyError, TypeError, ValueError, OSError) as error:
            status = {
                "aws:runShellScript": {
                    "status": "Failed",
                    "code": -1,
                    "standardOutput": "",
                    "standardError": f"The command can't be run: {error!r}",
                }
            }
        reply = {"runtimeStatus": status, "documentStatus": "", "additionalInfo": {}}
        self._send_control(
            "agent_job_reply",
            {"SchemaVersion": 1, "JobId": job_id, "Content": json.dumps(reply), "Topic": job_id},
        )

    async def _open_data_channel(self, session_id: str) -> WebSocket:
        path = f"data-channel/{quote(session_id)}"
        token = await self._token(path, {"ClientId": ""})
        socket = await WebSocket.connect(self._url(f"{path}?role=publish_subscribe"), self._context)
        socket.send_text(
            json.dumps(
                {
                    "MessageSchemaVersion": "1.0",
                    "RequestId": frames.uuid_text(os.urandom(16)),
                    "TokenValue": token,
                    "ClientInstanceId": self._identity.node_id,
                    "ClientId": "",
                }
            )
        )
        return socket

    async def _token(self, path: str, more: dict[str, str] | None = None) -> str:
        body = {"MessageSchemaVersion": "1.0", "RequestId": frames.uuid_text(os.urandom(16))}
        return await asyncio.to_thread(self._post, f"/v1/{path}", json.dumps(body | (more or {})))

    def _post(self, path: str, body: str) -> str:
        """Raises OSError, or SessionEndedError when the service knows no such channel."""
        url = urlsplit(self._identity.message_service)
        connection = http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=_TIMEOUT_SECONDS, context=self._context
        )
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise ConnectionError(f"POST {path}: {error!r}") from error
        finally:
            connection.close()
        if response.status == 404:
            raise SessionEndedError(path)
        found = re.search(r"<TokenValue>([^<]+)</TokenValue>", text)
        if response.status != 201 or found is None:
            raise ConnectionError(f"POST {path}: HTTP {response.status}")
        return found[1]

    def _url(self, path: str) -> str:
        return f"wss://{urlsplit(self._identity.message_service).netloc}/v1/{path}"

    def _send_control(self, message_type: str, payload: dict[str, Any]) -> None:
        if self._control is None:
            return
        frame = Frame(
            message_type,
            json.dumps(payload, separators=(",", ":")).encode(),
            message_id=os.urandom(16),
            created=int(time.time() * 1000),
        )
        self._control.send_binary(frames.encode(frame))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _facts() -> dict[str, str]:
    system = os.uname()
    return {
        "AgentName": "amazon-ssm-agent",
        "AgentVersion": AGENT_VERSION,
        "PlatformType": "MacOS" if system.sysname == "Darwin" else "Linux",
        "PlatformName": system.sysname,
        "PlatformVersion": system.release,
        "ComputerName": system.nodename,
        "IPAddress": "127.0.0.1",
    }
