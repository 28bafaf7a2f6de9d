"""Redeem a ticket (or take up a held lease), write SSH's configuration, open a shell."""

from __future__ import annotations

import contextlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.first_session import take_first_session
from sshq_local.installation import this_installation
from sshq_local.known_apis import KnownApis
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import (
    api_of,
    asked,
    described,
    local_time,
    refused_meanwhile,
    ssh_command,
    typed,
    was_said,
)
from sshq_local.output import say, say_json
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
    from sshq_local.lease import Lease, Node

TAKES_MORE = True
"""After `--`: options and a command for ssh."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = text("help.connect.usage")
    parser.add_argument("ticket", metavar="TICKET|JOB", help=text("help.connect.ticket"))
    parser.add_argument("--no-shell", action="store_true", help=text("help.connect.no-shell"))
    parser.add_argument("--print", action="store_true", help=text("help.connect.print"))
    parser.add_argument("--json", action="store_true", help=text("help.connect.json"))
    parser.add_argument("--ca-file", metavar="FILE", help=text("help.connect.ca-file"))
    parser.add_argument("--accept-api", action="store_true", help=text("help.connect.accept-api"))


def run(arguments: argparse.Namespace) -> int:
    progress = Progress(quiet=arguments.json)
    installation = this_installation()
    store = LeaseStore(installation.data)
    now = time.time()
    lease, node = _lease(arguments, store, progress, now)
    with progress.stage(text("connect.writing")):
        refresh_own_config(installation, store, now=now)
        blocked = _include(installation)
    if blocked is not None:
        progress.say(f"{blocked.what} {blocked.next_step}")
    command = (
        *ssh_command(installation, find_ssh()),
        node.alias,
        *arguments.after_dashes,
    )
    if arguments.json:
        say_json({"lease": described(lease), "ssh": command})
        return Exit.OK
    if arguments.print:
        say(typed(command, is_windows=installation.is_windows))
        return Exit.OK
    names = ", ".join(each.alias for each in lease.nodes)
    progress.say(
        text("connect.yours", names=names, until=local_time(lease.expires_at), alias=node.alias)
    )
    if arguments.no_shell:
        return Exit.OK
    return _open(command, lease, store, progress)


def _lease(
    arguments: argparse.Namespace, store: LeaseStore, progress: Progress, now: float
) -> tuple[Lease, Node]:
    """By a job's name the lease that this computer holds, else the ticket's."""
    ca_file = _ca_file(arguments.ca_file, os.environ)
    held = store.held(arguments.ticket)
    if held is not None:
        lease, node = held
        if lease.expires_at <= now:  # as far as this computer knows: /sshq extend may have moved it
            lease, _ = asked(lease, store)
        progress.say(text("connect.held", job=lease.job))
        return store.trust(lease, ca_file) if arguments.ca_file else lease, node
    ticket = parse_ticket(arguments.ticket)
    find_ssh()  # without it the ticket would be spent for nothing
    first_use = KnownApis(store.root / "known_apis.json").admit(
        ticket,
        accept_new=arguments.accept_api,
        now=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
    )
    if first_use:
        progress.say(first_use)
    with progress.stage(text("connect.redeeming")):
        lease, is_new = redeem(
            ticket,
            store,
            ca_file=ca_file,
            now=now,
            rank=None if arguments.json or arguments.print or arguments.no_shell else 0,
        )
    if arguments.ca_file and not is_new:
        lease = store.trust(lease, ca_file)
    return lease, lease.nodes[0]


def _open(command: tuple[str, ...], lease: Lease, store: LeaseStore, progress: Progress) -> int:
    started = time.time()
    code = run_ssh(command)
    # It lies there still if ssh went over a connection that it had.
    unused = take_first_session(str(store.folder(lease.id)), 0)
    if unused is not None:
        with contextlib.suppress(Refusal):
            api_of(lease, store).end_session(unused["id"])
    if code == Exit.SSH_FAILED:
        refused = refused_meanwhile(lease, store, since=started)
        if refused is not None and not was_said():
            progress.say(f"{refused.what} {refused.next_step}".rstrip())
        progress.say(text("connect.ask-doctor", job=lease.job))
    return code


def _ca_file(named: str | None, environ: Mapping[str, str]) -> str:
    """The CA file to keep with the lease: later an editor starts ssh without this environment."""
    if named is not None and not Path(named).is_file():
        raise refusal(Reason.BAD_CA_FILE, "connect.no-ca-file", file=named, exit_code=Exit.USAGE)
    path = named or environ.get("AWS_CA_BUNDLE") or environ.get("SSL_CERT_FILE") or ""
    return str(Path(path).absolute()) if path and Path(path).is_file() else ""


def _include(installation: Installation) -> Refusal | None:
    """Put our Include into the user's configuration; what kept us from it doesn't stop a shell."""
    try:
        install_include(installation)
    except Refusal as refused:
        if refused.reason != Reason.SSH_CONFIG_LOCKED:
            raise
        return refused
    return None
