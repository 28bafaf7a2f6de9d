"""The messages of SSM's data channel: the binary frame both ways, and the JSON that rides in it.

Pure functions, for either end and for the service between them. Layout (big-endian):

    offset 0    u32  header length (116)         offset 56   u64  flags
    offset 4    32s  message type, space padded  offset 64   16s  message id, its halves swapped
    offset 36   u32  schema version (1)          offset 80   32s  SHA-256 of the payload
    offset 40   u64  created, ms since 1970      offset 112  u32  payload type
    offset 48   i64  sequence number             offset 116  u32  payload length, then the payload

No dataclasses and no typing at run time: a ProxyCommand pays for every module that it imports.
"""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from hashlib import sha256
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

HEADER_LENGTH = 116
"""Bytes before the payload's length."""
MINIMUM_LENGTH = HEADER_LENGTH + 4
"""The shortest possible frame: no payload."""
SCHEMA_VERSION = 1
CLIENT_VERSION = "1.2.764.0"
"""The plugin's version whose behaviour is kept here; the agent picks its mode by it."""

FLAG_SYN = 1
"""Set by the agent on its sequence 0."""
FLAG_FIN = 2
FLAGS_ACKNOWLEDGE = FLAG_SYN | FLAG_FIN

_HEADER = Struct(">I32sIQqQ16s32sI")
_LENGTH = Struct(">I")


class MessageType(StrEnum):
    INPUT_STREAM_DATA = "input_stream_data"
    """Client to agent."""
    OUTPUT_STREAM_DATA = "output_stream_data"
    """Agent to client."""
    ACKNOWLEDGE = "acknowledge"
    CHANNEL_CLOSED = "channel_closed"
    """Service to both ends: the session is over."""
    START_PUBLICATION = "start_publication"
    PAUSE_PUBLICATION = "pause_publication"
    """Service to one end: the other one is away."""
    AGENT_SESSION_STATE = "agent_session_state"
    INTERACTIVE_SHELL = "interactive_shell"
    """Service to the agent's control channel: a session is wanted."""
    AGENT_TASK_COMPLETE = "agent_task_complete"
    AGENT_TASK_ACKNOWLEDGE = "agent_task_acknowledge"


class PayloadType(IntEnum):
    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    ENCRYPTION_CHALLENGE_REQUEST = 8
    ENCRYPTION_CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class Flag(IntEnum):
    """The payload of a frame of PayloadType.FLAG, a uint32."""

    DISCONNECT_TO_PORT = 1
    TERMINATE_SESSION = 2
    CONNECT_TO_PORT_ERROR = 3


class ActionStatus(IntEnum):
    SUCCESS = 1
    FAILED = 2
    UNSUPPORTED = 3


UNCHECKED = frozenset({MessageType.START_PUBLICATION, MessageType.PAUSE_PUBLICATION})
"""Types whose header fields the service doesn't fill in; only their length is checked."""


class FrameError(ValueError):
    """These bytes are no valid message; the reason is the text."""


class Frame:
    """One binary message. `message_id`: a UUID's 16 bytes, not swapped; `created`: ms."""

    __slots__ = (
        "created",
        "flags",
        "message_id",
        "message_type",
        "payload",
        "payload_type",
        "sequence",
    )

    def __init__(
        self,
        message_type: str,
        payload: bytes = b"",
        *,
        message_id: bytes,
        created: int,
        sequence: int = 0,
        flags: int = 0,
        payload_type: int = 0,
    ) -> None:
        self.message_type = message_type
        self.payload = payload
        self.message_id = message_id
        self.created = created
        self.sequence = sequence
        self.flags = flags
        self.payload_type = payload_type

    def __repr__(self) -> str:
        # The payload stays out: it is the user's data.
        return (
            f"Frame({self.message_type}, sequence={self.sequence}, flags={self.flags}, "
            f"payload_type={self.payload_type}, {len(self.payload)} bytes)"
        )


