"""The agent's end of one Port session: handshake, then a TCP connection's bytes both ways."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time

from sshq_local.ssm import frames
from sshq_local.ssm.frames import Flag, Frame, MessageType, PayloadType
from sshq_local.ssm.reliable import Receiver, Sender
from sshq_sandbox.agent import AGENT_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from sshq_sandbox.agent.settings import AgentSettings
    from sshq_sandbox.agent.websocket import WebSocket

LAST_ACKNOWLEDGEMENT_SECONDS = 5.0
"""How long the end of a session waits for the client to have the last bytes."""
CLOSE_SECONDS = 1.0
"""How long the TCP peer may take to read the last bytes."""
LARGEST_BACKLOG = 8 * 1024 * 1024
"""Bytes not yet taken by the TCP peer above which input isn't acknowledged: it is sent again."""
_DIAL_STEP_SECONDS = 0.05
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class SessionEndedError(Exception):
    """The session is over for the service: no reconnect."""


class Outcome:
    """`status`: Success or Failed, as agent_task_complete has it; `output`: what the client is
    shown."""

    def __init__(self, status: str, output: str = "") -> None:
        self.status = status
        self.output = output


class PortSession:
    """`content` is interactive_shell's Content. `connect()` opens one more data channel (its
    opening message
    sent) or raises OSError, or SessionEndedError when the service knows no such session.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        settings: AgentSettings,
        connect: Callable[[], Awaitable[WebSocket]],
    ) -> None:
        self._content = content
        self._settings = settings
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._epoch = time.time() - self._loop.time()
        self._sender = Sender(MessageType.OUTPUT_STREAM_DATA, new_id=_new_id, epoch=self._epoch)
        self._receiver = Receiver()
        self._socket: WebSocket | None = None
        self._tcp: asyncio.StreamWriter | None = None
        self._answered: asyncio.Future[str] = self._loop.create_future()
        self._ended: asyncio.Future[Outcome] = self._loop.create_future()
        self._progress = asyncio.Event()
        self._paused = False
        self._open = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> Outcome:
        """Serve until either end is done."""
        channel = asyncio.create_task(self._keep_channel())
        work = asyncio.create_task(self._work())
        try:
            await asyncio.wait((channel, work, self._ended), return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                return self._ended.result()
            return work.result() if work.done() else channel.result()
        finally:
            for task in (channel, work):
                task.cancel()
            await asyncio.gather(channel, work, return_exceptions=True)
            if self._timer is not None:
                self._timer.cancel()
            if self._tcp is not None:
                self._tcp.close()
                try:
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await self._tcp.wait_closed()
                except (TimeoutError, OSError):
                    self._tcp.transport.abort()
            if self._socket is not None:
                await self._socket.close()

    async def _work(self) -> Outcome:
        started = time.monotonic_ns()
        properties = _filled(
            self._content["DocumentContent"].get("properties", {}),
            self._content.get("Parameters") or {},
        )
        if self._content["DocumentContent"].get("sessionType") != "Port" or (
            properties.get("type") == "LocalPortForwarding"
        ):
            return Outcome("Failed", "The sandbox's agent serves plain Port sessions only.")
        self._transmit(
            frames.handshake_request(AGENT_VERSION, session_type="Port", properties=properties),
            PayloadType.HANDSHAKE_REQUEST,
            flags=frames.FLAG_SYN,
        )
        try:
            async with asyncio.timeout(self._settings.handshake_seconds):
                refusal = await self._answered
        except TimeoutError:
            return Outcome("Failed", "Handshake timed out. The client didn't answer.")
        if refusal:
            return Outcome("Failed", f"Handshake failed: {refusal}")
        self._transmit(
            frames.handshake_complete(time.monotonic_ns() - started),
            PayloadType.HANDSHAKE_COMPLETE,
        )
        return await self._serve_port(str(properties.get("portNumber", "")))

    async def _serve_port(self, port_text: str) -> Outcome:
        began = self._loop.time()
        # In small steps: whoever has made the dial long may cut it short.
        while (left := began + self._settings.dial_seconds - self._loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _DIAL_STEP_SECONDS))
        try:
            port = int(port_text)
            reader, self._tcp = await asyncio.open_connection(
                "127.0.0.1", self._settings.ports.get(port, port), limit=1 << 18
            )
        except (OSError, ValueError, OverflowError):
            self._transmit(frames.flag(Flag.CONNECT_TO_PORT_ERROR), PayloadType.FLAG)
            await self._until_acknowledged()
            return Outcome("Failed", f"Unable to connect to port {port_text} of the node.")
        self._open = True
        await self._read_port(reader)
        await self._until_acknowledged()
        return Outcome("Success")

    async def _read_port(self, reader: asyncio.StreamReader) -> None:
        while True:
            pause = self._settings.pause
            try:
                data = await reader.read(self._settings.chunk)
            except ConnectionError:
                return
            if not data:
                return
            while self._paused or self._socket is None or self._sender.room < len(data):
                self._progress.clear()
                await self._progress.wait()
            self._transmit(data, PayloadType.OUTPUT)
            with contextlib.suppress(ConnectionError):
                await self._socket.drain()
            if pause:
                await asyncio.sleep(pause)

    async def _until_acknowledged(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_ACKNOWLEDGEMENT_SECONDS):
                while self._sender.unacknowledged:
                    self._progress.clear()
                    await self._progress.wait()

    async def _keep_channel(self) -> Outcome:
        """Receive; open the data channel anew whenever it is lost."""
        backoff = 0.0
        while True:
            try:
                socket = await self._connect()
            except SessionEndedError:
                return Outcome("Success")
            except OSError:
                backoff = min(5.0, backoff * 2 or 0.1)
                await asyncio.sleep(backoff)
                continue
            backoff = 0.0
            self._socket = socket
            self._paused = False
            socket.send_binary(self._state_frame())
            for encoded in self._sender.resend_all(self._loop.time()):
                socket.send_binary(encoded)
            self._arm()
            self._progress.set()
            while (message := await socket.receive()) is not None:
                try:
                    frame = frames.decode(message)
                    if self._on_frame(frame):
                        return self._ended.result()
                except frames.FrameError:
                    continue
            self._socket = None
            await socket.close()

    def _on_frame(self, frame: Frame) -> bool:
        """Whether the session is over."""
        kind = frame.message_type
        if kind == MessageType.INPUT_STREAM_DATA:
            self._resume()
            self._on_input(frame)
        elif kind == MessageType.ACKNOWLEDGE:
            self._resume()
            _, sequence = frames.parse_acknowledge(frame.payload)
            self._sender.acknowledge(sequence, self._loop.time())
            self._progress.set()
        elif kind == MessageType.PAUSE_PUBLICATION:
            self._paused = True
        elif kind == MessageType.START_PUBLICATION:
            self._resume()
        elif kind == MessageType.CHANNEL_CLOSED:
            self._end(Outcome("Success"))
        return self._ended.done()

    def _resume(self) -> None:
        if self._paused and self._socket is not None:
            self._paused = False
            # What the client missed while it was away is unknown.
            for encoded in self._sender.resend_all(self._loop.time()):
                self._socket.send_binary(encoded)
            self._progress.set()
            self._arm()

    def _on_input(self, frame: Frame) -> None:
        if frame.payload_type == PayloadType.OUTPUT and self._answered.done():
            # As AWS's agent: refused, so sent again, while there is nobody to take it.
            if self._tcp is None:
                return
            if self._tcp.transport.get_write_buffer_size() > LARGEST_BACKLOG:
                return
        acknowledged, ready = self._receiver.accept(frame)
        if acknowledged and self._socket is not None:
            answer = frames.acknowledge(
                frame, message_id=_new_id(), created=int((self._epoch + self._loop.time()) * 1000)
            )
            self._socket.send_binary(frames.encode(answer))
        for each in ready:
            self._take(each)

    def _take(self, frame: Frame) -> None:
        if frame.payload_type == PayloadType.OUTPUT:
            # Before the handshake is complete, AWS's agent acknowledges data and throws it away.
            if self._tcp is not None:
                self._tcp.write(frame.payload)
        elif frame.payload_type == PayloadType.HANDSHAKE_RESPONSE:
            if not self._answered.done():
                self._answered.set_result(_refusal(frame.payload))
        elif (
            frame.payload_type == PayloadType.FLAG
            and frames.parse_flag(frame.payload) == Flag.TERMINATE_SESSION
        ):
            self._end(Outcome("Success"))

    def _end(self, outcome: Outcome) -> None:
        if not self._ended.done():
            self._ended.set_result(outcome)

    def _transmit(self, payload: bytes, payload_type: PayloadType, *, flags: int = 0) -> None:
        encoded = self._sender.send(payload, payload_type, self._loop.time(), flags=flags)
        if self._socket is not None:
            self._socket.send_binary(encoded)
        self._arm()

    def _arm(self) -> None:
        deadline = self._sender.deadline
        if self._timer is None and deadline is not None and not self._paused:
            self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._socket is None or self._paused:
            return  # armed again when there is somebody to send to
        encoded = self._sender.due(self._loop.time())
        if encoded is not None:
            self._socket.send_binary(encoded)
        self._arm()

    def _state_frame(self) -> bytes:
        state = (
            f'{{"SchemaVersion":1,"SessionState":"Connected",'
            f'"SessionId":"{self._content["SessionId"]}"}}'
        )
        return frames.encode(
            Frame(
                MessageType.AGENT_SESSION_STATE,
                state.encode(),
                message_id=_new_id(),
                created=int(time.time() * 1000),
                flags=frames.FLAGS_ACKNOWLEDGE,
            )
        )


def _new_id() -> bytes:
    return os.urandom(16)


def _filled(properties: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _PLACEHOLDER.sub(lambda found: parameters.get(found[1], found[0]), str(value))
        for name, value in properties.items()
    }


def _refusal(payload: bytes) -> str:
    """What the client couldn't do, "" if it did all that was asked."""
    actions = frames.parse_object(payload).get("ProcessedClientActions")
    if not isinstance(actions, list) or not actions:
        return "the client's answer names no action"
    for action in actions:
        if action.get("ActionStatus") != frames.ActionStatus.SUCCESS:
            return str(action.get("Error") or action.get("ActionType"))
    return ""
