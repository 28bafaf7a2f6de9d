"""The WebSocket codec against RFC 6455's examples, and against servers that break it."""

from __future__ import annotations

import base64
import hashlib
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.ssm.websocket import (
    LARGEST_ANSWER,
    LARGEST_MESSAGE,
    Binary,
    Closed,
    Opened,
    UpgradeRefused,
    WebSocket,
    WebSocketError,
    apply_mask,
)

MASK = b"\x37\xfa\x21\x3d"


def fixed(length: int) -> bytes:
    """RFC 6455's own key (section 1.3) and mask (section 5.7)."""
    return b"the sample nonce" if length == 16 else MASK


def answer(status: str = "101 Switching Protocols", extra: str = "", **changes: str) -> bytes:
    headers = {
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}{extra}\r\n".encode()


def opened() -> WebSocket:
    websocket = WebSocket(host="example.com", target="/chat?a=b", random=fixed)
    websocket.take_bytes()
    (event,) = websocket.receive(answer())
    assert isinstance(event, Opened)
    return websocket


def server_frame(opcode: int, payload: bytes, *, final: bool = True, bits: int = 0) -> bytes:
    first = opcode | bits | (0x80 if final else 0)
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    if len(payload) < 65536:
        return bytes((first, 126)) + struct.pack(">H", len(payload)) + payload
    return bytes((first, 127)) + struct.pack(">Q", len(payload)) + payload


def sent_frame(data: bytes) -> tuple[int, bytes, bytes]:
    """(opcode, payload, what follows) of a client's frame."""
    assert data[0] & 0xF0 == 0x80
    assert data[1] & 0x80, "a client masks"
    length, start = data[1] & 0x7F, 2
    if length == 126:
        (length,), start = struct.unpack_from(">H", data, 2), 4
    elif length == 127:
        (length,), start = struct.unpack_from(">Q", data, 2), 10
    mask = data[start : start + 4]
    payload = data[start + 4 : start + 4 + length]
    unmasked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return data[0] & 0x0F, unmasked, data[start + 4 + length :]


def test_the_upgrade_is_what_the_rfc_shows() -> None:
    websocket = WebSocket(host="example.com:8443", target="/chat?a=b", random=fixed)
    lines = websocket.take_bytes().split(b"\r\n")
    key = base64.b64encode(b"the sample nonce")
    assert key == b"dGhlIHNhbXBsZSBub25jZQ=="
    assert lines[0] == b"GET /chat?a=b HTTP/1.1"
    assert b"Host: example.com:8443" in lines
    assert b"Sec-WebSocket-Key: " + key in lines
    assert b"Sec-WebSocket-Version: 13" in lines
    assert lines[-2:] == [b"", b""]
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
    assert base64.b64encode(digest) == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert websocket.take_bytes() == b""


@pytest.mark.parametrize(("host", "target"), [("a b", "/"), ("a", "/\r\nX: y"), ("", "/")])
def test_nothing_can_be_smuggled_into_the_request(host: str, target: str) -> None:
    with pytest.raises(ValueError, match="spaces or control"):
        WebSocket(host=host, target=target, random=fixed)


def test_messages_may_come_with_the_answer_or_byte_by_byte() -> None:
    stream = answer() + server_frame(2, b"first") + server_frame(2, b"x" * 70_000)
    websocket = WebSocket(host="h", target="/", random=fixed)
    whole = list(websocket.receive(stream))
    slowly = WebSocket(host="h", target="/", random=fixed)
    bits = [event for place in range(len(stream)) for event in slowly.receive(stream[place:][:1])]
    for events in (whole, bits):
        assert isinstance(events[0], Opened)
        payloads = [event.payload for event in events[1:] if isinstance(event, Binary)]
        assert payloads == [b"first", b"x" * 70_000]


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (answer("403 Forbidden", "") + b"Token <\x1b[31m> expired\r\nmore", 403, "Token <"),
        (answer(Upgrade="h2c"), 101, "not a WebSocket"),
        (answer(Connection="close"), 101, "not a WebSocket"),
        (answer(Sec_WebSocket_Accept="x"), 101, "not a WebSocket"),
        (answer(extra="Sec-WebSocket-Extensions: x\r\n"), 101, "extension"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", 0, "SSH-2.0"),
        (b"HTTP/1.1 abc\r\n\r\n", 0, "abc"),
        (b"x" * (LARGEST_ANSWER + 1), 0, "no end"),
    ],
)
def test_other_answers_are_refusals(data: bytes, status: int, says: str) -> None:
    websocket = WebSocket(host="h", target="/", random=fixed)
    with pytest.raises(UpgradeRefused, match=says) as caught:
        list(websocket.receive(data))
    assert caught.value.status == status
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536])
def test_messages_are_sent_masked_at_every_length(length: int) -> None:
    websocket = opened()
    payload = bytes(number % 251 for number in range(length))
    websocket.send(payload)
    websocket.send("text")
    opcode, sent, rest = sent_frame(websocket.take_bytes())
    assert (opcode, sent) == (2, payload)
    assert sent_frame(rest) == (1, b"text", b"")


