"""The sandbox's state folder: one supervisor at a time, and how to find it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_FOLDER = ".sshq-sandbox"
DEFAULT_PORT = 8700
_FACTS = "sandbox.json"
_MADE_BY_A_RUN = (_FACTS, "tls", "jobs", "clock", "calls.jsonl")


class StateError(Exception):
    """The state folder can't be used; the message says why and what to do."""


@dataclass(frozen=True)
class SandboxFacts:
    """What sandbox.json says (0600: it holds the control API's token)."""

    pid: int
    port: int
    url: str
    control_url: str
    token: str
    aws_url: str
    slack_url: str
    ssm_url: str
    ca_file: str
    region: str
    template: str


class StateFolder:
    """A folder with mode 0700. The supervisor holds its lock for as long as it lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.clock = path / "clock"

    def claim(self) -> None:
        """Make the folder, take its lock and clear what an earlier run left. Raises StateError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            facts = self.read()
            who = f" (pid {facts.pid}, {facts.url})" if facts else ""
            raise StateError(
                f"A sandbox is already running in {self.path}{who}. "
                f"End it with `sshq-sandbox down`, or choose another folder with --state."
            ) from error
        self.clear()
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(mode=0o700)

    def write(self, facts: SandboxFacts) -> None:
        """Publish the facts, whole or not at all."""
        fresh = self.path / f"{_FACTS}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(facts), file, indent=2)
        fresh.replace(self.path / _FACTS)

    def read(self) -> SandboxFacts | None:
        """Return the facts of the last run that didn't end by itself; None if there are none."""
        try:
            found = json.loads((self.path / _FACTS).read_text(encoding="utf-8"))
            return SandboxFacts(**{each.name: found[each.name] for each in fields(SandboxFacts)})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(f"{self.path / _FACTS} can't be read: delete the folder.") from error

    def is_claimed(self) -> bool:
        """Whether a supervisor lives. A lock can't be stale: the kernel gives it back."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(lock)
        return False

    def clear(self) -> None:
        """Remove all but the logs. The lock goes with the process, so that `down` can wait for that.

        Its file stays: another supervisor may be about to lock it.
        """
        for name in _MADE_BY_A_RUN:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def clear_leftovers(self) -> bool:
        """Remove what a killed supervisor left; False if there was nothing."""
        found = (self.path / _FACTS).exists()
        self.clear()
        return found
