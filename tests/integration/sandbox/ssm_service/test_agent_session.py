"""The agent's end of a session by itself: a channel in memory, frames that AWS's plugin sent."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.ssm import frames
from sshq_local.ssm.frames import Flag, Frame, MessageType, PayloadType
from sshq_local.ssm.reliable import INITIAL_RESEND
from sshq_sandbox.agent.session import Outcome, PortSession, SessionEndedError
from sshq_sandbox.agent.settings import AgentSettings
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[4]
VECTORS = {
    vector["name"]: vector
    for vector in json.loads((ROOT / "tests/unit/local_client/ssm/vectors.json").read_text())
}
RESPONSE = bytes.fromhex(VECTORS["handshake_response (plugin)"]["hex"])
BANNER = bytes.fromhex(VECTORS["input: ssh banner (plugin)"]["hex"])
BANNER_TEXT = frames.decode(BANNER).payload


class MemoryChannel:
    """A data channel whose other end is the test."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.sent: asyncio.Queue[Frame] = asyncio.Queue()

    def send_binary(self, data: bytes) -> None:
        self.sent.put_nowait(frames.decode(data))

    async def drain(self) -> None:
        """Nothing to wait for in memory."""

    async def receive(self) -> bytes | None:
        return await self.inbox.get()

    async def close(self) -> None:
        self.inbox.put_nowait(None)

    async def next(self, message_type: str) -> Frame:
        """The next frame of this type; others are passed over."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (frame := await self.sent.get()).message_type != message_type:
                pass
        return frame


class Rig:
    def __init__(self, port: int) -> None:
        self.channels: list[MemoryChannel] = []
        self.connected = asyncio.Event()
        self.ended = False
        self._known: set[bytes] = set()
        content = {
            "DocumentContent": {
                "sessionType": "Port",
                "properties": {"portNumber": "{{ portNumber }}"},
            },
            "Parameters": {"portNumber": "2222"},
            "SessionId": "s-1",
        }
        settings = AgentSettings(
            endpoint="",
            state_dir=Path(),
            ports={2222: port},
            handshake_seconds=PATIENCE_SECONDS,
        )
        self.session = PortSession(content, settings, self._connect)  # type: ignore[arg-type]

    @property
    def channel(self) -> MemoryChannel:
        return self.channels[-1]

    async def _connect(self) -> MemoryChannel:
        if self.ended:
            raise SessionEndedError
        self.channels.append(MemoryChannel())
        self.connected.set()
        return self.channel

    def put(
        self,
        message_type: str,
        payload: bytes = b"",
        *,
        sequence: int = 0,
        payload_type: int = 0,
    ) -> None:
        frame = Frame(
            message_type,
            payload,
            message_id=os.urandom(16),
            created=1,
            sequence=sequence,
            payload_type=payload_type,
        )
        self.channel.inbox.put_nowait(frames.encode(frame))

    def acknowledge(self, frame: Frame) -> None:
        answer = frames.acknowledge(frame, message_id=os.urandom(16), created=1)
        self.channel.inbox.put_nowait(frames.encode(answer))

    async def output(self) -> Frame:
        """The next one that is new: what isn't acknowledged soon enough is sent again."""
        while (frame := await self.any_output()).message_id in self._known:
            pass
        self._known.add(frame.message_id)
        return frame

    async def any_output(self) -> Frame:
        return await self.channel.next(MessageType.OUTPUT_STREAM_DATA)

    async def until_heard(self) -> None:
        """Until the session has taken, and done, what was put."""
        while not self.channel.inbox.empty():  # noqa: ASYNC110 (the queue has nobody to tell)
            await asyncio.sleep(0)

    async def shake_hands(self) -> None:
        self.acknowledge(await self.output())
        self.channel.inbox.put_nowait(RESPONSE)
        complete = await self.output()
        assert complete.payload_type == PayloadType.HANDSHAKE_COMPLETE
        self.acknowledge(complete)


