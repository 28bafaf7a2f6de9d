"""Several connections that share one queue of work; one that dies is replaced, and its work goes on."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Protocol

from sshq_local.copying.link import LinkLost
from sshq_local.copying.sftp import Sftp, SftpBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from sshq_local.copying.pieces import Unit

    T = TypeVar("T")

ATTEMPTS = 6
"""Connections in a row that bring nothing before a stripe is given up."""
_FIRST_PAUSE = 0.5


class Connection(Protocol):
    """What `connect` gives: an SFTP conversation that can be ended from either thread."""

    @property
    def sftp(self) -> Sftp: ...

    def close(self) -> str: ...

    def abandon(self) -> None: ...


class Stripes:
    """`connect()` begins a connection. `is_final(text)`: what ssh said makes trying again vain."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        is_final: Callable[[str], bool] = lambda _text: False,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._connect = connect
        self._is_final = is_final
        self._first_pause = first_pause
        self._changed = threading.Condition()
        self._queue: deque[Unit] = deque()
        self._under_way = 0
        self._running = 0
        self._stop = threading.Event()
        self._open: set[Connection] = set()
        self._spare: list[Connection] = []
        self._problem: Exception | None = None
        self._last_words = ""
        self.healed = 0
        """How often a connection that had died was replaced."""
        self.used = 0
        """The most stripes that were connected at one time."""

    def once(self, work: Callable[[Sftp], T]) -> T:
        """Do something over one connection, a new one if it dies: `work` must bear being repeated.

        Raises LinkLost, and what `work` raises.
        """
        failures = 0
        while True:
            try:
                connection = self._take()
                try:
                    result = work(connection.sftp)
                except SftpBroken as error:
                    raise LinkLost(self._drop(connection) or str(error)) from error
                except BaseException:
                    self._drop(connection)
                    raise
                with self._changed:
                    self._spare.append(connection)
            except LinkLost as error:
                failures = self._after_loss(failures, str(error))
                if not failures:
                    raise
            else:
                return result

    def run(
        self,
        units: Iterable[Unit],
        work: Callable[[Sftp, Unit], None],
        *,
        count: int,
        watch: Callable[[], None],
    ) -> None:
        """Have `count` stripes do all units. `watch` is called a few times a second, on this thread.

        Raises LinkLost once no stripe is left, and what `work` raises (but for SftpBroken).
        """
        self._queue.extend(units)
        threads = [
            threading.Thread(target=self._serve, args=(work,), daemon=True)
            for _ in range(min(count, len(self._queue)))
        ]
        self._running = len(threads)
        try:
            for thread in threads:
                thread.start()
            with self._changed:
                while self._running:
                    self._changed.wait(0.2)
                    watch()
        finally:
            if self._running:
                self.abandon()
            for thread in threads:
                thread.join()
        if self._problem is not None:
            raise self._problem
        if self._queue:
            raise LinkLost(self._last_words)

    def abandon(self) -> None:
        """End all connections, whatever they are doing."""
        self._stop.set()
        with self._changed:
            for connection in self._open:
                connection.abandon()
            self._changed.notify_all()

    def close(self) -> None:
        """Say goodbye to the connections that are left; none of them is in use any more."""
        for connection in list(self._open):
            self._drop(connection)

    def _serve(self, work: Callable[[Sftp, Unit], None]) -> None:
        failures = 0
        connection: Connection | None = None
        try:
            while (unit := self._next()) is not None:
                try:
                    connection = connection or self._take()
                    work(connection.sftp, unit)
                    failures = 0
                    self._finished(None)
                except (LinkLost, SftpBroken) as error:
                    said = str(error)
                    if connection is not None:
                        said = self._drop(connection) or said
                        connection = None
                    self._finished(unit)
                    failures = self._after_loss(failures, said)
                    if not failures:
                        return
        except Exception as error:  # noqa: BLE001 (handed to the thread that waits)
            self._fail(error)
        finally:
            with self._changed:
                if connection is not None:
                    self._spare.append(connection)
                self._running -= 1
                self._changed.notify_all()

    def _next(self) -> Unit | None:
        """The next unit; while others may still fail at theirs, wait for what they give back."""
        with self._changed:
            while not self._queue and self._under_way and not self._stop.is_set():
                self._changed.wait()
            if self._stop.is_set() or not self._queue:
                return None
            self._under_way += 1
            return self._queue.popleft()

    def _finished(self, undone: Unit | None) -> None:
        with self._changed:
            self._under_way -= 1
            if undone is not None:
                self._queue.appendleft(undone)
            self._changed.notify_all()

    def _fail(self, error: Exception) -> None:
        self._problem = self._problem or error
        self.abandon()

    def _after_loss(self, failures: int, said: str) -> int:
        """Wait before the next attempt: how many failed so far; 0 when there is to be none."""
        self._last_words = said
        failures += 1
        if self._stop.is_set() or failures >= ATTEMPTS or self._is_final(said):
            return 0
        self.healed += 1
        self._stop.wait(self._first_pause * 2 ** (failures - 1))
        return failures

    def _take(self) -> Connection:
        with self._changed:
            if self._spare:
                return self._spare.pop()
        connection = self._connect()
        with self._changed:
            self._open.add(connection)
            if self._stop.is_set():
                connection.abandon()
        try:
            connection.sftp.start()
        except SftpBroken as error:
            raise LinkLost(self._drop(connection) or str(error)) from error
        with self._changed:
            self.used = max(self.used, len(self._open))
        return connection

    def _drop(self, connection: Connection) -> str:
        with self._changed:
            self._open.discard(connection)
        return connection.close()
