"""The ssh on this computer: find it, know its version, run it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

_OLDEST = (7, 3)
"""Include came with OpenSSH 7.3."""

_VERSION = re.compile(r"OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)")


@dataclass(frozen=True)
class SshClient:
    """path: absolute. version: as `ssh -V` prints it."""

    path: str
    version: str


def find_ssh(search_path: str | None = None) -> SshClient:
    """Find an ssh that will do. Raises Refusal (exit 4) with how to get one."""
    path = shutil.which("ssh", path=search_path)
    if path is None:
        raise refusal(Reason.SSH_MISSING, "ssh.missing", exit_code=Exit.SSH_MISSING)
    answer = subprocess.run(
        [path, "-V"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    version = answer.stderr.strip()
    parsed = parse_version(version)
    if parsed is not None and parsed < _OLDEST:
        raise refusal(
            Reason.SSH_TOO_OLD, "ssh.too-old", version=version, exit_code=Exit.SSH_MISSING
        )
    return SshClient(path=path, version=version)


def parse_version(said: str) -> tuple[int, int] | None:
    """What `ssh -V` said, Microsoft's build included; None for another program."""
    match = _VERSION.search(said)
    return (int(match[1]), int(match[2])) if match else None


def exit_code(returncode: int) -> int:
    """As a shell gives it: 128 and the signal's number for a program that a signal ended."""
    return returncode if returncode >= 0 else 128 - returncode


def run_ssh(command: Sequence[str]) -> int:
    """Run ssh on this terminal and return its exit code (the remote command's, or 255)."""
    # Ctrl-C is for ssh and what it runs. A handler, since SIG_IGN would be inherited by ssh.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return exit_code(subprocess.run(command, check=False).returncode)
    finally:
        signal.signal(signal.SIGINT, before)
