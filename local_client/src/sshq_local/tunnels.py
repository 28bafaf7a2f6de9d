"""Tunnels that stand: a machine's sshd on a port of this computer, and the alias that goes with it.

<data>/tunnels/<port>.json   which lease and machine; its lock is held for as long as the tunnel stands,
<data>/tunnels/<port>.lock   so what a killed process left is known to be stale
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq_local.atomic_write import write_atomically
from sshq_local.file_lock import is_locked, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USUAL_PORT = 11022
"""Where users of sagemaker-ssh-helper expect a training job, under the alias of its quick start."""
USUAL_ALIAS = "sagemaker-training"


@dataclass(frozen=True)
class Tunnel:
    """port: on this computer's loopback."""

    port: int
    lease: str
    rank: int

    @property
    def alias(self) -> str:
        return USUAL_ALIAS if self.port == USUAL_PORT else f"{USUAL_ALIAS}-{self.port}"


@contextlib.contextmanager
def standing(data: Path, tunnel: Tunnel) -> Iterator[None]:
    """Let it be known for the block that this tunnel stands."""
    path = data / "tunnels" / f"{tunnel.port}.json"
    with locked(path.with_suffix(".lock")):
        facts = {"port": tunnel.port, "lease": tunnel.lease, "rank": tunnel.rank}
        write_atomically(path, json.dumps(facts).encode())
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def standing_tunnels(data: Path) -> list[Tunnel]:
    """The tunnels that stand now."""
    found = []
    for path in sorted((data / "tunnels").glob("*.json")):
        if not is_locked(path.with_suffix(".lock")):
            continue
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            facts = json.loads(path.read_bytes())
            found.append(Tunnel(int(facts["port"]), str(facts["lease"]), int(facts["rank"])))
    return found
