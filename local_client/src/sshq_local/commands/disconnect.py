"""Give leases back, and take everything of theirs out of this computer."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Refusal
from sshq_local.installation import this_installation
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import give_back
from sshq_local.progress import Progress
from sshq_local.ssh_client import find_ssh
from sshq_local.ssh_config import own_config
from sshq_local.ssh_include import remove_include

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  sshq-local disconnect sshq-alice-gpu-7f3k2m9q      this job's lease
  sshq-local disconnect                              all, and sshq's line in ~/.ssh/config
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", nargs="?", help="the job (or one of its machines); without it: all")
    parser.add_argument("--json", action="store_true", help="what was given back, as JSON")


def run(arguments: argparse.Namespace) -> int:
    progress = Progress(quiet=arguments.json)
    installation = this_installation()
    store = LeaseStore(installation.data)
    leases = [store.find(arguments.job)[0]] if arguments.job else store.all()
    try:
        ssh = find_ssh()
    except Refusal:
        ssh = None  # then there is no shared connection to close either
    untold: list[Refusal] = []
    for lease in leases:
        failure = give_back(lease, installation, store, ssh, now=time.time())
        if failure is None:
            progress.say(f"{lease.job}: given back.")
        else:
            untold.append(failure)
            progress.say(
                f"{lease.job}: gone from this computer. {failure.what} The lease ends by itself."
            )
    if not arguments.job:
        remove_include(installation)
        with contextlib.suppress(FileNotFoundError):
            own_config(installation).unlink()
        shutil.rmtree(installation.data / "mux", ignore_errors=True)
        if not leases:
            progress.say("This computer holds no lease.")
    if arguments.json:
        print(
            json.dumps(
                {
                    "jobs": [lease.job for lease in leases],
                    "errors": [failure.as_json() for failure in untold],
                }
            )
        )
    return Exit.UNREACHABLE if untold else Exit.OK