@asynccontextmanager
async def session_to(port: int) -> AsyncIterator[tuple[Rig, asyncio.Task[Outcome]]]:
    rig = Rig(port)
    running = asyncio.create_task(rig.session.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await rig.connected.wait()
    yield rig, running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until_taken(rig: Rig) -> Frame:
    """Send the banner until something comes back: it is refused while the port isn't dialled."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rig.channel.inbox.put_nowait(BANNER)
            try:
                async with asyncio.timeout(0.1):
                    return await rig.output()
            except TimeoutError:
                continue


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value)


def payload_of(name: str) -> Any:
    return json.loads(VECTORS[name]["payload_utf8"])


def test_its_frames_are_like_those_of_awss_agent() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, _running):
            state = await rig.channel.next(MessageType.AGENT_SESSION_STATE)
            assert state.flags == VECTORS["agent_session_state"]["flags"]
            assert shape(json.loads(state.payload)) == shape(payload_of("agent_session_state"))
            request = await rig.output()
            captured = VECTORS["handshake_request ssh"]
            assert (request.sequence, request.flags, request.payload_type) == (
                captured["seq"],
                captured["flags"],
                captured["ptype"],
            )
            assert json.loads(request.payload) == payload_of("handshake_request ssh")
            rig.acknowledge(request)
            rig.channel.inbox.put_nowait(RESPONSE)
            answer = await rig.channel.next(MessageType.ACKNOWLEDGE)
            assert answer.flags == 3
            acknowledged = json.loads(answer.payload)
            assert shape(acknowledged) == shape(payload_of("ack of handshake_response (agent)"))
            complete = await rig.output()
            assert (complete.sequence, complete.flags) == (1, 0)
            assert shape(json.loads(complete.payload)) == shape(payload_of("handshake_complete"))

    asyncio.run(play())


def test_data_flows_after_the_handshake() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, _running):
            await rig.shake_hands()
            back = await until_taken(rig)
            assert (back.payload_type, back.payload) == (PayloadType.OUTPUT, BANNER_TEXT)
            # The same again is acknowledged again, and not delivered twice.
            while not rig.channel.sent.empty():
                rig.channel.sent.get_nowait()
            rig.acknowledge(back)
            rig.channel.inbox.put_nowait(BANNER)
            await rig.channel.next(MessageType.ACKNOWLEDGE)
            rig.put(
                MessageType.INPUT_STREAM_DATA,
                b"next",
                sequence=2,
                payload_type=PayloadType.OUTPUT,
            )
            assert (await rig.output()).payload == b"next"

    asyncio.run(play())


def test_data_before_the_handshake_is_acknowledged_and_lost() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, _running):
            rig.put(
                MessageType.INPUT_STREAM_DATA,
                b"too early",
                sequence=0,
                payload_type=PayloadType.OUTPUT,
            )
            await rig.channel.next(MessageType.ACKNOWLEDGE)

    asyncio.run(play())


def test_what_nobody_acknowledges_is_sent_again() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, _running):
            first = await rig.output()
            again = await rig.any_output()
            assert (again.sequence, again.message_id) == (first.sequence, first.message_id)

    asyncio.run(play())


def test_a_lost_channel_is_opened_anew_and_numbers_go_on() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, running):
            first = await rig.output()
            rig.connected.clear()
            rig.channel.inbox.put_nowait(None)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await rig.connected.wait()
            assert (await rig.any_output()).message_id == first.message_id
            rig.ended = True
            rig.channel.inbox.put_nowait(None)
            assert (await running).status == "Success"

    asyncio.run(play())


@pytest.mark.parametrize("word", ["flag", "channel_closed"])
def test_either_word_of_the_end_ends_it(word: str) -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, running):
            await rig.shake_hands()
            if word == "flag":
                rig.put(
                    MessageType.INPUT_STREAM_DATA,
                    frames.flag(Flag.TERMINATE_SESSION),
                    sequence=1,
                    payload_type=PayloadType.FLAG,
                )
            else:
                rig.put(MessageType.CHANNEL_CLOSED, b"{}")
            assert (await running).status == "Success"

    asyncio.run(play())


def test_a_client_that_refuses_ends_the_session() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, running):
            refusal = frames.handshake_response(
                [("SessionType", frames.ActionStatus.UNSUPPORTED, "can't do that")]
            )
            rig.put(
                MessageType.INPUT_STREAM_DATA,
                refusal,
                payload_type=PayloadType.HANDSHAKE_RESPONSE,
            )
            outcome = await running
            assert outcome.status == "Failed"
            assert "can't do that" in outcome.output

    asyncio.run(play())


def test_nothing_is_sent_while_publication_is_paused() -> None:
    async def play() -> None:
        async with echo_server() as port, session_to(port) as (rig, _running):
            first = await rig.output()
            rig.put(MessageType.PAUSE_PUBLICATION)
            await rig.until_heard()
            while not rig.channel.sent.empty():
                rig.channel.sent.get_nowait()
            with pytest.raises(TimeoutError):
                # Longer than the first resend would take.
                async with asyncio.timeout(2 * INITIAL_RESEND):
                    await rig.any_output()
            rig.put(MessageType.START_PUBLICATION)
            again = await rig.any_output()
            assert again.message_id == first.message_id

    asyncio.run(play())
