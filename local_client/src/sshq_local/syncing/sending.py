"""Files to a machine: by rsync where both sides have it, else by sftp, which every ssh brings along."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sshq_local.syncing.tree import Changes

_IN_PART = frozenset({23, 24})
"""rsync's codes for files that it couldn't send: they went before it came to them, or worse."""
_NOT_OURS = frozenset({1, 2, 4})
"""rsync's codes for options that it doesn't know: macOS has one of its own."""


@dataclass
class Sender:
    """ssh: the command with its options. target: absolute. rsync: both sides have one."""

    ssh: Sequence[str]
    alias: str
    target: str
    rsync: bool

    def send(self, root: Path, changes: Changes) -> None:
        """Send what changed; take away what is gone. Raises Refusal."""
        changed = [path for path in changes.changed if (root / path).is_file()]
        if changed and self.rsync and not self._by_rsync(root, changed):
            self.rsync = False
        if changed and not self.rsync:
            self._by_sftp(sftp_puts(root, changed, self.target))
        if changes.gone:
            self._by_sftp([f"-rm {_quoted(f'{self.target}/{path}')}" for path in changes.gone])

    def _by_rsync(self, root: Path, paths: Sequence[str]) -> bool:
        """False: this rsync won't do. No -z: ssh compresses already."""
        shell = " ".join(f"'{word}'" if " " in word else word for word in self.ssh)
        done = subprocess.run(
            [
                *("rsync", "-rtpL", "--protect-args", "--from0", "--files-from=-", "-e", shell),
                *(f"{root}/", f"{self.alias}:{self.target}/"),
            ],
            input="\0".join(paths).encode(errors="surrogateescape"),
            capture_output=True,
            check=False,
        )
        if done.returncode in _NOT_OURS:
            return False
        if done.returncode in _IN_PART:
            left = [path for path in paths if (root / path).is_file()]
            if len(left) < len(paths):
                return self._by_rsync(root, left) if left else True
        if done.returncode != 0:
            raise _failed(done, line=0)  # its last one says only that there were others
        return True

    def _by_sftp(self, batch: Sequence[str]) -> None:
        program = shutil.which("sftp") or "sftp"
        done = subprocess.run(
            [program, "-q", "-b", "-", *self.ssh[1:], self.alias],
            input="".join(line + "\n" for line in batch).encode(errors="surrogateescape"),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise _failed(done)


def sftp_puts(root: Path, paths: Sequence[str], target: str) -> list[str]:
    """The batch that sends files: each under another name first, so that nobody reads half of one."""
    folders: dict[str, None] = {}
    puts = []
    for path in paths:
        if "\n" in path or "\r" in path:  # a batch has a command per line
            continue
        goal = PurePosixPath(path)
        for parent in reversed(goal.parents[:-1]):
            folders[str(parent)] = None
        part = goal.with_name(f".{goal.name}.sshq-part")
        here, there = _quoted((root / path).as_posix()), _quoted(f"{target}/{part}")
        puts += [f"put -p {here} {there}", f"rename {there} {_quoted(f'{target}/{goal}')}"]
    return [*(f"-mkdir {_quoted(f'{target}/{folder}')}" for folder in folders), *puts]


def _quoted(path: str) -> str:
    """As sftp reads it; between quotes it takes *, ? and [ for themselves."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _failed(done: subprocess.CompletedProcess[bytes], *, line: int = -1) -> Exception:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return refusal(
        Reason.NOT_SENT,
        "sync.failed",
        why=lines[line] if lines else done.returncode,
        exit_code=Exit.SSH_FAILED if done.returncode in {Exit.SSH_FAILED, 12} else Exit.REFUSED,
    )
