"""From what was typed to where it lies: `job:path` on a leased machine, anything else on this computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Places:
    """Where from and where to: one path here, one on `machine` (an alias or a job, as typed)."""

    machine: str
    here: str
    there: str
    is_upload: bool

    @property
    def source(self) -> str:
        return self.here if self.is_upload else self.there

    @property
    def target(self) -> str:
        return self.there if self.is_upload else self.here


def parse_places(source: str, target: str, is_machine: Callable[[str], bool]) -> Places:
    """`is_machine(name)`: whether a lease for it is held. Raises Refusal (exit 2)."""
    from_machine, from_path = _split(source, is_machine)
    to_machine, to_path = _split(target, is_machine)
    if bool(from_machine) == bool(to_machine):
        key = "copy.both-machines" if from_machine else "copy.no-machine"
        raise refusal(Reason.BAD_PLACES, key, exit_code=Exit.USAGE)
    if from_machine:
        return Places(from_machine, here=to_path, there=from_path, is_upload=False)
    return Places(to_machine, here=from_path, there=to_path, is_upload=True)


def _split(typed: str, is_machine: Callable[[str], bool]) -> tuple[str, str]:
    """(machine, path); the machine is "" for a path of this computer, be it named `C:\\data`."""
    name, colon, path = typed.partition(":")
    if not colon or not name or "/" in name or "\\" in name:
        return "", typed
    if is_machine(name):
        return name, _from_home(path)
    if name.startswith("sshq-"):
        raise refusal(Reason.NO_SUCH_LEASE, "lease.none-for", name=repr(name))
    return "", typed


def _from_home(path: str) -> str:
    """SFTP starts in the home folder and knows no tilde."""
    if path in {"", "~"}:
        return "."
    return path.removeprefix("~/") or "."
