"""One session of the AsyncSSH server: a command or a login shell, with or without a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pwd
import select
import signal
import struct
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Mapping

    Process = asyncssh.SSHServerProcess[bytes]

_CHUNK = 65_536


async def run_session(process: Process, environment: Mapping[str, str]) -> None:
    """Run what the client asked for; its exit status or signal is the session's."""
    account = pwd.getpwuid(os.getuid())
    shell = account.pw_shell or "/bin/sh"
    command = process.command
    name = os.path.basename(shell)  # noqa: PTH119
    arguments = [name, "-c", command] if command is not None else [f"-{name}"]
    session_environment = {
        "HOME": account.pw_dir,
        "PATH": os.defpath,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "SHELL": shell,
        **{key: value for key, value in process.env.items() if key.startswith(("LANG", "LC_"))},
        **environment,
    }
    if process.term_type:
        session_environment["TERM"] = process.term_type
        run = _with_terminal(process, shell, arguments, session_environment)
    else:
        run = _with_pipes(process, shell, arguments, session_environment)
    status = await run
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


async def _with_pipes(
    process: Process, shell: str, arguments: list[str], environment: dict[str, str]
) -> int:
    child = await asyncio.create_subprocess_exec(
        *arguments,
        executable=shell,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    await process.redirect(
        stdin=child.stdin, stdout=child.stdout, stderr=child.stderr, send_eof=False
    )
    gone = asyncio.create_task(_hang_up_when_gone(process, child.pid))
    try:
        status = await child.wait()
        await process.stdout.drain()
        return status
    finally:
        gone.cancel()


async def _with_terminal(
    process: Process, shell: str, arguments: list[str], environment: dict[str, str]
) -> int:
    master, slave = os.openpty()
    _set_size(master, *process.term_size)
    child = await asyncio.create_subprocess_exec(
        *arguments,
        executable=shell,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        # A new session whose controlling terminal this is: Ctrl-C needs one.
        preexec_fn=lambda: _log_in_at(slave),
    )
    os.close(slave)
    typing = asyncio.create_task(_type(process, master))
    gone = asyncio.create_task(_hang_up_when_gone(process, child.pid))
    try:
        await _show(process, master)
        return await child.wait()
    finally:
        typing.cancel()
        gone.cancel()


async def _show(process: Process, master: int) -> None:
    """Copy what the terminal shows until its last process has closed it."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(master, "rb", buffering=0)
    )
    # Linux says EIO, others end of file; a client that has left can't be written to.
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            process.stdout.write(data)
            await process.stdout.drain()
    transport.close()


async def _type(process: Process, master: int) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while True:
            try:
                data = await process.stdin.read(_CHUNK)
            except asyncssh.TerminalSizeChanged as size:
                _set_size(master, size.width, size.height, size.pixwidth, size.pixheight)
                continue
            except asyncssh.BreakReceived:
                continue
            if not data:
                return
            await loop.run_in_executor(None, _write_all, master, data)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            select.select([], [descriptor], [], 1.0)


async def _hang_up_when_gone(process: Process, group: int) -> None:
    """The client has left without waiting: what it ran gets SIGHUP, as from sshd."""
    await process.wait_closed()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGHUP)


def _log_in_at(terminal: int) -> None:
    """os.login_tty, which Python 3.10 doesn't have."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(terminal, stream)
    if terminal > 2:
        os.close(terminal)


def _set_size(
    terminal: int, width: int, height: int, pixel_width: int = 0, pixel_height: int = 0
) -> None:
    size = struct.pack("HHHH", height, width, pixel_width, pixel_height)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
