"""Redeem a ticket, write its machines into SSH's configuration, open a shell."""

from __future__ import annotations

import json
import os
import shlex
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.installation import this_installation
from sshq_local.known_apis import KnownApis
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import ssh_command
from sshq_local.progress import Progress
from sshq_local.redeeming import redeem
from sshq_local.ssh_client import find_ssh, run_ssh
from sshq_local.ssh_config import refresh_own_config
from sshq_local.ssh_include import install_include
from sshq_local.ticket import parse_ticket

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease

EXAMPLES = """\
examples:
  sshq-local connect <ticket>                        a shell on the job's first machine
  sshq-local connect <ticket> -- -L 8888:localhost:8888
  sshq-local connect <ticket> -- nvidia-smi          one command instead of a shell
  sshq-local connect <ticket> --no-shell             afterwards: ssh, scp, rsync, VS Code …
"""


TAKES_MORE = True
"""After `--`: options and a command for ssh."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "sshq-local connect <ticket> [options] [-- ssh arguments]"
    parser.add_argument("ticket", help="the line that the bot showed you: <host>/<32 characters>")
    parser.add_argument("--no-shell", action="store_true", help="set everything up, open nothing")
    parser.add_argument("--print", action="store_true", help="print the ssh command, don't run it")
    parser.add_argument("--json", action="store_true", help="the lease as JSON; opens nothing")
    parser.add_argument(
        "--ca-file", metavar="F", help="trust the CAs in this PEM file, now and for this lease"
    )
    parser.add_argument(
        "--accept-api",
        action="store_true",
        help="let a ticket name an access API new to this computer",
    )


def run(arguments: argparse.Namespace) -> int:
    progress = Progress(quiet=arguments.json)
    ticket = parse_ticket(arguments.ticket)
    ssh = find_ssh()
    installation = this_installation()
    store = LeaseStore(installation.data)
    now = time.time()
    first_use = KnownApis(installation.data / "known_apis.json").admit(
        ticket,
        accept_new=arguments.accept_api,
        now=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
    )
    if first_use:
        progress.say(first_use)
    with progress.stage("Redeeming the ticket"):
        lease, _new = redeem(
            ticket, store, ca_file=_ca_file(arguments.ca_file, os.environ), now=now
        )
    with progress.stage("Writing SSH's configuration"):
        refresh_own_config(installation, store, now=now)
        blocked = _include(installation)
    if blocked is not None:
        progress.say(f"{blocked.what} {blocked.next_step}")
    command = (
        *ssh_command(installation, ssh, included=blocked is None),
        lease.nodes[0].alias,
        *arguments.after_dashes,
    )
    if arguments.json:
        print(json.dumps({"lease": described(lease), "ssh": command}))
        return Exit.OK
    if arguments.print:
        print(shlex.join(command))
        return Exit.OK
    names = ", ".join(node.alias for node in lease.nodes)
    progress.say(f"{names}: yours until {_local_time(lease.expires_at)}. Try also: {_also(lease)}")
    if arguments.no_shell:
        return Exit.OK
    return _open(command, lease, store, progress)


def described(lease: Lease) -> dict[str, object]:
    """A lease for `--json`: what a script can use, and no ticket's trace."""
    return {
        "id": lease.id,
        "job": lease.job,
        "owner": lease.owner,
        "expires_at": datetime.fromtimestamp(lease.expires_at, UTC).isoformat(),
        "api": lease.api,
        "login_user": lease.login_user,
        "nodes": [{"rank": node.rank, "alias": node.alias, "id": node.id} for node in lease.nodes],
    }


def _open(command: tuple[str, ...], lease: Lease, store: LeaseStore, progress: Progress) -> int:
    started = time.time()
    code = run_ssh(command)
    if code == Exit.SSH_FAILED:
        failure = store.last_failure(lease.id, since=started - 1)
        if failure is not None:
            progress.say(f"{failure.get('what')} {failure.get('next')}")
    return code


def _ca_file(named: str | None, environ: Mapping[str, str]) -> str:
    """The CA file to keep with the lease: later an editor starts ssh without this environment."""
    if named is not None and not Path(named).is_file():
        raise Refusal(
            Reason.BAD_CA_FILE,
            f"There is no CA file {named}. The ticket wasn't used.",
            "Name a PEM file with --ca-file and paste the line again.",
            exit_code=Exit.USAGE,
        )
    path = named or environ.get("AWS_CA_BUNDLE") or environ.get("SSL_CERT_FILE") or ""
    return str(Path(path).absolute()) if path and Path(path).is_file() else ""


def _include(installation: Installation) -> Refusal | None:
    """Put our Include into the user's configuration; what kept us from it doesn't stop a shell."""
    try:
        install_include(installation)
    except Refusal as refusal:
        if refusal.reason != Reason.SSH_CONFIG_LOCKED:
            raise
        return refusal
    return None


def _also(lease: Lease) -> str:
    alias = lease.nodes[0].alias
    return f"scp FILE {alias}:  ·  code --remote ssh-remote+{alias} /"


def _local_time(epoch: int) -> str:
    return datetime.fromtimestamp(epoch).astimezone().strftime("%a %H:%M")
