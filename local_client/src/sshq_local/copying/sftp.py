"""SFTP version 3 (draft-ietf-secsh-filexfer-02) over a pair of byte streams: what copying needs.

Requests go out ahead of their answers, since a round trip through SSM costs tens of milliseconds:

    for answer in sftp.run(read(handle, offset, 32768) for offset in offsets):
        file.write(answer.data())

The server runs in the job, where anybody's code may be: lengths are checked before they are believed.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BLOCK = 32 * 1024
"""Bytes of one read or write: what every server takes."""
IN_FLIGHT = 64
"""Requests that are unanswered at most: 2 MiB, and the answers to them fit into a pipe."""
LARGEST_ANSWER = 256 * 1024

READ, WRITE, CREATE = 0x01, 0x02, 0x08
"""Flags of `open_file`."""

_VERSION = 3
_INIT, _VERSION_ANSWER = 1, 2
_OPEN, _CLOSE, _READ, _WRITE, _LSTAT, _SETSTAT = 3, 4, 5, 6, 7, 9
_OPENDIR, _READDIR, _MKDIR, _REALPATH, _STAT, _RENAME = 11, 12, 14, 16, 17, 18
_REMOVE, _READLINK, _SYMLINK, _EXTENDED = 13, 19, 20, 200
_STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 101, 102, 103, 104, 105
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 0x80000000

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = range(5)
_MEANINGS = {
    NO_SUCH_FILE: "no such file or folder",
    PERMISSION_DENIED: "permission denied",
    FAILURE: "it failed (no space left, or something in the way)",
}
_POSIX_RENAME = b"posix-rename@openssh.com"


class SftpError(Exception):
    """The server refused a request: `code` is SFTP's."""

    def __init__(self, code: int, said: str = "") -> None:
        super().__init__(_MEANINGS.get(code) or said or f"SFTP error {code}")
        self.code = code


class SftpBroken(Exception):  # noqa: N818 (the connection, not a fault of ours)
    """The stream ended, or what came isn't SFTP."""


@dataclass(frozen=True)
class Attributes:
    """size: bytes. mode: with the file's type, as in os.stat. mtime: epoch seconds."""

    size: int
    mode: int
    mtime: int


Request = tuple[int, bytes]


def open_file(path: str, flags: int, *, mode: int | None = None) -> Request:
    return _OPEN, _text(path) + struct.pack(">I", flags) + _attributes(mode=mode)


def close(handle: bytes) -> Request:
    return _CLOSE, _string(handle)


def read(handle: bytes, offset: int, length: int) -> Request:
    return _READ, _string(handle) + struct.pack(">QI", offset, length)


def write(handle: bytes, offset: int, data: bytes) -> Request:
    return _WRITE, _string(handle) + struct.pack(">Q", offset) + _string(data)


def lstat(path: str) -> Request:
    return _LSTAT, _text(path)


def stat(path: str) -> Request:
    return _STAT, _text(path)


def set_attributes(
    path: str, *, size: int | None = None, mode: int | None = None, mtime: int | None = None
) -> Request:
    return _SETSTAT, _text(path) + _attributes(size=size, mode=mode, mtime=mtime)


def open_folder(path: str) -> Request:
    return _OPENDIR, _text(path)


def read_folder(handle: bytes) -> Request:
    return _READDIR, _string(handle)


def make_folder(path: str) -> Request:
    return _MKDIR, _text(path) + _attributes()


def remove(path: str) -> Request:
    return _REMOVE, _text(path)


def real_path(path: str) -> Request:
    return _REALPATH, _text(path)


def read_link(path: str) -> Request:
    return _READLINK, _text(path)


def make_link(path: str, points_to: str) -> Request:
    """OpenSSH's order of the two (the draft's is the other way round, and nobody's)."""
    return _SYMLINK, _text(points_to) + _text(path)


class Answer:
    """One answer; the method that fits its request reads it. Raises SftpError, SftpBroken."""

    def __init__(self, kind: int, body: bytes) -> None:
        self._kind = kind
        self._fields = _Fields(body)

    def done(self) -> None:
        self._expect(_STATUS)

    def handle(self) -> bytes:
        return self._expect(_HANDLE).string()

    def data(self) -> bytes:
        """b"" at the file's end."""
        if self._is_end():
            return b""
        return self._expect(_DATA).string()

    def attributes(self) -> Attributes:
        return self._expect(_ATTRS).attributes()

    def names(self) -> list[tuple[str, Attributes]]:
        """Names and attributes; [] at the folder's end."""
        if self._is_end():
            return []
        fields = self._expect(_NAME)
        found = []
        for _ in range(fields.uint32()):
            name, _long = fields.text(), fields.string()
            found.append((name, fields.attributes()))
        return found

    def name(self) -> str:
        """What `real_path` and `read_link` ask for."""
        names = self.names()
        if len(names) != 1:
            raise SftpBroken("the answer doesn't have one name")
        return names[0][0]

    def _is_end(self) -> bool:
        return self._kind == _STATUS and self._fields.peek_uint32() == EOF

    def _expect(self, kind: int) -> _Fields:
        if self._kind == _STATUS:
            code = self._fields.uint32()
            if code != OK:
                raise SftpError(code, self._fields.message())
        if self._kind != kind:
            raise SftpBroken(f"an answer of type {self._kind} instead of {kind}")
        return self._fields


