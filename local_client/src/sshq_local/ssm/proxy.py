"""Standard input and output over an SSM session: the shell around the state machine.

One loop on the main thread (socket and a wake-up pair in a selector), two threads for stdio.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from functools import partial
from threading import Thread

from sshq_local.ssm.channel import Channel, End, State, Why
from sshq_local.ssm.clocks import Clocks
from sshq_local.ssm.connection import Connection, ConnectionLost, connect
from sshq_local.ssm.dial import NotTrusted
from sshq_local.ssm.keepalive import Keepalive
from sshq_local.ssm.settings import SessionAccess, SessionGone, Settings
from sshq_local.ssm.stdio import Input, Output
from sshq_local.ssm.websocket import UpgradeRefused, WebSocketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType
    from typing import Any, TypeVar

    from sshq_local.ssm.ahead import Ahead

    T = TypeVar("T")

FAILED = 255
"""ssh's own exit code for a connection that is gone."""

_FIRST_ATTEMPTS = 3
"""Connections tried before the first one is up: then the user should know."""
_PROVEN_AFTER = 5.0
"""Seconds after which a silent connection counts as one, and the backoff starts anew."""
_BACKLOG = 4 * 1024 * 1024
"""Bytes that stdout's reader may be behind before we stop reading the socket."""
_FALL_BACK = (
    "Large messages don't come through here, so smaller ones are sent. To spare the next connection "
    'finding out, put {"chunk": 1024} into data_channel.json in sshq\'s folder.'
)
_PATIENCE = 5.0
"""Seconds that stdout's reader may take nothing when the session is over."""


def run(
    open_session: Callable[[], SessionAccess],
    resume: Callable[[str], SessionAccess],
    *,
    end: Callable[[str], None] | None,
    ca_file: Path | str | None,
    stdin_fd: int,
    stdout_fd: int,
    settings: Settings,
    ahead: Ahead | None = None,
    failed: Callable[[str], None] = lambda _: None,
) -> int:
    """Carry stdin and stdout over a session until either side ends; the exit code.

    `open_session()` and `resume(session id)` give an access whose token wasn't used yet. They may
    block, and raise SessionGone (its text is shown); `resume` also OSError (it is tried again).
    `end(session id)` ends a session by API; it is called when the agent couldn't be told, on a
    thread that is waited for half of `settings.end_timeout`. `ahead`: a connection to where the
    first session will likely be. `failed(text)` is told of a failure of the connection itself, which
    is said on stderr all the same. Signals are handled if this is the main thread. Returns 0 after a
    clean end, 255 after one sentence on stderr.
    """
    proxy = _Proxy(
        open_session=open_session,
        resume=resume,
        end=end,
        ca_file=ca_file,
        stdin_fd=stdin_fd,
        stdout_fd=stdout_fd,
        settings=settings,
        ahead=ahead,
        failed=failed,
    )
    return proxy.run()


class _Stopped(Exception):  # noqa: N818
    """A signal came while a callback or a connection attempt was blocking."""


