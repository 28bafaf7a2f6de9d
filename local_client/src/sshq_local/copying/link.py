"""One SSH connection of its own for SFTP, and one for hashing: ssh processes and their pipes.

Each goes through an SSM session of its own: a shared connection (ControlMaster) would share its pace.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

from sshq_local.copying.sftp import Sftp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

_OWN_CONNECTION = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "BatchMode=yes")
_CLOSE_SECONDS = 2.0

_HASH_SCRIPT = """\
if command -v sha256sum >/dev/null; then h() { sha256sum; }
elif command -v busybox >/dev/null && busybox sha256sum </dev/null >/dev/null 2>&1
then h() { busybox sha256sum; }
elif command -v openssl >/dev/null; then h() { openssl dgst -sha256 -r; }
elif command -v shasum >/dev/null; then h() { shasum -a 256; }
elif command -v python3 >/dev/null
then h() { python3 -c 'import hashlib,sys
d=hashlib.sha256()
for b in iter(lambda: sys.stdin.buffer.read(1<<20), b""): d.update(b)
print(d.hexdigest())'; }
else exit 97
fi
"""
_NO_TOOL = 97


class LinkLost(Exception):  # noqa: N818 (it happens; the stripe connects anew)
    """The connection is over; the text is what ssh said last."""


class Link:
    """An SFTP conversation over one ssh. `command`: ssh with its configuration; `alias`: the host.

    `sftp` raises SftpBroken when the connection is gone; `close` then says what ssh said.
    """

    def __init__(self, command: Sequence[str], alias: str) -> None:
        self._process = subprocess.Popen(
            [*command, *_OWN_CONNECTION, "-T", "-s", alias, "sftp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # Ctrl-C is for sshq-local: it ends its stripes itself, once it has noted how far they were.
            start_new_session=os.name != "nt",
        )
        incoming, outgoing = _pipe(self._process.stdout), _pipe(self._process.stdin)
        self.sftp = Sftp(
            lambda most: incoming.read(most) or b"", lambda data: _send(outgoing, data)
        )

    def close(self) -> str:
        """End ssh; what it said on stderr."""
        process = self._process
        _pipe(process.stdin).close()
        try:
            process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        said = _pipe(process.stderr).read() or b""
        _pipe(process.stdout).close()
        _pipe(process.stderr).close()
        return said.decode(errors="replace").strip()

    def abandon(self) -> None:
        """Break off whatever another thread does with it."""
        self._process.terminate()


def remote_hashes(command: Sequence[str], alias: str, paths: Sequence[str]) -> list[str] | None:
    """SHA-256 of each file on the machine, "" for one that can't be read; None: it has no tool for it.

    POSIX sh, and whatever of sha256sum, busybox, openssl, shasum or python3 is there. Raises LinkLost.
    """
    lines = [f"h < {shlex.quote(_from_here(path))} 2>/dev/null || echo -" for path in paths]
    script = _HASH_SCRIPT + "\n".join(lines) + "\n"
    done = subprocess.run(
        [*command, *_OWN_CONNECTION, "-T", alias, "exec sh -s"],
        input=script.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
        start_new_session=os.name != "nt",
    )
    if done.returncode == _NO_TOOL:
        return None
    found = [
        line.split()[0].decode("ascii", "replace") for line in done.stdout.splitlines() if line
    ]
    if len(found) != len(paths):
        raise LinkLost(done.stderr.decode(errors="replace").strip() or "the hashes didn't come")
    return ["" if value == "-" else value for value in found]


def _from_here(path: str) -> str:
    return path if path.startswith("/") else f"./{path}"


def _send(pipe: IO[bytes], data: bytes) -> None:
    with memoryview(data) as view:
        sent = 0
        while sent < len(data):
            sent += pipe.write(view[sent:])


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 (each was asked for)
    return stream