def encode(frame: Frame) -> bytes:
    """The frame's bytes, or FrameError for a type or an id of the wrong length."""
    message_type = frame.message_type.encode("ascii")
    if not 1 <= len(message_type) <= 32:
        raise FrameError(f"a message type has 1 to 32 characters, not {len(message_type)}")
    if len(frame.message_id) != 16:
        raise FrameError(f"a message id has 16 bytes, not {len(frame.message_id)}")
    header = _HEADER.pack(
        HEADER_LENGTH,
        message_type.ljust(32),
        SCHEMA_VERSION,
        frame.created,
        frame.sequence,
        frame.flags,
        frame.message_id[8:] + frame.message_id[:8],
        sha256(frame.payload).digest(),
        frame.payload_type,
    )
    return b"".join((header, _LENGTH.pack(len(frame.payload)), frame.payload))


def decode(data: bytes) -> Frame:
    """Read one whole message. Raises FrameError for a wrong length, digest or field.

    Unknown message types and payload types are not errors: the caller ignores them.
    """
    if len(data) < MINIMUM_LENGTH:
        raise FrameError(f"{len(data)} bytes are too few for a message")
    (
        header_length,
        raw_type,
        _schema_version,
        created,
        sequence,
        flags,
        swapped_id,
        digest,
        payload_type,
    ) = _HEADER.unpack_from(data)
    message_type = raw_type.strip(b"\0 ").decode("ascii", "replace")
    message_id = swapped_id[8:] + swapped_id[:8]
    payload = data[MINIMUM_LENGTH:]
    if message_type not in UNCHECKED:
        if header_length != HEADER_LENGTH:
            raise FrameError(f"the header is {HEADER_LENGTH} bytes long, not {header_length}")
        if not message_type:
            raise FrameError("the message has no type")
        if created == 0:
            raise FrameError("the message has no date")
        if sequence < 0:
            raise FrameError(f"sequence number {sequence}")
        (length,) = _LENGTH.unpack_from(data, HEADER_LENGTH)
        if length != len(payload):
            raise FrameError(f"{length} bytes of payload announced, {len(payload)} came")
        if payload and sha256(payload).digest() != digest:
            raise FrameError("the payload doesn't match its digest")
    return Frame(
        message_type,
        payload,
        message_id=message_id,
        created=created,
        sequence=sequence,
        flags=flags,
        payload_type=payload_type,
    )


def uuid_text(value: bytes) -> str:
    """16 bytes as 8-4-4-4-12 hexadecimal digits (without the cost of importing uuid)."""
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def parse_object(payload: bytes | str) -> dict[str, Any]:
    """A JSON object out of a hostile peer's bytes, or FrameError."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise FrameError("the payload is not JSON") from error
    if not isinstance(value, dict):
        raise FrameError("the payload is not a JSON object")
    return value


def acknowledge_payload(frame: Frame, *, sequential: bool = True) -> bytes:
    """The content of an `acknowledge` for this frame."""
    return _compact(
        {
            "AcknowledgedMessageType": str(frame.message_type),
            "AcknowledgedMessageId": uuid_text(frame.message_id),
            "AcknowledgedMessageSequenceNumber": frame.sequence,
            "IsSequentialMessage": sequential,
        }
    )


def acknowledge(frame: Frame, *, message_id: bytes, created: int, sequential: bool = True) -> Frame:
    """The `acknowledge` that answers this frame of stream data."""
    return Frame(
        MessageType.ACKNOWLEDGE,
        acknowledge_payload(frame, sequential=sequential),
        message_id=message_id,
        created=created,
        flags=FLAGS_ACKNOWLEDGE,
    )


def parse_acknowledge(payload: bytes) -> tuple[str, int]:
    """(type, sequence) of the message acknowledged, or FrameError. Senders match by number only."""
    value = parse_object(payload)
    message_type = value.get("AcknowledgedMessageType")
    sequence = value.get("AcknowledgedMessageSequenceNumber")
    if not isinstance(message_type, str) or type(sequence) is not int or sequence < 0:
        raise FrameError("the acknowledgement names no message")
    return message_type, sequence


def open_data_channel(
    token: str, *, request_id: bytes, client_id: bytes, client_version: str = CLIENT_VERSION
) -> str:
    """The client's first message, a text one. It has no answer. A token serves one connection."""
    return json.dumps(
        {
            "MessageSchemaVersion": "1.0",
            "RequestId": uuid_text(request_id),
            "TokenValue": token,
            "ClientId": uuid_text(client_id),
            "ClientVersion": client_version,
        },
        separators=(",", ":"),
    )