class Sftp:
    """receive(n): at least one byte and at most n, b"" at the end. send: all of it, or OSError."""

    def __init__(self, receive: Callable[[int], bytes], send: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._send = send
        self._incoming = bytearray()
        self._next_id = 0
        self._answers: dict[int, Answer] = {}
        self._asked: set[int] = set()
        self._renames_in_place = False

    def start(self) -> None:
        """Shake hands. Raises SftpBroken when the other end speaks no SFTP."""
        self._put(_INIT, struct.pack(">I", _VERSION))
        kind, fields = self._take()
        if kind != _VERSION_ANSWER or fields.uint32() != _VERSION:
            raise SftpBroken("the server doesn't speak SFTP version 3")
        while fields.is_left:
            name, _version = fields.string(), fields.string()
            self._renames_in_place = self._renames_in_place or name == _POSIX_RENAME

    def run(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """The answers in the requests' order, with IN_FLIGHT requests under way."""
        waiting: deque[int] = deque()
        for kind, body in requests:
            if len(waiting) >= IN_FLIGHT:
                yield self._answer(waiting.popleft())
            waiting.append(self._ask(kind, body))
        while waiting:
            yield self._answer(waiting.popleft())

    def ask(self, request: Request) -> Answer:
        """One request and its answer."""
        return self._answer(self._ask(*request))

    def rename(self, old: str, new: str) -> list[Request]:
        """Requests, to be run one after the other, that put `old` in `new`'s place."""
        if self._renames_in_place:
            return [(_EXTENDED, _string(_POSIX_RENAME) + _text(old) + _text(new))]
        return [remove(new), (_RENAME, _text(old) + _text(new))]

    def _ask(self, kind: int, body: bytes) -> int:
        self._next_id = (self._next_id + 1) & 0xFFFFFFFF
        self._asked.add(self._next_id)
        self._put(kind, struct.pack(">I", self._next_id) + body)
        return self._next_id

    def _answer(self, request_id: int) -> Answer:
        while request_id not in self._answers:
            kind, fields = self._take()
            answered = fields.uint32()
            if answered not in self._asked:
                raise SftpBroken("an answer to nothing that was asked")
            self._asked.remove(answered)
            self._answers[answered] = Answer(kind, fields.rest())
        return self._answers.pop(request_id)

    def _put(self, kind: int, body: bytes) -> None:
        try:
            self._send(struct.pack(">IB", len(body) + 1, kind) + body)
        except OSError as error:
            raise SftpBroken("the connection is gone") from error

    def _take(self) -> tuple[int, _Fields]:
        (length,) = struct.unpack(">I", self._exactly(4))
        if not 1 <= length <= LARGEST_ANSWER:
            raise SftpBroken(f"an answer of {length} bytes")
        body = self._exactly(length)
        return body[0], _Fields(body[1:])

    def _exactly(self, length: int) -> bytes:
        while len(self._incoming) < length:
            try:
                block = self._receive(LARGEST_ANSWER)
            except OSError as error:
                raise SftpBroken("the connection is gone") from error
            if not block:
                raise SftpBroken("the connection was closed")
            self._incoming += block
        taken = bytes(self._incoming[:length])
        del self._incoming[:length]
        return taken


class _Fields:
    """SSH's wire format, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_left(self) -> bool:
        return self._at < len(self._data)

    def rest(self) -> bytes:
        return self._data[self._at :]

    def peek_uint32(self) -> int:
        return int.from_bytes(self._data[self._at : self._at + 4], "big")

    def uint32(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def uint64(self) -> int:
        return int.from_bytes(self._take(8), "big")

    def string(self) -> bytes:
        return self._take(self.uint32())

    def text(self) -> str:
        return self.string().decode("utf-8", "surrogateescape")

    def message(self) -> str:
        """A status's text, which old servers leave out."""
        said = self.text() if self.is_left else ""
        return "".join(c if c.isprintable() else " " for c in said)[:200]

    def attributes(self) -> Attributes:
        flags = self.uint32()
        size = self.uint64() if flags & _HAS_SIZE else 0
        if flags & _HAS_OWNER:
            self._take(8)
        mode = self.uint32() if flags & _HAS_MODE else 0
        mtime = 0
        if flags & _HAS_TIMES:
            self._take(4)
            mtime = self.uint32()
        if flags & _HAS_MORE:
            for _ in range(self.uint32()):
                self.string()
                self.string()
        return Attributes(size, mode, mtime)

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise SftpBroken("an answer that ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken


def _attributes(
    *, size: int | None = None, mode: int | None = None, mtime: int | None = None
) -> bytes:
    flags, fields = 0, b""
    if size is not None:
        flags, fields = flags | _HAS_SIZE, fields + struct.pack(">Q", size)
    if mode is not None:
        flags, fields = flags | _HAS_MODE, fields + struct.pack(">I", mode & 0o7777)
    if mtime is not None:
        seconds = min(max(0, mtime), 0xFFFFFFFF)
        flags, fields = flags | _HAS_TIMES, fields + struct.pack(">II", seconds, seconds)
    return struct.pack(">I", flags) + fields


def _text(value: str) -> bytes:
    return _string(value.encode("utf-8", "surrogateescape"))


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
