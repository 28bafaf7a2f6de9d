"""The codec against frames captured from AWS's plugin and agent, and against garbage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.ssm import frames
from sshq_local.ssm.frames import ActionStatus, Flag, Frame, FrameError, MessageType, PayloadType

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vectors.json").read_text())
BINARY = [vector for vector in VECTORS if "hex" in vector]


def captured(name: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if vector["name"] == name)


def payload_of(name: str) -> bytes:
    return frames.decode(bytes.fromhex(captured(name)["hex"])).payload


@pytest.mark.parametrize("vector", BINARY, ids=lambda vector: vector["name"])
def test_captured_frames_are_read_and_written_byte_by_byte(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    frame = frames.decode(raw)
    assert frame.message_type == vector["type"]
    assert frame.sequence == vector["seq"]
    assert frame.flags == vector["flags"]
    assert frame.payload_type == vector["ptype"]
    assert frame.created == vector["created"]
    assert frames.uuid_text(frame.message_id) == vector["message_id"]
    assert len(frame.payload) == vector["payload_len"]
    assert frames.encode(frame) == raw


def test_the_first_message_is_the_plugin_s() -> None:
    theirs = json.loads(captured("open_data_channel(plugin)")["text"])
    ours = json.loads(
        frames.open_data_channel(
            theirs["TokenValue"],
            request_id=bytes.fromhex(theirs["RequestId"].replace("-", "")),
            client_id=bytes.fromhex(theirs["ClientId"].replace("-", "")),
            client_version=theirs["ClientVersion"],
        )
    )
    assert ours == theirs


def test_acknowledgements_are_the_plugin_s_and_the_agent_s() -> None:
    for asked, answer in [
        ("handshake_request ssh", "ack of handshake_request (plugin)"),
        ("handshake_response (plugin)", "ack of handshake_response (agent)"),
    ]:
        frame = frames.decode(bytes.fromhex(captured(asked)["hex"]))
        theirs = frames.decode(bytes.fromhex(captured(answer)["hex"]))
        ours = frames.acknowledge(frame, message_id=theirs.message_id, created=theirs.created)
        assert frames.encode(ours) == frames.encode(theirs)
        assert frames.parse_acknowledge(theirs.payload) == (frame.message_type, frame.sequence)


def test_the_handshake_is_the_plugin_s_and_the_agent_s() -> None:
    request = frames.handshake_request(
        "3.3.1142.0", session_type="Port", properties={"portNumber": "2222"}
    )
    assert request == payload_of("handshake_request ssh")
    asked = frames.parse_handshake_request(request)
    assert asked == [("SessionType", {"SessionType": "Port", "Properties": {"portNumber": "2222"}})]
    response = frames.handshake_response(
        [("SessionType", ActionStatus.SUCCESS, "")], client_version="1.2.677.0"
    )
    assert response == payload_of("handshake_response (plugin)")
    assert frames.handshake_complete(2142850) == payload_of("handshake_complete")


def test_a_handshake_s_errors_are_listed() -> None:
    response = json.loads(
        frames.handshake_response([("KMSEncryption", ActionStatus.UNSUPPORTED, "no")])
    )
    assert response["Errors"] == ["no"]
    assert response["ProcessedClientActions"][0]["ActionStatus"] == 3


def test_parameters_that_are_no_object_count_as_none() -> None:
    payload = b'{"RequestedClientActions":[{"ActionType":"X","ActionParameters":7}]}'
    assert frames.parse_handshake_request(payload) == [("X", {})]


def test_the_flag_is_the_plugin_s() -> None:
    payload = payload_of("flag TerminateSession (plugin)")
    assert frames.flag(Flag.TERMINATE_SESSION) == payload
    assert frames.parse_flag(payload) == Flag.TERMINATE_SESSION


def test_channel_closed_carries_the_error_to_show() -> None:
    payload = frames.channel_closed(
        "s-1", message_id=bytes(16), created_date="2026-11-22T00:00:00Z", output="it broke"
    )
    assert frames.parse_channel_closed(payload) == "it broke"
    assert json.loads(payload)["SessionId"] == "s-1"
    assert frames.parse_channel_closed(b'{"Output":null}') == ""


@pytest.mark.parametrize(
    ("parse", "payload"),
    [
        (frames.parse_flag, b"\0\0\2"),
        (frames.parse_acknowledge, b"[]"),
        (frames.parse_acknowledge, b"{}"),
        (
            frames.parse_acknowledge,
            b'{"AcknowledgedMessageType":"x","AcknowledgedMessageSequenceNumber":true}',
        ),
        (
            frames.parse_acknowledge,
            b'{"AcknowledgedMessageType":"x","AcknowledgedMessageSequenceNumber":-1}',
        ),
        (frames.parse_channel_closed, b"\xff"),
        (frames.parse_channel_closed, b"[" * 200_000),
        (frames.parse_handshake_request, b"{}"),
        (frames.parse_handshake_request, b'{"RequestedClientActions":[1]}'),
        (frames.parse_handshake_request, b'{"RequestedClientActions":[{"ActionType":1}]}'),
    ],
)
def test_payloads_that_make_no_sense_are_frame_errors(
    parse: Callable[[bytes], object], payload: bytes
) -> None:
    with pytest.raises(FrameError):
        parse(payload)


def valid() -> bytearray:
    return bytearray(
        frames.encode(
            Frame("output_stream_data", b"data", message_id=bytes(16), created=1, sequence=1)
        )
    )


@pytest.mark.parametrize(
    ("start", "replacement", "why"),
    [
        (0, b"\0\0\0\x75", "116 bytes long"),
        (4, b" " * 32, "no type"),
        (40, bytes(8), "no date"),
        (48, b"\xff" * 8, "sequence number"),
        (80, b"\0", "digest"),
        (116, b"\xff\xff\xff\xff", "announced"),
        (120, b"D", "digest"),
    ],
)
def test_each_wrong_field_is_told(start: int, replacement: bytes, why: str) -> None:
    raw = valid()
    raw[start : start + len(replacement)] = replacement
    with pytest.raises(FrameError, match=why):
        frames.decode(bytes(raw))


def test_publication_messages_are_only_measured() -> None:
    for message_type in (MessageType.START_PUBLICATION, MessageType.PAUSE_PUBLICATION):
        raw = bytearray(120)
        raw[4:36] = message_type.encode().ljust(32, b"\0")
        assert frames.decode(bytes(raw)).message_type == message_type
        with pytest.raises(FrameError):
            frames.decode(bytes(raw[:119]))


@pytest.mark.parametrize(
    ("message_type", "message_id"), [("", bytes(16)), ("x" * 33, bytes(16)), ("x", bytes(15))]
)
def test_what_has_no_place_in_the_header_is_not_written(
    message_type: str, message_id: bytes
) -> None:
    with pytest.raises(FrameError):
        frames.encode(Frame(message_type, message_id=message_id, created=1))


def test_a_frame_s_repr_keeps_the_user_s_data_out() -> None:
    shown = repr(Frame("input_stream_data", b"secret", message_id=bytes(16), created=1))
    assert "secret" not in shown
    assert "6 bytes" in shown


@given(
    message_type=st.sampled_from(list(MessageType)),
    payload=st.binary(max_size=200),
    message_id=st.binary(min_size=16, max_size=16),
    created=st.integers(1, 2**64 - 1),
    sequence=st.integers(0, 2**63 - 1),
    flags=st.integers(0, 2**64 - 1),
    payload_type=st.sampled_from([*PayloadType, 4_000_000_000]),
)
def test_what_is_written_is_read(  # noqa: PLR0917
    message_type: str,
    payload: bytes,
    message_id: bytes,
    created: int,
    sequence: int,
    flags: int,
    payload_type: int,
) -> None:
    frame = frames.decode(
        frames.encode(
            Frame(
                message_type,
                payload,
                message_id=message_id,
                created=created,
                sequence=sequence,
                flags=flags,
                payload_type=payload_type,
            )
        )
    )
    assert (frame.message_type, frame.payload, frame.message_id) == (
        message_type,
        payload,
        message_id,
    )
    assert (frame.created, frame.sequence, frame.flags, frame.payload_type) == (
        created,
        sequence,
        flags,
        payload_type,
    )


@given(st.one_of(st.binary(max_size=300), st.binary(min_size=4).map(lambda b: bytes(valid()) + b)))
def test_garbage_is_a_frame_error_or_a_frame(data: bytes) -> None:
    try:
        frame = frames.decode(data)
    except FrameError:
        return
    assert len(frame.payload) == len(data) - frames.MINIMUM_LENGTH


@given(st.data())
def test_a_changed_byte_never_changes_the_payload_unseen(data: st.DataObject) -> None:
    raw = valid()
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        frame = frames.decode(bytes(raw))
    except FrameError:
        return
    assert frame.payload == b"data" or frame.message_type in frames.UNCHECKED