def handshake_request(
    agent_version: str, *, session_type: str, properties: Mapping[str, Any]
) -> bytes:
    """The agent's sequence 0 (PayloadType.HANDSHAKE_REQUEST): what it asks of the client."""
    parameters = {"SessionType": session_type, "Properties": properties}
    return _compact(
        {
            "AgentVersion": agent_version,
            "RequestedClientActions": [
                {"ActionType": "SessionType", "ActionParameters": parameters}
            ],
        }
    )


def parse_handshake_request(payload: bytes) -> list[tuple[str, dict[str, Any]]]:
    """[(action type, its parameters)] that the agent asks for, or FrameError."""
    actions = parse_object(payload).get("RequestedClientActions")
    if not isinstance(actions, list):
        raise FrameError("the handshake request has no list of actions")
    asked = []
    for action in actions:
        if not isinstance(action, dict) or not isinstance(action.get("ActionType"), str):
            raise FrameError("the handshake request has an action without a type")
        parameters = action.get("ActionParameters")
        asked.append((action["ActionType"], parameters if isinstance(parameters, dict) else {}))
    return asked


def handshake_response(
    processed: Sequence[tuple[str, ActionStatus, str]], *, client_version: str = CLIENT_VERSION
) -> bytes:
    """The client's sequence 0 (PayloadType.HANDSHAKE_RESPONSE): (type, status, error) an action."""
    errors = [error for _, _, error in processed if error]
    return _compact(
        {
            "ClientVersion": client_version,
            "ProcessedClientActions": [
                {
                    "ActionType": action_type,
                    "ActionStatus": int(status),
                    "ActionResult": None,
                    "Error": error,
                }
                for action_type, status, error in processed
            ],
            "Errors": errors or None,
        }
    )


def handshake_complete(nanoseconds: int, *, customer_message: str = "") -> bytes:
    """The agent's sequence 1 (PayloadType.HANDSHAKE_COMPLETE): from now on data may flow."""
    return _compact({"HandshakeTimeToComplete": nanoseconds, "CustomerMessage": customer_message})


def channel_closed(
    session_id: str, *, message_id: bytes, created_date: str, output: str = ""
) -> bytes:
    """The content of `channel_closed`; a non-empty `output` is an error for the user to see."""
    return _compact(
        {
            "MessageType": str(MessageType.CHANNEL_CLOSED),
            "MessageId": uuid_text(message_id),
            "DestinationId": session_id,
            "SessionId": session_id,
            "SchemaVersion": SCHEMA_VERSION,
            "CreatedDate": created_date,
            "Output": output,
        }
    )


def parse_channel_closed(payload: bytes) -> str:
    """The error to show, "" when there is none, or FrameError."""
    output = parse_object(payload).get("Output")
    return output if isinstance(output, str) else ""


def flag(value: Flag) -> bytes:
    return _LENGTH.pack(value)


def parse_flag(payload: bytes) -> int:
    """The flag's number (unknown ones too), or FrameError."""
    if len(payload) != 4:
        raise FrameError(f"a flag has 4 bytes, not {len(payload)}")
    (value,) = _LENGTH.unpack(payload)
    return int(value)


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
