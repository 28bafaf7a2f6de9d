"""Make ports of a machine reachable here (-L), ports of this computer there (-R), or a proxy (-D)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local.carrying import carried, wait_for_the_end
from sshq_local.errors import Exit, Reason, refusal
from sshq_local.forwards import Forward, Kind, choose_ports, parse_forward
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.output import say, say_json
from sshq_local.ports import is_free
from sshq_local.progress import Progress

if TYPE_CHECKING:
    import argparse

    from sshq_local.lease import Node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = text("help.forward.usage")
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("ports", metavar="PORT", nargs="*", help=text("help.forward.port"))
    for kind in Kind:
        parser.add_argument(
            f"-{kind}",
            dest=f"kind_{kind}",
            metavar="SPEC",
            action="append",
            default=[],
            help=text(f"help.forward.{kind}"),
        )
    parser.add_argument("--json", action="store_true", help=text("help.forward.json"))


def run(arguments: argparse.Namespace) -> int:
    asked = [parse_forward(word, Kind.LOCAL) for word in arguments.ports]
    for kind in Kind:
        asked += [parse_forward(word, kind) for word in getattr(arguments, f"kind_{kind}")]
    if not asked:
        raise refusal(Reason.BAD_FORWARD, "forward.nothing", exit_code=Exit.USAGE)
    installation = this_installation()
    lease, node = LeaseStore(installation.data).find(arguments.job)
    forwards = choose_ports(
        asked,
        is_free,
        offer=lambda free: f"sshq-local forward {node.alias} {' '.join(free.as_option())}",
    )
    progress = Progress(quiet=arguments.json)
    with carried(installation, lease, node, forwards, progress) as ssh:
        if arguments.json:
            facts = [forward.as_json() for forward in forwards]
            say_json({"machine": node.alias, "forwards": facts})
        else:
            say("\n".join(described(forward, node) for forward in forwards))
        progress.say(text("forward.until"))
        return wait_for_the_end(ssh)


def described(forward: Forward, node: Node) -> str:
    """A line for a person: what to open, and where it leads."""
    facts = {
        "listen": f"{forward.bind or 'localhost'}:{forward.port}",
        "goal": f"{forward.host}:{forward.host_port}",
        "alias": node.alias,
    }
    line = text(f"forward.stands-{forward.kind}", **facts)
    if forward.wanted:
        line += " " + text("forward.instead", wanted=forward.wanted)
    return line
