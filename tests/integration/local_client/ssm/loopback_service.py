"""A message service and an agent in one, on loopback: what tests of the shell connect to.

The agent echoes. Tests cut connections, keep agents silent, and close channels through it.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import trustme
from aiohttp import WSMsgType, web

from sshq_local.ssm.frames import MessageType, channel_closed
from sshq_local.ssm.settings import SessionAccess, SessionGone
from tests.unit.local_client.ssm.agent import Agent, service_message
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Session:
    def __init__(self, *, silent: bool) -> None:
        self.agent = Agent()
        self.silent = silent
        self.echoed = 0
        self.socket: web.WebSocketResponse | None = None
        self.connections = 0
        self.received_messages = 0


class LoopbackService:
    """Use as a context manager. `silent`: how many sessions' agents never shake hands."""

    def __init__(self, folder: Path, *, silent: int = 0, cut_every: int = 0) -> None:
        self.ca_file = folder / "ca.pem"
        self.sessions: dict[str, Session] = {}
        self.ended: list[str] = []
        self.refusal = ""
        self.gone = False
        self.unreachable = False
        self.asked = threading.Event()
        self._silent = silent
        self._cut_every = cut_every
        self._numbers = count(1)
        self._tokens: set[str] = set()
        self._changed = threading.Condition()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1", "ssmmessages.eu-west-1.amazonaws.com").configure_cert(
            self._context
        )

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)))
        self._thread.start()
        assert started.wait(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_SECONDS)

    def open_session(self) -> SessionAccess:
        if self.refusal:
            raise SessionGone(self.refusal)
        session_id = f"s-{len(self.sessions) + 1}"
        self.sessions[session_id] = Session(silent=len(self.sessions) < self._silent)
        return self._access(session_id)

    def resume(self, session_id: str) -> SessionAccess:
        self.asked.set()
        if self.unreachable:
            raise OSError("network is unreachable")
        if self.gone:
            raise SessionGone("The session has ended on the service's side.")
        return self._access(session_id)

    def end(self, session_id: str) -> None:
        self.ended.append(session_id)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_SECONDS), "it never happened"

    def received(self, session_id: str) -> int:
        """Bytes that the session's agent has; 0 while there is no such session."""
        session = self.sessions.get(session_id)
        return len(session.agent.received) if session is not None else 0

    def close_channel(self, session_id: str, output: str) -> None:
        payload = channel_closed(
            session_id, message_id=bytes(16), created_date="now", output=output
        )
        self._soon(self._send, session_id, service_message(MessageType.CHANNEL_CLOSED, payload))

    def cut(self, session_id: str) -> None:
        """Tear the socket, without a word."""
        self._soon(self._tear, session_id)

    def bye(self, session_id: str) -> None:
        """Close the WebSocket with 1000, as the service does every hour."""
        self._soon(self._bye, session_id)

    def be_deaf(self) -> None:
        """Read nothing, answer no ping."""
        self._loop.call_soon_threadsafe(self._hearing.clear)

    def hear_again(self) -> None:
        self._loop.call_soon_threadsafe(self._hearing.set)

    def _soon(self, call: Callable[..., Any], *arguments: object) -> None:
        asyncio.run_coroutine_threadsafe(call(*arguments), self._loop).result(PATIENCE_SECONDS)

    def _access(self, session_id: str) -> SessionAccess:
        token = f"token-{next(self._numbers)}"
        self._tokens.add(token)
        url = f"wss://127.0.0.1:{self.port}/v1/data-channel/{session_id}?role=publish_subscribe"
        return SessionAccess(session_id, url, token)

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._hearing = asyncio.Event()
        self._hearing.set()
        application = web.Application()
        application.router.add_get("/v1/data-channel/{session}", self._data_channel)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.port = runner.addresses[0][1]
        ticking = asyncio.create_task(self._tick())
        started.set()
        await self._stop.wait()
        ticking.cancel()
        self._hearing.set()
        for session in self.sessions.values():
            if session.socket is not None:
                await session.socket.close()
        await runner.cleanup()

    async def _data_channel(self, request: web.Request) -> web.WebSocketResponse:
        session = self.sessions[request.match_info["session"]]
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        opening = await socket.receive_str()
        session.agent.on_client(opening, time.monotonic())
        assert session.agent.tokens[-1] in self._tokens, "a token serves one connection"
        self._tokens.remove(session.agent.tokens[-1])
        session.socket = socket
        session.connections += 1
        self._tell()
        if session.connections > 1:
            session.agent.reconnect(time.monotonic())
        if session.silent:
            session.agent.outgoing.clear()
        await self._flush(session)
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            await self._hearing.wait()
            session.received_messages += 1
            if self._cut_every and session.received_messages % self._cut_every == 0:
                await self._tear_socket(socket)
                break
            session.agent.on_client(message.data, time.monotonic())
            # Told before the echo goes out: a client that doesn't read holds that back.
            self._tell()
            self._echo(session)
            await self._flush(session)
        if session.socket is socket:
            session.socket = None
        return socket

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _echo(self, session: Session) -> None:
        agent = session.agent
        while session.echoed < len(agent.received):
            part = bytes(agent.received[session.echoed : session.echoed + 1024 * 16])
            agent.send(part, time.monotonic())
            session.echoed += len(part)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            for session in self.sessions.values():
                if not session.silent:
                    session.agent.tick(time.monotonic())
                    await self._flush(session)

    async def _flush(self, session: Session) -> None:
        messages = session.agent.take()
        if session.socket is None:
            return
        try:
            for message in messages:
                await session.socket.send_bytes(message)
        except ConnectionError:
            session.socket = None

    async def _send(self, session_id: str, message: bytes) -> None:
        socket = self.sessions[session_id].socket
        assert socket is not None
        await socket.send_bytes(message)

    async def _tear(self, session_id: str) -> None:
        socket = self.sessions[session_id].socket
        assert socket is not None
        await self._tear_socket(socket)

    async def _tear_socket(self, socket: web.WebSocketResponse) -> None:
        transport = socket.get_extra_info("socket")
        assert transport is not None
        writer = socket._writer
        assert writer is not None
        assert writer.transport is not None
        writer.transport.abort()

    async def _bye(self, session_id: str) -> None:
        socket = self.sessions[session_id].socket
        assert socket is not None
        await socket.close(code=1000, message=b"Bye")
