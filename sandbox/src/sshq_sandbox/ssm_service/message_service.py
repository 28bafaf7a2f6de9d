"""AWS's message service (ssmmessages): control channels of nodes, data channels of sessions, over
TLS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
import time
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import WSMsgType, web

from sshq_local.ssm import frames
from sshq_sandbox.ports import CommandResult, SessionAccess
from sshq_sandbox.ssm_service import presigned
from sshq_sandbox.ssm_service.agent_endpoint import AgentEndpoint
from sshq_sandbox.ssm_service.faults import FrameFaults
from sshq_sandbox.ssm_service.service_settings import ServiceSettings
from sshq_sandbox.ssm_service.session_channel import SessionChannel
from sshq_sandbox.ssm_service.tls import server_context
from sshq_sandbox.ssm_service.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from sshq_sandbox.ports import CommandRequest, SessionRequest
    from sshq_sandbox.ssm_service.service_settings import AgentBehaviour
    from sshq_sandbox.ssm_service.session_channel import End
    from sshq_sandbox.ssm_service.tokens import Grant

AGENT_JOB = "agent_job"
AGENT_JOB_REPLY = "agent_job_reply"
AGENT_BEHAVIOUR = "sandbox_behaviour"
"""The messages by which newer agents take commands over the control channel (older ones poll
ec2messages)."""

_OPENING_SECONDS = 10.0
_POLICY_VIOLATION = 1008


class SsmMessageService:
    """The `MessageService` of `ports.py`: its methods may be called from any thread; none of them
    waits.

    Made by `await SsmMessageService.start(state_dir)` on the supervisor's loop, ended by `await
    stop()`.
    `settings` and `faults` may be changed while it runs.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.faults = FrameFaults()
        self.port = 0
        self._loop = asyncio.get_running_loop()
        self._tokens = Tokens(settings.token_seconds, time.monotonic)
        self._controls: dict[str, web.WebSocketResponse] = {}
        self._sessions: dict[str, SessionChannel] = {}
        self._commands: dict[tuple[str, str], CommandRequest] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._agent_endpoint = AgentEndpoint(lambda: self.aws_url)
        self.aws_url = ""
        """The sandbox's AWS, to which agents that know only this address are passed on."""
        self._is_registered: Callable[[str], bool] = lambda _node_id: True
        self._node_disconnected: Callable[[str], None] = lambda _node_id: None
        self._session_changed: Callable[[str, str, str], None] = lambda _id, _status, _details: None

    @classmethod
    async def start(
        cls, state_dir: Path, *, settings: ServiceSettings | None = None, port: int = 0
    ) -> SsmMessageService:
        """Listen on 127.0.0.1. Writes `state_dir`/tls/ca.pem. Raises OSError when the port is
        taken."""
        service = cls(settings or ServiceSettings())
        context = await asyncio.to_thread(server_context, state_dir / "tls")
        application = web.Application()
        application.add_routes(
            [
                web.post("/v1/control-channel/{node}", service._create_control_channel),
                web.get("/v1/control-channel/{node}", service._open_control_channel),
                web.post("/v1/data-channel/{session}", service._create_data_channel),
                web.get("/v1/data-channel/{session}", service._open_data_channel),
                web.post("/", service._agent_endpoint.answer),
            ]
        )
        service._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await service._runner.setup()
        site = web.TCPSite(service._runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        service.port = service._runner.addresses[0][1]
        return service

    async def stop(self) -> None:
        """Close every channel, and listen no more."""
        for session in list(self._sessions.values()):
            session.close("The service is stopping.")
            await session.drained()
        for socket in list(self._controls.values()):
            self._spawn(_close(socket))
        await self._agent_endpoint.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """https://…, what an agent's configuration calls Mgs.Endpoint (and may call Ssm, Mds)."""
        return f"https://127.0.0.1:{self.port}"

    def observe(
        self,
        *,
        is_registered: Callable[[str], bool],
        node_disconnected: Callable[[str], None],
        session_changed: Callable[[str, str, str], None],
    ) -> None:
        """Who knows the nodes, and who is told (node id; session id, status, details), on the
        loop."""
        self._is_registered = is_registered
        self._node_disconnected = node_disconnected
        self._session_changed = session_changed

    def start_session(self, request: SessionRequest) -> SessionAccess:
        session_id = request.session_id
        channel = SessionChannel(
            request,
            self.settings,
            self.faults,
            lambda status, details: self._on_session(session_id, status, details),
        )
        self._sessions[session_id] = channel
        self._loop.call_soon_threadsafe(self._announce, channel)
        return self._access(session_id)

    def resume_session(self, session_id: str) -> SessionAccess:
        if session_id not in self._sessions:
            raise KeyError(session_id)
        return self._access(session_id)

    def terminate_session(self, session_id: str, reason: str) -> None:
        if (session := self._sessions.get(session_id)) is not None:
            self._loop.call_soon_threadsafe(session.close, reason)

    def disconnect_node(self, node_id: str) -> None:
        self._loop.call_soon_threadsafe(self._disconnect, node_id)

    def is_connected(self, node_id: str) -> bool:
        return node_id in self._controls

    def send_command(self, request: CommandRequest) -> None:
        self._commands[request.command_id, request.node_id] = request
        content = {
            "CommandId": request.command_id,
            "DocumentName": request.document_name,
            "DocumentContent": request.document_content,
            "Parameters": request.parameters,
        }
        payload = {
            "SchemaVersion": 1,
            "JobId": request.command_id,
            "Topic": "aws.ssm.sendCommand",
            "Content": json.dumps(content),
        }
        self._loop.call_soon_threadsafe(self._to_control, request.node_id, AGENT_JOB, payload)

    def say_bye(self, session_id: str | None = None) -> None:
        """What the service does about hourly: close every WebSocket (or one session's) with 1000
        "Bye"."""
        self._loop.call_soon_threadsafe(self._say_bye, session_id)

    def tear(self, session_id: str | None = None) -> None:
        """Cut the WebSockets of every session (or one) without a word."""
        for session in self._named(session_id):
            self._loop.call_soon_threadsafe(session.tear)

    def send_away(self, end: End, seconds: float, session_id: str | None = None) -> None:
        """Close one end's WebSockets, and let them in again only after that time."""
        for session in self._named(session_id):
            self._loop.call_soon_threadsafe(session.send_away, end, seconds)

    def set_token_life(self, seconds: float) -> None:
        """Of tokens that are given out from now on."""
        self.settings.token_seconds = seconds
        self._tokens.set_lifetime(seconds)

    def expire_tokens(self) -> None:
        """Tokens that were given out and not used yet open nothing any more."""
        self._tokens.expire_all()

    def instruct_agents(self, behaviour: AgentBehaviour) -> None:
        """Tell the sandbox's agents, those that are there and those that come, how to behave."""
        self.settings.agent = behaviour
        for node_id in list(self._controls):
            self._loop.call_soon_threadsafe(self._instruct, node_id)

    def described(self) -> dict[str, Any]:
        """The sessions: node, ends that are connected, frames held for those that aren't."""
        return {name: session.described() for name, session in list(self._sessions.items())}

    def _instruct(self, node_id: str) -> None:
        if self.settings.agent is not None:
            self._to_control(node_id, AGENT_BEHAVIOUR, asdict(self.settings.agent))

    def _named(self, session_id: str | None) -> list[SessionChannel]:
        return [s for name, s in list(self._sessions.items()) if session_id in (None, name)]

    def _say_bye(self, session_id: str | None) -> None:
        for session in self._named(session_id):
            session.say_bye()
        if session_id is None:
            for socket in list(self._controls.values()):
                self._spawn(_close(socket))

    def _access(self, session_id: str) -> SessionAccess:
        cell = base64.b64encode(secrets.token_bytes(31)).decode()
        return SessionAccess(
            token=self._tokens.issue("client", session_id),
            stream_url=f"wss://127.0.0.1:{self.port}/v1/data-channel/{quote(session_id)}"
            f"?role=publish_subscribe&cell-number={cell}",
        )

    def _announce(self, channel: SessionChannel) -> None:
        channel.watch()
        request = channel.request
        content = {
            "DocumentName": request.document_name,
            "DocumentContent": request.document_content,
            "SessionId": request.session_id,
            "Parameters": request.parameters,
            "RunAsUser": "",
            "SessionOwner": request.owner_arn,
        }
        payload = {
            "Content": json.dumps(content),
            "TaskId": request.session_id,
            "Topic": "ssm.startSession",
            "SchemaVersion": 1,
        }
        self._to_control(request.node_id, frames.MessageType.INTERACTIVE_SHELL, payload)

    def _on_session(self, session_id: str, status: str, details: str) -> None:
        if status in ("Terminated", "Failed"):
            self._sessions.pop(session_id, None)
        self._session_changed(session_id, status, details)

    def _disconnect(self, node_id: str) -> None:
        for session in list(self._sessions.values()):
            if session.request.node_id == node_id:
                session.close("The node is no longer registered.")
        if (socket := self._controls.get(node_id)) is not None:
            self._spawn(_close(socket))

    def _to_control(self, node_id: str, message_type: str, payload: dict[str, Any]) -> None:
        """A frame for the node's agent; lost if its control channel is closed, as the service loses
        it."""
        socket = self._controls.get(node_id)
        if socket is None:
            return
        copies = 1
        seconds = 0.0
        if self.faults and (fault := self.faults.take("control", message_type)) is not None:
            copies = {"drop": 0, "duplicate": 2}.get(fault.kind, 1)
            seconds = fault.seconds
        data = _frame(message_type, payload)
        for _ in range(copies):
            self._spawn(_send(socket, data, seconds))

    async def _create_control_channel(self, request: web.Request) -> web.Response:
        node_id = request.match_info["node"]
        if not self._is_registered(node_id):
            raise web.HTTPForbidden(text="this node isn't registered")
        return _token_answer("CreateControlChannelOutput", self._tokens.issue("control", node_id))

    async def _create_data_channel(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session"]
        if session_id not in self._sessions:
            raise web.HTTPNotFound(text="this session doesn't exist or has ended")
        return _token_answer("CreateDataChannelOutput", self._tokens.issue("agent", session_id))

    async def _open_control_channel(self, request: web.Request) -> web.WebSocketResponse:
        node_id = request.match_info["node"]
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        _, grant = await self._opening(socket)
        if grant is None or (grant.channel, grant.subject) != ("control", node_id):
            await _refuse(socket)
            return socket
        before = self._controls.get(node_id)
        self._controls[node_id] = socket
        if before is not None:
            self._spawn(_close(before))
        self._instruct(node_id)
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    self._from_control(node_id, message.data)
        except ConnectionError:
            pass  # the agent is gone: the same as a close
        finally:
            if self._controls.get(node_id) is socket:
                del self._controls[node_id]
                self._node_disconnected(node_id)
        return socket

    async def _open_data_channel(self, request: web.Request) -> web.WebSocketResponse:
        session_id = request.match_info["session"]
        # Only a StreamUrl names a cell; the agent makes its own URL.
        from_client = "cell-number" in request.query
        if self.settings.require_presigned and from_client:
            by_headers = presigned.is_signed_by_headers(request.headers.get("Authorization", ""))
            fault = "" if by_headers else presigned.fault_in(request.query, datetime.now(UTC))
            if fault:
                raise web.HTTPForbidden(text=f"the URL's signature: {fault}")
        session = self._sessions.get(session_id)
        if session is not None and session.is_kept_away("client" if from_client else "agent"):
            raise web.HTTPServiceUnavailable(text="kept away")
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        opening, grant = await self._opening(socket)
        session = self._sessions.get(session_id)
        if session is None or grant is None or grant.subject != session_id:
            await _refuse(socket)
        elif grant.channel == "client" and from_client:
            await session.serve("client", socket)
        elif (
            grant.channel == "agent"
            and opening.get("ClientInstanceId") == session.request.node_id
            and not from_client
        ):
            await session.serve("agent", socket)
        else:
            await _refuse(socket)
        return socket

    async def _opening(self, socket: web.WebSocketResponse) -> tuple[dict[str, Any], Grant | None]:
        """The first message, a text with the token; (…, None) when it opens nothing."""
        try:
            text = await socket.receive_str(timeout=_OPENING_SECONDS)
            opening = frames.parse_object(text)
        except (TypeError, TimeoutError, frames.FrameError, ConnectionError):
            return {}, None
        return opening, self._tokens.redeem(str(opening.get("TokenValue", "")))

    def _from_control(self, node_id: str, data: bytes) -> None:
        try:
            frame = frames.decode(data)
            payload = frames.parse_object(frame.payload)
        except frames.FrameError:
            return  # the real service ignores what it can't read
        if frame.message_type == frames.MessageType.AGENT_TASK_COMPLETE:
            self._task_complete(node_id, payload)
        elif frame.message_type == AGENT_JOB_REPLY:
            self._job_reply(node_id, payload)

    def _task_complete(self, node_id: str, payload: dict[str, Any]) -> None:
        task_id = str(payload.get("TaskId", ""))
        message_id = uuid.uuid4()
        answer = {
            "SchemaVersion": 1,
            "MessageId": str(message_id),
            "TaskId": task_id,
            "Topic": payload.get("Topic", ""),
        }
        self._to_control(node_id, frames.MessageType.AGENT_TASK_ACKNOWLEDGE, answer)
        session = self._sessions.get(task_id)
        if session is not None and session.request.node_id == node_id:
            failed = payload.get("FinalTaskStatus") == "Failed"
            session.close(str(payload.get("Output", "")), failed=failed)

    def _job_reply(self, node_id: str, payload: dict[str, Any]) -> None:
        request = self._commands.pop((str(payload.get("JobId", "")), node_id), None)
        if request is None:
            return
        try:
            content = frames.parse_object(str(payload.get("Content", "")))
            steps = content["runtimeStatus"].values()
            step = next(iter(steps))
            result = CommandResult(
                status=str(step["status"]),
                exit_code=int(step["code"]),
                stdout=str(step["standardOutput"]),
                stderr=str(step["standardError"]),
            )
        except (frames.FrameError, KeyError, AttributeError, StopIteration, ValueError):
            result = CommandResult("Failed", -1, "", "The agent's reply can't be read.")
        request.on_result(result)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _frame(message_type: str, payload: dict[str, Any]) -> bytes:
    return frames.encode(
        frames.Frame(
            message_type,
            json.dumps(payload, separators=(",", ":")).encode(),
            message_id=uuid.uuid4().bytes,
            created=int(time.time() * 1000),
        )
    )


async def _send(socket: web.WebSocketResponse, data: bytes, seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)
    with contextlib.suppress(ConnectionError):  # its own loop sees the loss
        await socket.send_bytes(data)


async def _close(socket: web.WebSocketResponse) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        await socket.close(code=1000, message=b"Bye")


async def _refuse(socket: web.WebSocketResponse) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        await socket.close(code=_POLICY_VIOLATION, message=b"this token opens nothing here")


def _token_answer(root: str, token: str) -> web.Response:
    text = (
        f"<{root}><MessageSchemaVersion>1.0</MessageSchemaVersion>"
        f"<TokenValue>{escape(token)}</TokenValue></{root}>"
    )
    return web.Response(status=201, text=text, content_type="application/xml")
