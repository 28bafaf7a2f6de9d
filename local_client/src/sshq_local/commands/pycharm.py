"""PyCharm on a machine: what to set where, and the way back for its debug server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sshq_local.carrying import carried, wait_for_the_end
from sshq_local.errors import Exit
from sshq_local.forwards import Kind, parse_forward
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import typed
from sshq_local.output import say, say_json
from sshq_local.progress import Progress

if TYPE_CHECKING:
    import argparse

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease, Node

_USUAL_PORT = "12345"
"""Where sagemaker-ssh-helper's users have PyCharm's debug server listen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument(
        "--debug-server",
        nargs="?",
        const=_USUAL_PORT,
        metavar="PORT",
        help=text("help.pycharm.debug-server"),
    )
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, node = store.find(arguments.job)
    if arguments.debug_server:
        return _debug_server(installation, lease, node, arguments)
    seconds = max(1, int(lease.expires_at - time.time()))
    key_file = str(store.key_file(lease.id))
    add_key = ["ssh-add", "-t", str(seconds), key_file]
    facts = {
        "alias": node.alias,
        "user": lease.login_user,
        "add_key": typed(add_key, is_windows=installation.is_windows),
    }
    if arguments.json:
        say_json({"host": node.alias, "user": lease.login_user, "add_key": add_key})
    else:
        say(text("tools.pycharm-steps", **facts))
    return Exit.OK


def _debug_server(
    installation: Installation, lease: Lease, node: Node, arguments: argparse.Namespace
) -> int:
    forward = parse_forward(arguments.debug_server, Kind.REMOTE)
    progress = Progress(quiet=arguments.json)
    with carried(installation, lease, node, [forward], progress) as ssh:
        if arguments.json:
            say_json({"machine": node.alias, "forwards": [forward.as_json()]})
        else:
            say(text("tools.debug-server", port=forward.port, here=forward.host_port))
        progress.say(text("forward.until"))
        return wait_for_the_end(ssh)
