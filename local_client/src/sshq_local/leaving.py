"""Leaving: leases are given back, and what they put on this computer goes with them."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING

from sshq_local.errors import Refusal
from sshq_local.file_lock import locked
from sshq_local.language import text
from sshq_local.leased import give_back
from sshq_local.ssh_client import find_ssh
from sshq_local.ssh_config import CONFIG_LOCK, own_config
from sshq_local.ssh_include import remove_include

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease
    from sshq_local.lease_store import LeaseStore
    from sshq_local.progress import Progress


def give_back_each(
    leases: Iterable[Lease], installation: Installation, store: LeaseStore, progress: Progress
) -> list[Refusal]:
    """Give leases back, and say so. What comes back kept the access API from knowing."""
    try:
        ssh = find_ssh()
    except Refusal:
        ssh = None  # then there is no shared connection to close either
    untold: list[Refusal] = []
    for lease in leases:
        failure = give_back(lease, installation, store, ssh, now=time.time())
        if failure is None:
            progress.say(text("leases.given-back", job=lease.job))
        else:
            untold.append(failure)
            progress.say(text("leases.gone-here", job=lease.job, why=failure.what))
    return untold


def remove_configuration(installation: Installation, store: LeaseStore) -> None:
    """Take our line out of the user's SSH configuration, and our own file away.

    Not from under a lease that another process has taken meanwhile.
    """
    with locked(installation.data / CONFIG_LOCK):
        if store.all():
            return
        remove_include(installation)
        with contextlib.suppress(FileNotFoundError):
            own_config(installation).unlink()
        shutil.rmtree(installation.data / "mux", ignore_errors=True)
