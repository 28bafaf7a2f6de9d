"""A WebSocket client's codec (RFC 6455): bytes in, bytes and events out.

Only what the data channel needs: client role, no extensions, no subprotocols. It exists because
importing a full library costs a ProxyCommand more time than its whole connection
(tests/performance/measure_websocket_start.py has the figures).
"""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha1
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST_MESSAGE = 1024 * 1024
"""Bytes of one message, fragments together. AWS's agent sends about 1 KiB."""
LARGEST_ANSWER = 16 * 1024
"""Bytes of the HTTP answer to the upgrade."""

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
NO_CODE = 1005
TOO_BIG = 1009

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_U16 = Struct(">H")
_U64 = Struct(">Q")


class WebSocketError(Exception):
    """The peer broke the protocol; close with `code`."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class UpgradeRefused(Exception):  # noqa: N818 (an answer, not a fault of ours)
    """The server answered the upgrade with something else than 101."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Opened:
    """The upgrade is done."""

    __slots__ = ()


class Binary:
    """A whole binary message."""

    __slots__ = ("payload",)

    def __init__(self, payload: bytes) -> None:
        self.payload = payload


class Closed:
    """The peer closes (1005 = it gave no code). The answer is already in `take_bytes`."""

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


class WebSocket:
    """One connection. `random(n)` gives n unpredictable bytes (the key and each frame's mask)."""

    def __init__(self, *, host: str, target: str, random: Callable[[int], bytes]) -> None:
        """`host`: the Host header; `target`: path and query. Both without spaces or controls."""
        if not (_printable(host) and _printable(target)):
            raise ValueError("a host or path with spaces or control characters")
        self._random = random
        self._incoming = bytearray()
        self._opened = False
        self._closed = False
        self._fragments: bytearray | None = None
        self._fragments_are_binary = False
        key = b2a_base64(random(16), newline=False)
        digest = sha1(key + _KEY_SUFFIX, usedforsecurity=False).digest()
        self._expected_accept = b2a_base64(digest, newline=False).decode()
        request = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self._outgoing: list[bytes] = [request.encode("ascii")]

    def send(self, message: str | bytes) -> None:
        """Queue a text or binary message."""
        if isinstance(message, str):
            self._send_frame(_TEXT, message.encode())
        else:
            self._send_frame(_BINARY, message)

    def ping(self) -> None:
        self._send_frame(_PING, b"")

    def close(self, code: int = NORMAL) -> None:
        """Say that we close; nothing is sent after it."""
        self._send_frame(_CLOSE, _U16.pack(code))
        self._closed = True

    def take_bytes(self) -> bytes:
        """What goes onto the socket."""
        outgoing = b"".join(self._outgoing)
        self._outgoing.clear()
        return outgoing

    def receive(self, data: bytes) -> Iterator[Opened | Binary | Closed]:
        """Events out of bytes from the socket.

        Pings are answered, pongs and text messages ignored (the service sends none).
        Raises UpgradeRefused, or WebSocketError after having queued the close frame.
        """
        if self._closed:
            return
        self._incoming += data
        try:
            if not self._opened:
                if not self._read_answer():
                    return
                self._opened = True
                yield Opened()
            while not self._closed:
                frame = self._read_frame()
                if frame is None:
                    return
                event = self._on_frame(*frame)
                if event is not None:
                    yield event
        except WebSocketError as error:
            self.close(error.code)
            raise

    def _read_answer(self) -> bool:
        end = self._incoming.find(b"\r\n\r\n")
        if end < 0:
            if len(self._incoming) > LARGEST_ANSWER:
                raise UpgradeRefused(0, "the server's HTTP answer has no end")
            return False
        lines = self._incoming[:end].decode("latin-1").split("\r\n")
        body = bytes(self._incoming[end + 4 : end + 4 + 200])
        del self._incoming[: end + 4]
        status = _status(lines[0])
        if status != 101:
            shown = body.decode("ascii", "replace").split("\r\n", 1)[0]
            said = "".join(c if c.isprintable() else " " for c in f"{lines[0][:80]} {shown}")
            raise UpgradeRefused(status, said.strip())
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if (
            headers.get("upgrade", "").lower() != "websocket"
            or "upgrade" not in headers.get("connection", "").lower()
            or headers.get("sec-websocket-accept") != self._expected_accept
        ):
            raise UpgradeRefused(status, "the server's answer is not a WebSocket's")
        if "sec-websocket-extensions" in headers:
            raise UpgradeRefused(status, "the server uses an extension that wasn't offered")
        return True

    def _read_frame(self) -> tuple[int, bool, bytes] | None:
        """(opcode, whether it is the last fragment, payload), or None until more bytes come."""
        incoming = self._incoming
        if len(incoming) < 2:
            return None
        first, second = incoming[0], incoming[1]
        opcode, final, length = first & 0x0F, bool(first & 0x80), second & 0x7F
        if first & 0x70:
            raise WebSocketError(PROTOCOL_ERROR, "reserved bits are set")
        if second & 0x80:
            raise WebSocketError(PROTOCOL_ERROR, "a server's frames are not masked")
        if opcode >= _CLOSE and (length > 125 or not final):
            raise WebSocketError(PROTOCOL_ERROR, "a control frame is too long or fragmented")
        start = 2
        if length >= 126:
            form = _U16 if length == 126 else _U64
            start += form.size
            if len(incoming) < start:
                return None
            (length,) = form.unpack_from(incoming, 2)
        already = len(self._fragments) if self._fragments is not None else 0
        if already + length > LARGEST_MESSAGE:
            raise WebSocketError(TOO_BIG, f"a message of {already + length} bytes")
        if len(incoming) < start + length:
            return None
        payload = bytes(incoming[start : start + length])
        del incoming[: start + length]
        return opcode, final, payload

    def _on_frame(self, opcode: int, final: bool, payload: bytes) -> Binary | Closed | None:
        if opcode == _PING:
            self._send_frame(_PONG, payload)
        elif opcode == _CLOSE:
            return self._on_close(payload)
        elif opcode in {_TEXT, _BINARY, _CONTINUATION}:
            return self._on_data(opcode, final, payload)
        elif opcode != _PONG:
            raise WebSocketError(PROTOCOL_ERROR, f"unknown opcode {opcode}")
        return None

    def _on_data(self, opcode: int, final: bool, payload: bytes) -> Binary | None:
        if (opcode == _CONTINUATION) != (self._fragments is not None):
            raise WebSocketError(PROTOCOL_ERROR, "fragments of two messages are mixed")
        if self._fragments is None:
            self._fragments_are_binary = opcode == _BINARY
            if final:
                return Binary(payload) if self._fragments_are_binary else None
            self._fragments = bytearray()
        self._fragments += payload
        if not final:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return Binary(whole) if self._fragments_are_binary else None

    def _on_close(self, payload: bytes) -> Closed:
        if len(payload) == 1:
            raise WebSocketError(PROTOCOL_ERROR, "a close frame of one byte")
        code = _U16.unpack_from(payload)[0] if payload else NO_CODE
        self.close(NORMAL if code == NO_CODE else code)
        return Closed(code, payload[2:].decode("utf-8", "replace"))

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        if self._closed:
            return
        length = len(payload)
        if length < 126:
            header = bytes((0x80 | opcode, 0x80 | length))
        elif length < 65536:
            header = bytes((0x80 | opcode, 0x80 | 126)) + _U16.pack(length)
        else:
            header = bytes((0x80 | opcode, 0x80 | 127)) + _U64.pack(length)
        mask = self._random(4)
        self._outgoing.append(header + mask + apply_mask(payload, mask))


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the four bytes of `mask`, over and over; as one big number, which is fast."""
    length = len(payload)
    repeated = (mask * (length // 4 + 1))[:length]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return number.to_bytes(length, "big")


def _printable(text: str) -> bool:
    return bool(text) and all("!" <= character <= "~" for character in text)


def _status(line: str) -> int:
    """The status of an HTTP status line, 0 if it is none."""
    version, _, rest = line.partition(" ")
    number = rest[:3]
    if not version.startswith("HTTP/1.") or not (number.isascii() and number.isdigit()):
        return 0
    return int(number)
