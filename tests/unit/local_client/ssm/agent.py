"""The other end of a data channel, as AWS's agent behaves: sans-I/O, for tests of the client's."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

from sshq_local.ssm.frames import (
    Flag,
    Frame,
    MessageType,
    PayloadType,
    acknowledge,
    decode,
    encode,
    handshake_complete,
    handshake_request,
    parse_acknowledge,
    parse_flag,
)
from sshq_local.ssm.reliable import Receiver, Sender

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = 1_700_000_000.0


def numbered_ids(first: int = 0) -> Callable[[], bytes]:
    """Ids that differ, and are the same in each run."""
    numbers = count(first)
    return lambda: next(numbers).to_bytes(16, "big")


def service_message(
    message_type: MessageType, payload: bytes = b"", payload_type: int = 0
) -> bytes:
    """A message that the service itself sends."""
    return encode(
        Frame(
            message_type,
            payload,
            message_id=bytes(16),
            created=1,
            payload_type=payload_type,
        )
    )


class Agent:
    """`accepts` False: its port isn't dialled yet, so it refuses data without a word."""

    def __init__(self, *, session_type: str = "Port", request: bytes | None = None) -> None:
        self._new_id = numbered_ids(1 << 64)
        self.sender = Sender(MessageType.OUTPUT_STREAM_DATA, new_id=self._new_id, epoch=EPOCH)
        self.receiver = Receiver()
        self.request = request or handshake_request(
            "3.3.1142.0", session_type=session_type, properties={"portNumber": "2222"}
        )
        self.outgoing: list[bytes] = []
        self.received = bytearray()
        self.tokens: list[str] = []
        self.response: dict[str, object] | None = None
        self.accepts = True
        self.terminated = False
        self._greeted = False

    def on_client(self, message: str | bytes, now: float) -> None:
        if isinstance(message, str):
            self.tokens.append(json.loads(message)["TokenValue"])
            if not self._greeted:
                self._greeted = True
                self._send(self.request, PayloadType.HANDSHAKE_REQUEST, now)
            return
        frame = decode(message)
        if frame.message_type == MessageType.ACKNOWLEDGE:
            self.sender.acknowledge(parse_acknowledge(frame.payload)[1], now)
            return
        assert frame.message_type == MessageType.INPUT_STREAM_DATA
        if frame.payload_type == PayloadType.OUTPUT and not self.accepts:
            return
        keep, ready = self.receiver.accept(frame)
        if keep:
            answer = acknowledge(frame, message_id=self._new_id(), created=1)
            self.outgoing.append(encode(answer))
        for ready_frame in ready:
            self._on_message(ready_frame, now)

    def _on_message(self, frame: Frame, now: float) -> None:
        if frame.payload_type == PayloadType.HANDSHAKE_RESPONSE:
            self.response = json.loads(frame.payload)
            self._send(handshake_complete(1), PayloadType.HANDSHAKE_COMPLETE, now)
        elif frame.payload_type == PayloadType.FLAG:
            self.terminated = parse_flag(frame.payload) == Flag.TERMINATE_SESSION
        else:
            assert frame.payload_type == PayloadType.OUTPUT
            assert self.response is not None, "data before the handshake's end is discarded"
            self.received += frame.payload

    def send(self, data: bytes, now: float) -> None:
        self._send(data, PayloadType.OUTPUT, now)

    def send_payload(self, payload: bytes, payload_type: int, now: float) -> None:
        self._send(payload, payload_type, now)

    def tick(self, now: float) -> None:
        again = self.sender.due(now)
        if again is not None:
            self.outgoing.append(again)

    def reconnect(self, now: float) -> None:
        self.outgoing = self.sender.resend_all(now)

    def take(self) -> list[bytes]:
        outgoing, self.outgoing = self.outgoing, []
        return outgoing

    def _send(self, payload: bytes, payload_type: int, now: float) -> None:
        self.outgoing.append(self.sender.send(payload, payload_type, now))
