"""Give leases back, and take what is theirs out of this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local.errors import Exit
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leaving import give_back_each, remove_configuration
from sshq_local.output import say_json
from sshq_local.progress import Progress

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", nargs="?", help=text("help.job-or-all"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    progress = Progress(quiet=arguments.json)
    installation = this_installation()
    store = LeaseStore(installation.data)
    leases = [store.find(arguments.job)[0]] if arguments.job else store.all()
    untold = give_back_each(leases, installation, store, progress)
    if not arguments.job:
        remove_configuration(installation, store)
        if not leases:
            progress.say(text("leases.none-held"))
    if arguments.json:
        errors = [failure.as_json() for failure in untold]
        say_json({"jobs": [lease.job for lease in leases], "errors": errors})
    return untold[0].exit_code if untold else Exit.OK