def test_the_rfc_s_masked_hello() -> None:
    websocket = opened()
    websocket.send("Hello")
    assert websocket.take_bytes() == bytes.fromhex("818537fa213d7f9f4d5158")


def test_pings_are_answered_and_pongs_and_texts_passed_over() -> None:
    websocket = opened()
    data = server_frame(9, b"Hello") + server_frame(10, b"") + server_frame(1, b"text")
    assert list(websocket.receive(data)) == []
    assert sent_frame(websocket.take_bytes()) == (10, b"Hello", b"")
    websocket.ping()
    assert sent_frame(websocket.take_bytes()) == (9, b"", b"")


def test_fragments_are_put_together_around_control_frames() -> None:
    websocket = opened()
    data = (
        server_frame(2, b"Hel", final=False)
        + server_frame(9, b"")
        + server_frame(0, b"l", final=False)
        + server_frame(0, b"o")
        + server_frame(1, b"te", final=False)
        + server_frame(0, b"xt")
        + server_frame(2, b"next")
    )
    payloads = [event.payload for event in websocket.receive(data) if isinstance(event, Binary)]
    assert payloads == [b"Hello", b"next"]


@pytest.mark.parametrize(
    ("payload", "code", "reason", "echo"),
    [
        (struct.pack(">H", 1000) + b"Bye", 1000, "Bye", 1000),
        (struct.pack(">H", 1001), 1001, "", 1001),
        (b"", 1005, "", 1000),
    ],
)
def test_a_close_is_answered_and_ends_it(payload: bytes, code: int, reason: str, echo: int) -> None:
    websocket = opened()
    (event,) = websocket.receive(server_frame(8, payload) + server_frame(2, b"after"))
    assert isinstance(event, Closed)
    assert (event.code, event.reason) == (code, reason)
    websocket.send(b"too late")
    assert sent_frame(websocket.take_bytes()) == (8, struct.pack(">H", echo), b"")
    assert list(websocket.receive(server_frame(2, b"after"))) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (server_frame(2, b"x", bits=0x40), 1002),
        (bytes((0x82, 0x81)) + MASK + b"x", 1002),
        (server_frame(9, b"x" * 126), 1002),
        (server_frame(9, b"", final=False), 1002),
        (server_frame(3, b""), 1002),
        (server_frame(11, b""), 1002),
        (server_frame(0, b"x"), 1002),
        (server_frame(2, b"x", final=False) + server_frame(2, b"y"), 1002),
        (server_frame(8, b"x"), 1002),
        (bytes((0x82, 127)) + struct.pack(">Q", LARGEST_MESSAGE + 1), 1009),
        (bytes((0x82, 127)) + b"\xff" * 8, 1009),
        (
            server_frame(2, bytes(LARGEST_MESSAGE), final=False)
            + server_frame(0, b"x", final=False),
            1009,
        ),
    ],
)
def test_a_server_that_breaks_the_protocol_is_told_and_left(data: bytes, code: int) -> None:
    websocket = opened()
    with pytest.raises(WebSocketError) as caught:
        list(websocket.receive(data))
    assert caught.value.code == code
    assert sent_frame(websocket.take_bytes()) == (8, struct.pack(">H", code), b"")
    assert list(websocket.receive(server_frame(2, b"after"))) == []


@given(st.binary(max_size=200), st.binary(min_size=4, max_size=4))
def test_masking_twice_is_nothing(payload: bytes, mask: bytes) -> None:
    masked = apply_mask(payload, mask)
    assert masked == bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    assert apply_mask(masked, mask) == payload


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_garbage_never_does_more_than_refuse(blocks: list[bytes]) -> None:
    websocket = opened()
    with suppress(WebSocketError):
        for block in blocks:
            for event in websocket.receive(block):
                assert isinstance(event, Binary | Closed)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_a_garbage_answer_is_refused_at_its_end_at_the_latest(blocks: list[bytes]) -> None:
    websocket = WebSocket(host="h", target="/", random=fixed)
    stream = b"".join([*blocks, b"\r\n\r\n"])
    with pytest.raises(UpgradeRefused):
        list(websocket.receive(stream))
