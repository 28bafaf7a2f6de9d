"""Leave nothing of sshq on this computer: leases, keys, configuration, backups, what it remembers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sshq_local.atomic_write import remove_left_overs
from sshq_local.errors import Exit
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leaving import give_back_each, remove_configuration
from sshq_local.output import say_json
from sshq_local.progress import Progress
from sshq_local.ssh_config import CONFIG_LOCK

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_OURS = (
    *("leases", "pending", "mux", "backups", "tunnels", "pages", "copies"),
    *("ssh_config", "known_apis.json", "data_channel.json"),
    *("leases.lock", CONFIG_LOCK, "user_config.lock", "redeeming.lock", "known_apis.lock"),
)
"""By name: $SSHQ_DATA_HOME may lead to a folder that holds other things too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    progress = Progress(quiet=arguments.json)
    installation = this_installation()
    store = LeaseStore(installation.data)
    leases = store.all()
    untold = give_back_each(leases, installation, store, progress)
    remove_configuration(installation, store)
    left = _remove(installation.data)
    progress.say(text("leases.left-over" if left else "leases.clean", folder=installation.data))
    if arguments.json:
        say_json(
            {
                "jobs": [lease.job for lease in leases],
                "left": left,
                "errors": [failure.as_json() for failure in untold],
            }
        )
    return untold[0].exit_code if untold else Exit.OK


def _remove(data: Path) -> list[str]:
    """Remove what is ours and, once it is empty, the folder. What is left isn't ours."""
    for name in _OURS:
        path = data / name
        remove_left_overs(path)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    left = sorted(path.name for path in data.iterdir()) if data.is_dir() else []
    if not left and data.is_dir():
        data.rmdir()
    return left
