"""Standard input and output, each on a thread of its own.

Threads, since stdin is a pipe that Windows can't poll, and a blocked stdout must not keep
acknowledgements and pings from going out. Both are daemons: a blocked read ends with the process.
"""

from __future__ import annotations

import os
import select
from threading import Condition, Lock, Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ = 64 * 1024
"""Bytes of one read: what a Linux pipe holds."""


class Input:
    """Reads ahead one block, and the next one only when that was taken: back-pressure on stdin."""

    def __init__(self, fd: int, wake: Callable[[], None]) -> None:
        self._fd = fd
        self._wake = wake
        self._may_read = Lock()
        self._block: bytes | None = None
        self.at_end = False
        """Whether `take` gave all there was."""

    def start(self) -> None:
        Thread(target=self._run, daemon=True).start()

    def take(self) -> bytes:
        """What was read, b"" if nothing (yet, or ever: see `at_end`)."""
        block = self._block
        if block is None:
            return b""
        self._block = None
        if block:
            self._may_read.release()
        else:
            self.at_end = True
        return block

    def writer_is_gone(self) -> bool:
        """Whether nobody holds the other end of the pipe, though bytes may still be in it.

        Never true where descriptors can't be polled (Windows).
        """
        poll = getattr(select, "poll", None)
        if poll is None:
            return False
        poller = poll()
        try:
            poller.register(self._fd, 0)
            return any(events & select.POLLHUP for _, events in poller.poll(0))
        except OSError:
            return True

    def _run(self) -> None:
        while True:
            self._may_read.acquire()
            try:
                block = os.read(self._fd, READ)
            except OSError:
                # A closed descriptor is the end, like a closed pipe.
                block = b""
            self._block = block
            self._wake()
            if not block:
                return


class Output:
    """Writes in order. `wake` is called when it is no longer full, or broken."""

    def __init__(self, fd: int, wake: Callable[[], None], *, full: int) -> None:
        """full: bytes still to be written above which nothing should be added."""
        self._fd = fd
        self._wake = wake
        self._full = full
        self._changed = Condition()
        self._blocks: list[bytes] = []
        self._backlog = 0
        self.broken = False
        """Whether nobody reads any more."""

    def start(self) -> None:
        Thread(target=self._run, daemon=True).start()

    @property
    def is_full(self) -> bool:
        return self._backlog > self._full

    def put(self, blocks: list[bytes]) -> None:
        if not blocks:
            return
        with self._changed:
            self._blocks.extend(blocks)
            self._backlog += sum(map(len, blocks))
            self._changed.notify_all()

    def drain(self, patience: float) -> bool:
        """Wait until all is written; False if nothing moved for `patience` seconds."""
        with self._changed:
            while self._backlog and not self.broken:
                before = self._backlog
                self._changed.wait(patience)
                if self._backlog == before and not self.broken:
                    return False
            return not self.broken

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._blocks)
                blocks, self._blocks = self._blocks, []
            try:
                self._write(b"".join(blocks))
            except OSError:
                with self._changed:
                    self.broken = True
                    self._changed.notify_all()
                self._wake()
                return

    def _write(self, data: bytes) -> None:
        with memoryview(data) as view:
            start = 0
            while start < len(data):
                written = os.write(self._fd, view[start : start + READ])
                start += written
                with self._changed:
                    was_full = self.is_full
                    self._backlog -= written
                    self._changed.notify_all()
                if was_full and not self.is_full:
                    self._wake()
