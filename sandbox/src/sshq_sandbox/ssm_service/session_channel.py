"""One session in the message service: two WebSockets, and frames passed from each to the other."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import WSMsgType

from sshq_local.ssm import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from aiohttp import web

    from sshq_sandbox.ports import SessionRequest
    from sshq_sandbox.ssm_service.faults import FrameFaults
    from sshq_sandbox.ssm_service.service_settings import ServiceSettings


End = Literal["client", "agent"]

_STREAM_DATA = (b"input_stream_data ", b"output_stream_data")
_HEADER = 120
_OVERTAKEN_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 0.2


class SessionChannel:
    """Lives on the event loop. `changed(status, details)`: Connected, Disconnected, Terminated,
    Failed."""

    def __init__(
        self,
        request: SessionRequest,
        settings: ServiceSettings,
        faults: FrameFaults,
        changed: Callable[[str, str], None],
    ) -> None:
        self.request = request
        self.closed = False
        self._settings = settings
        self._faults = faults
        self._changed = changed
        self._sockets: dict[End, web.WebSocketResponse] = {}
        self._held: dict[End, deque[bytes]] = {"client": deque(), "agent": deque()}
        self._paused: set[End] = set()
        self._last_activity = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Task[None] | None = None
        self._overtaken: dict[End, bytes] = {}
        self._away_until: dict[End, float] = {}

    def watch(self) -> None:
        """Begin to keep the document's idleSessionTimeout and maxSessionDuration."""
        self._last_activity = asyncio.get_running_loop().time()
        self._timer = asyncio.create_task(self._keep_time())

    async def serve(self, end: End, socket: web.WebSocketResponse) -> None:
        """Pass this WebSocket's frames to the other end until it closes. A newer one replaces
        it."""
        before = self._sockets.get(end)
        self._sockets[end] = socket
        if before is not None:
            self._spawn(_close(before))
        await self._arrived(end, socket)
        other: End = "agent" if end == "client" else "client"
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await self._forward(other, message.data)
        except ConnectionError:
            pass  # the other side of this socket is gone: the same as a close
        finally:
            if self._sockets.get(end) is socket:
                del self._sockets[end]
                self._left(end, other)

    def close(self, output: str, *, failed: bool = False) -> None:
        """End the session: channel_closed to whoever is there, then the WebSockets close."""
        if self.closed:
            return
        self.closed = True
        self._changed("Failed" if failed else "Terminated", output)
        for end, socket in list(self._sockets.items()):
            self._spawn(self._send_last(end, socket, output))
        if self._timer is not None and self._timer is not asyncio.current_task():
            self._timer.cancel()

    def say_bye(self) -> None:
        """Close both WebSockets as the service does about hourly; the session stays."""
        for socket in list(self._sockets.values()):
            self._spawn(_close(socket))

    def tear(self) -> None:
        """Cut the client's connection without a word, as a network does."""
        if (socket := self._sockets.get("client")) is not None:
            _abort(socket)
            self._faults.torn += 1

    def send_away(self, end: End, seconds: float) -> None:
        """Close this end's WebSocket; until the time is over it isn't let in again."""
        self._away_until[end] = asyncio.get_running_loop().time() + seconds
        if (socket := self._sockets.get(end)) is not None:
            self._spawn(_close(socket))

    def is_kept_away(self, end: End) -> bool:
        return asyncio.get_running_loop().time() < self._away_until.get(end, 0.0)

    def described(self) -> dict[str, Any]:
        return {
            "node": self.request.node_id,
            "connected": sorted(self._sockets),
            "held": {end: len(held) for end, held in self._held.items()},
        }

    async def drained(self) -> None:
        """Wait for what `close` and `say_bye` began."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _arrived(self, end: End, socket: web.WebSocketResponse) -> None:
        held = self._held[end]
        while held and self._sockets.get(end) is socket:
            await socket.send_bytes(held.popleft())
        other: End = "agent" if end == "client" else "client"
        if other in self._paused:
            self._paused.discard(other)
            await self._deliver(other, _notice(frames.MessageType.START_PUBLICATION))
        if len(self._sockets) == 2:
            self._changed("Connected", "")

    def _left(self, end: End, other: End) -> None:
        if self.closed:
            return
        if end == "client":
            self._changed("Disconnected", "")
        if other in self._sockets:
            self._paused.add(other)
            self._spawn(self._deliver(other, _notice(frames.MessageType.PAUSE_PUBLICATION)))

    async def _forward(self, to: End, data: bytes) -> None:
        """The frame as it came: only its type is read (bytes 4 to 36)."""
        kind = data[4:22]
        if kind in _STREAM_DATA:
            self._last_activity = asyncio.get_running_loop().time()
            if to == "agent" and len(data) - _HEADER > self._settings.largest_payload:
                if self._settings.close_on_larger and (socket := self._sockets.get("client")):
                    _abort(socket)
                return
        elif data[4:36].rstrip(b" \0") == b"agent_session_state":
            return  # for the service alone
        if self._faults:
            await self._forward_with_faults(to, data)
        else:
            await self._deliver(to, data)

    async def _forward_with_faults(self, to: End, data: bytes) -> None:
        fault = self._faults.take(to, data[4:36].rstrip(b" \0").decode("ascii", "replace"))
        if fault is not None and fault.kind == "reorder" and to not in self._overtaken:
            self._overtaken[to] = data
            # Where no frame follows, it comes a little later all the same.
            self._spawn(self._deliver_overtaken(to))
            return
        if fault is None or fault.kind == "reorder":
            await self._deliver(to, data)
        elif fault.kind == "duplicate":
            await self._deliver(to, data)
            await self._deliver(to, data)
        elif fault.kind == "delay":
            self._spawn(self._deliver_later(to, data, fault.seconds))
        if (overtaken := self._overtaken.pop(to, None)) is not None:
            await self._deliver(to, overtaken)

    async def _deliver_overtaken(self, to: End) -> None:
        await asyncio.sleep(_OVERTAKEN_SECONDS)
        if (overtaken := self._overtaken.pop(to, None)) is not None:
            await self._deliver(to, overtaken)

    async def _deliver_later(self, to: End, data: bytes, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._deliver(to, data)

    async def _deliver(self, to: End, data: bytes) -> None:
        socket = self._sockets.get(to)
        held = self._held[to]
        if socket is not None and not socket.closed and not held:
            with contextlib.suppress(ConnectionError):  # its own loop sees the loss
                await socket.send_bytes(data)
        elif self._settings.hold_frames and len(held) < self._settings.held_frames_limit:
            held.append(data)

    async def _send_last(self, end: End, socket: web.WebSocketResponse, output: str) -> None:
        message_id = uuid.uuid4().bytes
        now = datetime.now(UTC)
        payload = frames.channel_closed(
            self.request.session_id,
            message_id=message_id,
            created_date=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            output=output,
        )
        frame = frames.Frame(
            frames.MessageType.CHANNEL_CLOSED,
            payload,
            message_id=message_id,
            created=int(now.timestamp() * 1000),
        )
        with contextlib.suppress(ConnectionError):
            # To the agent a reason is no error of its own: it is told to stop.
            await socket.send_bytes(frames.encode(frame))
        await _close(socket)
        if self._sockets.get(end) is socket:
            del self._sockets[end]

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        inputs = self.request.document_content.get("inputs") or {}
        started = loop.time()
        while True:
            # Each time anew: a test shortens the minutes of a session that is open.
            idle = self._seconds(inputs.get("idleSessionTimeout"))
            longest = self._seconds(inputs.get("maxSessionDuration"))
            now = loop.time()
            idle_left = self._last_activity + idle - now if idle else float("inf")
            life_left = started + longest - now if longest else float("inf")
            if idle_left <= 0:
                self.close("Your session timed out due to inactivity.")
                return
            if life_left <= 0:
                self.close("Your session has reached its maximum duration.")
                return
            left = min(idle_left, life_left)
            if left == float("inf"):
                return
            await asyncio.sleep(min(left, _LOOK_AGAIN_SECONDS))

    def _seconds(self, minutes: str | None) -> float:
        return float(minutes) * self._settings.seconds_per_minute if minutes else 0.0

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _close(socket: web.WebSocketResponse) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        await socket.close(code=1000, message=b"Bye")


def _abort(socket: web.WebSocketResponse) -> None:
    request = socket._req  # noqa: SLF001 (aiohttp offers no way to reset a WebSocket)
    if request is not None and request.transport is not None:
        request.transport.abort()


def _notice(message_type: frames.MessageType) -> bytes:
    return frames.encode(
        frames.Frame(
            message_type,
            message_id=uuid.uuid4().bytes,
            created=int(datetime.now(UTC).timestamp() * 1000),
        )
    )
