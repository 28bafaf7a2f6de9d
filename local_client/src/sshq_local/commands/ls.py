"""The leases that this computer holds, without asking anybody."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import described
from sshq_local.output import say, say_json

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--names", action="store_true", help=text("help.ls.names"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    now = time.time()
    leases = [
        lease for lease in LeaseStore(this_installation().data).all() if lease.expires_at > now
    ]
    if arguments.names:
        for lease in leases:
            for node in lease.nodes:
                say(node.alias)
        return Exit.OK
    if arguments.json:
        say_json({"leases": [described(lease) for lease in leases]})
        return Exit.OK
    for lease in leases:
        hours, minutes = divmod(int(lease.expires_at - now) // 60, 60)
        left = text("leases.left", hours=hours, minutes=f"{minutes:02}")
        for node in lease.nodes:
            say(f"{node.alias}  {node.id}  {left}")
    if not leases:
        say(text("leases.none"))
    return Exit.OK
