"""A hostile peer: captured frames bent out of shape, and garbage, into codec, channel and WebSocket.

CI runs it for a few seconds; `make fuzz` for as many examples as SSHQ_FUZZ_EXAMPLES says.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sshq_local.ssm.channel import Channel, State
from sshq_local.ssm.frames import Frame, FrameError, decode, encode
from sshq_local.ssm.reliable import LARGEST_GAP, LARGEST_GAP_BYTES
from sshq_local.ssm.settings import Settings
from sshq_local.ssm.websocket import (
    LARGEST_ANSWER,
    LARGEST_MESSAGE,
    UpgradeRefused,
    WebSocket,
    WebSocketError,
)
from tests.unit.local_client.ssm.agent import EPOCH, Agent, numbered_ids

EXAMPLES = int(os.environ.get("SSHQ_FUZZ_EXAMPLES", "300"))
CAPTURED = [
    bytes.fromhex(vector["hex"])
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if "hex" in vector
]
TYPES = ["output_stream_data", "acknowledge", "channel_closed", "pause_publication", "nonsense"]

fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def bent(draw: Any) -> bytes:
    """A captured frame with bytes changed, cut out or put in."""
    frame = bytearray(draw(st.sampled_from(CAPTURED)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(frame) - 1)))
        match draw(st.integers(0, 3)):
            case 0:
                frame[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del frame[at : at + draw(st.integers(1, 64))]
            case 2:
                frame[at:at] = draw(st.binary(max_size=16))
            case _:
                frame[at : at + 4] = struct.pack(">i", draw(st.sampled_from([-1, 0, 1, 2**31 - 1])))
    return bytes(frame)


# Well-formed, so that it comes past the codec: a digest of its own, any numbers, any payload.
made = st.builds(
    lambda message_type, payload, sequence, flags, payload_type: encode(
        Frame(
            message_type,
            payload,
            message_id=bytes(16),
            created=1,
            sequence=sequence,
            flags=flags,
            payload_type=payload_type,
        )
    ),
    st.sampled_from(TYPES),
    st.one_of(st.binary(max_size=40), st.sampled_from([b"{}", b"[]", b"null", b'{"a":' * 50])),
    st.one_of(st.integers(0, 12), st.integers(-(2**63), 2**63 - 1)),
    st.integers(0, 3),
    st.integers(0, 13),
)
peer = st.lists(st.one_of(st.binary(max_size=200), bent(), made), max_size=25)


@fuzz
@given(st.one_of(st.binary(max_size=300), bent()))
def test_the_codec_reads_a_frame_or_says_no(data: bytes) -> None:
    try:
        frame = decode(data)
    except FrameError:
        return
    assert len(frame.payload) <= len(data)


@fuzz
@given(peer, st.booleans())
def test_a_channel_lives_on_or_ends_and_keeps_no_more_than_it_may(
    messages: list[bytes], opened: bool
) -> None:
    client = Channel(Settings(), new_id=numbered_ids(), epoch=EPOCH)
    client.on_connected("token", 0.0)
    if opened:
        agent = Agent()
        for _ in range(4):
            for message in client.take_messages():
                agent.on_client(message, 0.0)
            for answer in agent.take():
                client.receive(answer, 0.0)
        assert client.state is State.OPEN
        client.send(b"ours", 0.0)
    for number, message in enumerate(messages):
        client.receive(message, number / 10)
        client.tick(number / 10)
    assert (client.end is not None) == (client.state is State.CLOSED)
    assert len(client.take_messages()) <= 3 * len(messages) + 3
    assert sum(map(len, client.take_data())) <= sum(map(len, messages))
    assert len(client._receiver._early) <= LARGEST_GAP
    assert client._receiver._early_bytes <= LARGEST_GAP_BYTES
    assert client.room >= 0


@fuzz
@given(
    st.lists(st.one_of(st.binary(max_size=300), st.just(b"\x82\x7f" + b"\xff" * 8)), max_size=12),
    st.booleans(),
)
def test_a_web_socket_says_no_before_it_allocates(parts: list[bytes], upgraded: bool) -> None:
    websocket = WebSocket(host="host", target="/", random=bytes)
    websocket._opened = upgraded
    taken = 0
    for part in parts:
        try:
            taken += len(list(websocket.receive(part)))
        except (WebSocketError, UpgradeRefused):
            break
        assert len(websocket._incoming) <= LARGEST_MESSAGE + LARGEST_ANSWER
    assert taken <= sum(map(len, parts))
