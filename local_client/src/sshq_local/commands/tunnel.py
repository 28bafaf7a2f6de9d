"""A machine's SSH server on a port of this computer: for tools that know only a host and a port."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal
from sshq_local.forwards import next_free
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of
from sshq_local.output import say, say_json
from sshq_local.ports import is_free, port_number
from sshq_local.progress import Progress
from sshq_local.relay import listen, relay
from sshq_local.ssh_config import proxy_words, refresh_own_config
from sshq_local.tunnels import USUAL_PORT, Tunnel, standing

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("--port", type=port_number, metavar="PORT", help=text("help.tunnel.port"))
    parser.add_argument("--json", action="store_true", help=text("help.forward.json"))


def run(arguments: argparse.Namespace) -> int:
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, node = store.find(arguments.job)
    progress = Progress(quiet=arguments.json)
    with progress.stage(text("forward.asking", job=lease.job)):
        api_of(
            lease, store
        ).lease()  # a lease that is over says so now, not at the first connection
    port = _free_port(arguments.port, node.alias)
    listeners = listen(port)
    tunnel = Tunnel(port, lease.id, node.rank)
    try:
        with standing(installation.data, tunnel):
            refresh_own_config(installation, store, now=time.time())
            _show(tunnel, node.alias, asked=arguments.port or USUAL_PORT, as_json=arguments.json)
            progress.say(text("forward.until"))
            relay(listeners, lambda: proxy_words(installation, lease, node))
    except KeyboardInterrupt:
        return Exit.OK  # it is what ends a tunnel
    finally:
        refresh_own_config(installation, store, now=time.time())


def _free_port(named: int | None, alias: str) -> int:
    """The usual port or the next free one; a named one, or a refusal that offers another."""
    port = named or USUAL_PORT
    if is_free(port):
        return port
    other = next_free(port, is_free)
    if named is None:
        return other
    offer = f"sshq-local tunnel {alias} --port {other}"
    raise refusal(Reason.PORT_TAKEN, "forward.taken", port=port, offer=offer)


def _show(tunnel: Tunnel, machine: str, *, asked: int, as_json: bool) -> None:
    instead_of = asked if tunnel.port != asked else None
    if as_json:
        facts = {"machine": machine, "alias": tunnel.alias, "port": tunnel.port}
        say_json(facts | {"instead_of": instead_of})
    else:
        if instead_of:
            say(text("forward.instead", wanted=instead_of))
        say(text("forward.tunnel", port=tunnel.port, alias=tunnel.alias, machine=machine))
