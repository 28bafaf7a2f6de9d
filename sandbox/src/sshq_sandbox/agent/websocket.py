"""A small WebSocket client (RFC 6455) on asyncio's streams: what the agent needs and no more."""

from __future__ import annotations

import asyncio
import base64
import os
from hashlib import sha1
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_CLOSE_SECONDS = 1.0
_LARGEST_MESSAGE = 4 * 1024 * 1024


class WebSocket:
    """Made by `connect`. One task may receive while another sends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._closing = False

    @classmethod
    async def connect(cls, url: str, context: ssl.SSLContext) -> WebSocket:
        """Open a wss:// URL. Raises OSError (ConnectionError for any answer but 101)."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port or 443, ssl=context, limit=1 << 20
        )
        key = base64.b64encode(os.urandom(16))
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\n\r\n"
        )
        writer.write(request.encode())
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.close()
            raise ConnectionError("no answer to the WebSocket's upgrade") from error
        accepted = base64.b64encode(sha1(key + _GUID).digest())  # noqa: S324  (RFC 6455)
        if not answer.startswith(b"HTTP/1.1 101 ") or accepted not in answer:
            writer.close()
            raise ConnectionError(f"upgrade refused: {answer[:60].decode('latin-1')!r}")
        return cls(reader, writer)

    def send_text(self, text: str) -> None:
        self._send(_TEXT, text.encode())

    def send_binary(self, data: bytes) -> None:
        """Never waits; a connection that is lost takes nothing more (`receive` tells)."""
        self._send(_BINARY, data)

    async def drain(self) -> None:
        """Wait until what was sent is nearly on its way. Raises ConnectionError."""
        await self._writer.drain()

    async def receive(self) -> bytes | None:
        """The next message (a text one's bytes too); None once the connection is over."""
        message = b""
        while True:
            try:
                final, opcode, payload = await self._frame()
            except (asyncio.IncompleteReadError, OSError):
                return None
            if opcode == _PING:
                self._send(_PONG, payload)
            elif opcode == _CLOSE:
                self._send(_CLOSE, payload[:2])
                self._closing = True
                return None
            elif opcode != _PONG:
                message = message + payload if message else payload
                if final:
                    return message

    async def close(self) -> None:
        """Say so, and let go of the socket: after a second at the latest."""
        if not self._closing:
            self._closing = True
            self._send(_CLOSE, b"\x03\xe8")
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            self._writer.transport.abort()

    async def _frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(await self._reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self._reader.readexactly(8), "big")
        if length > _LARGEST_MESSAGE:
            raise ConnectionError(f"a message of {length} bytes")
        return bool(first & 0x80), first & 0x0F, await self._reader.readexactly(length)

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._writer.transport.is_closing():
            return
        length = len(payload)
        if length < 126:
            head = bytes((0x80 | opcode, 0x80 | length))
        elif length < 1 << 16:
            head = bytes((0x80 | opcode, 0xFE)) + length.to_bytes(2, "big")
        else:
            head = bytes((0x80 | opcode, 0xFF)) + length.to_bytes(8, "big")
        mask = os.urandom(4)
        repeated = mask * (length // 4) + mask[: length % 4]
        # One exclusive-or of two long integers: the fastest that pure Python has.
        masked = int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")
        self._writer.write(head + mask + masked.to_bytes(length, "little"))