class _Proxy:
    def __init__(
        self,
        *,
        open_session: Callable[[], SessionAccess],
        resume: Callable[[str], SessionAccess],
        end: Callable[[str], None] | None,
        ca_file: Path | str | None,
        stdin_fd: int,
        stdout_fd: int,
        settings: Settings,
        ahead: Ahead | None,
        failed: Callable[[str], None],
    ) -> None:
        self._ahead = ahead
        self._failed = failed
        self._open_session = open_session
        self._resume = resume
        self._end = end
        self._ca_file = ca_file
        self._settings = settings
        self._stop = False
        self._blocking = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._watched = selectors.EVENT_READ
        self._input = Input(stdin_fd, self._wake)
        self._output = Output(stdout_fd, self._wake, full=_BACKLOG)
        self._channel = self._new_channel()
        self._told_of_fall_back = False
        self._access: SessionAccess | None = None

    def run(self) -> int:
        previous = self._handle_signals()
        self._input.start()
        self._output.start()
        try:
            outcome = self._sessions()
        except _Stopped:
            outcome = End(Why.UNANSWERED)
        except SessionGone as error:
            outcome = End(Why.FAILED, str(error))
            self._failed = lambda _: None  # whoever raised it knows
        except NotTrusted as error:
            outcome = End(Why.FAILED, str(error))
        finally:
            for number, handler in previous:
                signal.signal(number, handler)
        self._output.put(self._channel.take_data())
        self._output.drain(0.1 if self._wants_to_end else _PATIENCE)
        if self._access is not None and outcome.why is not Why.FINISHED:
            self._end_by_api(self._access.id)
        clean = outcome.why in {Why.FINISHED, Why.UNANSWERED}
        if outcome.text:
            _say(outcome.text)
            if not clean:
                self._failed(outcome.text)
        self._close()
        return 0 if clean else FAILED

    def _close(self) -> None:
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _sessions(self) -> End:
        """Sessions until one shakes hands; the end of that one."""
        tried = 0
        while True:
            self._access = self._block(self._open_session)
            outcome = self._connections(self._access)
            tried += 1
            if outcome.why is not Why.NO_HANDSHAKE or tried >= self._settings.fresh_sessions:
                return outcome
            self._end_by_api(self._access.id)
            held = self._channel.take_held()
            self._channel = self._new_channel()
            self._channel.send(held, time.monotonic())

    def _connections(self, access: SessionAccess) -> End:
        """Connections of one session, one after the other; the session's end."""
        away = Clocks(time.monotonic, time.time)
        attempts = 0
        ever = False
        while (over := self._over()) is None:
            problem = ""
            try:
                if attempts or ever:
                    access = self._block(partial(self._resume, access.id))
                connection, early = self._block(partial(self._connect, access))
                ever = True
                opened_at = time.monotonic()
                try:
                    heard = self._pump(connection, access.token, early)
                finally:
                    connection.close()
                if heard or time.monotonic() - opened_at > _PROVEN_AFTER:
                    attempts = 0
                    away.restart()
            except (OSError, UpgradeRefused, WebSocketError) as error:
                problem = str(error)
            except NotTrusted as error:
                # On the way it may be a hotel's portal; at the start the user has to act.
                if not ever:
                    raise
                problem = str(error)
            self._channel.on_connection_lost()
            if (over := self._over()) is not None:
                return over
            if away.seconds() > self._settings.give_up_after:
                return End(Why.FAILED, _away(self._settings.give_up_after, problem))
            if not ever and attempts + 1 >= _FIRST_ATTEMPTS:
                return End(Why.FAILED, f"Can't reach the session: {problem}.")
            self._pause(attempts)
            attempts += 1
        return over

    def _over(self) -> End | None:
        return self._channel.end

    def _pump(self, connection: Connection, token: str, early: list[bytes]) -> bool:
        """Carry messages until the connection or the channel ends. Whether anything was heard."""
        now = time.monotonic()
        channel = self._channel
        keepalive = Keepalive(
            now,
            ping_interval=self._settings.ping_interval,
            dead_after=self._settings.dead_after,
        )
        clocks = Clocks(time.monotonic, time.time)
        channel.on_connected(token, now)
        for message in early:
            channel.receive(message, now)
        heard = bool(early)
        self._watched = selectors.EVENT_READ
        self._selector.register(connection.socket, self._watched)
        try:
            while True:
                now = time.monotonic()
                if clocks.slept():
                    keepalive.slept(now)
                if keepalive.is_dead(now):
                    return heard
                if keepalive.ping_is_due(now):
                    connection.ping()
                flushed = self._turn(connection, now)
                if channel.state is State.CLOSED:
                    return heard
                behind = self._output.is_full
                readable = self._wait(connection, keepalive, flushed=flushed, behind=behind)
                now = time.monotonic()
                if behind:
                    # We aren't listening, so silence says nothing about the peer.
                    keepalive.heard(now)
                elif readable:
                    keepalive.heard(now)
                    for message in connection.receive():
                        heard = True
                        channel.receive(message, now)
        except ConnectionLost:
            self._output.put(channel.take_data())
            return heard
        finally:
            self._selector.unregister(connection.socket)

    def _turn(self, connection: Connection, now: float) -> bool:
        """Move what can be moved without waiting; whether the socket took it all."""
        channel = self._channel
        self._take_input(now)
        if channel.deadline is not None and now >= channel.deadline:
            channel.tick(now)
        for message in channel.take_messages():
            connection.send(message)
        self._output.put(channel.take_data())
        if channel.customer_message:
            _say(channel.customer_message)
            channel.customer_message = ""
        if channel.fell_back and not self._told_of_fall_back:
            self._told_of_fall_back = True
            _say(_FALL_BACK)
        return connection.flush()

    def _wait(
        self, connection: Connection, keepalive: Keepalive, *, flushed: bool, behind: bool
    ) -> bool:
        """Sleep until something happens; whether the socket may be read."""
        if connection.has_more and not behind:
            return True
        wanted = selectors.EVENT_READ if not behind else 0
        if not flushed:
            wanted |= selectors.EVENT_WRITE
        deadline = keepalive.deadline
        if self._channel.deadline is not None:
            deadline = min(deadline, self._channel.deadline)
        timeout = max(0.0, deadline - time.monotonic())
        if wanted:
            if wanted != self._watched:  # a system call, and hardly ever needed
                self._selector.modify(connection.socket, wanted)
                self._watched = wanted
            return self._select(timeout, connection.socket)
        self._selector.unregister(connection.socket)
        self._select(timeout, None)
        self._selector.register(connection.socket, self._watched)
        return False

    def _select(self, timeout: float, wanted: socket.socket | None) -> bool:
        readable = False
        for key, events in self._selector.select(timeout):
            if key.fileobj is self._woken:
                self._woken.recv(4096)
            elif key.fileobj is wanted:
                readable = bool(events & selectors.EVENT_READ)
        return readable

    def _take_input(self, now: float) -> None:
        if self._wants_to_end:
            self._channel.finish(now)
        elif self._channel.room:
            block = self._input.take()
            if block:
                self._channel.send(block, now)
            elif self._input.at_end:
                self._channel.finish(now)

    @property
    def _wants_to_end(self) -> bool:
        return self._stop or self._input.at_end or self._output.broken

    def _pause(self, attempts: int) -> None:
        """Wait before the next attempt, not at all before the first, and no longer than needed."""
        if not attempts:
            seconds = 0.0
        else:
            # Half of it by chance: a service that came back isn't met by everyone at once.
            longest = min(self._settings.longest_backoff, 0.5 * 2 ** min(attempts - 1, 8))
            seconds = longest * (0.5 + os.urandom(1)[0] / 510)
        until = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            if not self._channel.room and self._input.writer_is_gone():
                # The window is full, so stdin's end isn't read: a killed ssh must not leave us here.
                self._stop = True
            self._take_input(now)
            if now >= until or self._channel.state is State.CLOSED:
                return
            self._select(until - now, None)

    def _connect(self, access: SessionAccess) -> tuple[Connection, list[bytes]]:
        ahead, self._ahead = self._ahead, None
        return connect(
            access.stream_url,
            hosts=self._settings.hosts,
            ca_file=self._ca_file,
            environ=os.environ,
            timeout=self._settings.connect_timeout,
            ahead=ahead,
        )

    def _block(self, call: Callable[[], T]) -> T:
        """Run what can't be woken; a signal breaks it off."""
        if self._stop:
            raise _Stopped
        self._blocking = True
        try:
            return call()
        finally:
            self._blocking = False

    def _end_by_api(self, session_id: str) -> None:
        if self._end is None:
            return
        thread = Thread(target=self._end, args=(session_id,), daemon=True)
        thread.start()
        thread.join(self._settings.end_timeout / 2)

    def _new_channel(self) -> Channel:
        return Channel(
            self._settings,
            new_id=_new_uuid,
            epoch=time.time() - time.monotonic(),
        )

    def _handle_signals(self) -> list[tuple[int, Any]]:
        previous = []
        for name in ("SIGHUP", "SIGTERM", "SIGINT"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP.
            if number is None:
                continue
            try:
                previous.append((number, signal.signal(number, self._on_signal)))
            except ValueError:
                # Not the main thread: signals are its business.
                break
        return previous

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop = True
        if self._blocking:
            raise _Stopped
        self._wake()

    def _wake(self) -> None:
        try:
            self._waker.send(b"\0")
        except OSError:
            # Full of wake-ups already, or the run is over.
            return


def _away(seconds: float, problem: str) -> str:
    detail = f" (last: {problem})" if problem else ""
    return (
        f"The connection was away for more than {seconds / 60:.0f} minutes{detail}, and SSM ends "
        "an idle session after 60. Connect again."
    )


def _new_uuid() -> bytes:
    """A random UUID's bytes: version 4, the RFC's variant."""
    value = bytearray(os.urandom(16))
    value[6] = value[6] & 0x0F | 0x40
    value[8] = value[8] & 0x3F | 0x80
    return bytes(value)


def _say(text: str) -> None:
    """One line for the user. Peers have a hand in it, so nothing may steer the terminal."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    print(f"sshq-local: {shown[:500]}", file=sys.stderr, flush=True)  # noqa: T201
