"""The first process of a job's container: runs the entrypoint, and lets nothing outlive it.

`python container_init.py <fd> <program> [argument …]`, as the leader of a session of its own. `fd`
is the reading end of a pipe whose writing end only the sandbox holds: when that closes (asked for,
or since the sandbox was killed), every process of the container is killed. SIGTERM goes on to the
entrypoint alone, as Docker does. The exit code is the entrypoint's (128 + n for signal n).

It needs nothing but the standard library, so that it starts fast.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
KILLED = 128 + signal.SIGKILL

_ON_LINUX = sys.platform == "linux"
_LOOK_EVERY_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    supervisor_fd, command = int(arguments[0]), arguments[1:]
    os.set_inheritable(supervisor_fd, False)
    if _ON_LINUX:
        # Processes that leave the session (sshd's children) come back here when orphaned.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wake)
    try:
        entrypoint = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            setpgroup=0,
            setsigdef=[signal.SIGTERM, signal.SIGINT, signal.SIGPIPE],
        )
    except OSError as error:
        print(f"can't run {command[0]}: {error.strerror}", flush=True)  # noqa: T201
        return 127
    return _watch(entrypoint, supervisor_fd, woken)


def _watch(entrypoint: int, supervisor_fd: int, woken: int) -> int:
    known: set[int] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(supervisor_fd, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {
                key.fd for key, _ in selector.select(None if _ON_LINUX else _LOOK_EVERY_SECONDS)
            }
            if not _ON_LINUX:
                # No subreaper: remember those that may be orphaned out of sight later.
                known |= _descendants(os.getpid())
            if supervisor_fd in ready:
                _kill_all(known)
                return KILLED
            if woken in ready and signal.SIGTERM in os.read(woken, 256):
                with suppress(ProcessLookupError):
                    os.kill(entrypoint, signal.SIGTERM)
            code = _reap(entrypoint)
            if code is not None:
                _kill_all(known)
                return code


def _reap(entrypoint: int) -> int | None:
    """Collect all that have ended; the exit code if the entrypoint is among them."""
    code: int | None = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == entrypoint:
                code = os.waitstatus_to_exitcode(status)
    return code if code is None or code >= 0 else 128 - code


def _kill_all(known: set[int]) -> None:
    """Kill until none is left: one that forks while the list is read is caught the next time."""
    doomed = known | _descendants(os.getpid())
    while doomed:
        for pid in doomed:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)
        doomed = _descendants(os.getpid())


def _descendants(root: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _processes() -> list[tuple[int, int]]:
    """(pid, parent's pid) of every process on the machine that hasn't ended."""
    if not _ON_LINUX:
        with subprocess.Popen(["/bin/ps", "-axo", "pid=,ppid=,stat="], stdout=-1, text=True) as ps:
            lines = [line.split() for line in ps.communicate()[0].splitlines()]
        return [
            (int(pid), int(parent))
            for pid, parent, state in lines
            if int(pid) != ps.pid and not state.startswith("Z")
        ]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # "pid (name) state ppid …": the name may hold spaces and brackets.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    found.append((int(entry.name), int(parent)))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
