"""One HTTP/1.1 request and its answer over a connected socket, which is then done with.

http.client does more, and for its e-mail parser costs each ssh about 30 ms of imports: as much as all
the rest of this package's own start, the data channel aside.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

_LARGEST_HEAD = 64 * 1024


class BadAnswerError(Exception):
    """What came back isn't HTTP, or is too long; asking again won't help."""


class HttpAnswer:
    """headers: names in lower case; of a repeated one, the last. body: without its encoding."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


def exchange(
    connection: socket.socket,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    largest: int,
) -> HttpAnswer:
    """Send a request and read its answer. `headers` has Host; what frames the body is added here.

    largest: bytes of body that are allowed. Raises OSError, BadAnswerError.
    """
    fields = {**headers, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body)
    return _Reader(connection, largest).answer()


class _Reader:
    def __init__(self, connection: socket.socket, largest: int) -> None:
        self._connection = connection
        self._largest = largest
        self._data = b""

    def answer(self) -> HttpAnswer:
        status, headers = self._head()
        while 100 <= status < 200:  # "continue" and hints come before the answer
            status, headers = self._head()
        if status in {204, 304}:
            return HttpAnswer(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return HttpAnswer(status, headers, self._chunks())
        length = headers.get("content-length")
        if length is None:
            return HttpAnswer(status, headers, self._to_the_end())
        return HttpAnswer(status, headers, self._exactly(_number(length, 10)))

    def _head(self) -> tuple[int, dict[str, str]]:
        lines = self._until(b"\r\n\r\n", _LARGEST_HEAD).decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        if version not in {"HTTP/1.1", "HTTP/1.0"}:
            raise BadAnswerError("the answer is not HTTP")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadAnswerError("the answer has a broken header")
            headers[name.lower()] = value.strip()
        return _number(rest[:3], 10), headers

    def _chunks(self) -> bytes:
        body = b""
        while size := _number(self._until(b"\r\n", 1024).split(b";")[0].decode("latin-1"), 16):
            if len(body) + size > self._largest:
                raise BadAnswerError("the answer is too long")
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise BadAnswerError("the answer has a broken chunk")
        return body

    def _until(self, end: bytes, limit: int) -> bytes:
        while end not in self._data:
            if len(self._data) > limit:
                raise BadAnswerError("the answer's head is too long")
            self._more()
        found, _, self._data = self._data.partition(end)
        return found

    def _exactly(self, length: int) -> bytes:
        if length > self._largest:
            raise BadAnswerError("the answer is too long")
        while len(self._data) < length:
            self._more()
        found, self._data = self._data[:length], self._data[length:]
        return found

    def _to_the_end(self) -> bytes:
        while len(self._data) <= self._largest:
            block = self._connection.recv(65536)
            if not block:
                return self._data
            self._data += block
        raise BadAnswerError("the answer is too long")

    def _more(self) -> None:
        block = self._connection.recv(65536)
        if not block:
            raise ConnectionError("the connection was closed before the answer's end")
        self._data += block


def _number(text: str, base: int) -> int:
    digits = text.strip()
    # int() would also take "+1", "1_0" and other scripts' digits.
    if not digits.isascii() or not digits.isalnum() or len(digits) > 12:
        raise BadAnswerError("the answer has a broken number")
    try:
        return int(digits, base)
    except ValueError:
        raise BadAnswerError("the answer has a broken number") from None
