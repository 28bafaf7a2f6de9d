"""Stop a job, as `/sshq stop` does; its leases end with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of, give_back
from sshq_local.output import say, say_json
from sshq_local.progress import Progress
from sshq_local.ssh_client import find_ssh

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, _ = store.find(arguments.job)
    with Progress(quiet=arguments.json).stage(text("leases.stopping", job=lease.job)):
        answer = api_of(lease, store).stop()
        try:
            ssh = find_ssh()
        except Refusal:
            ssh = None
        give_back(lease, installation, store, ssh, now=time.time(), already_ended=True)
    if arguments.json:
        say_json(answer)
    else:
        say(f"{answer.get('job', lease.job)}: {answer.get('state', 'stopping')}")
    return Exit.OK
