"""`sshq-sandbox channel …`: faults and settings of the message service, while it runs."""

from __future__ import annotations

import argparse
import json
from typing import Any

from sshq_sandbox.control_client import ControlClient, RefusedError

_EXAMPLES = """examples:
  sshq-sandbox channel show                                settings, faults, sessions
  sshq-sandbox channel set pace=aws                        agents send 1024 bytes, then sleep 1 ms
  sshq-sandbox channel set hold=no presigned=yes dial-seconds=0.5
  sshq-sandbox channel fault drop --to client --rate 0.05  5 % of the frames, until `clear`
  sshq-sandbox channel fault reorder --to agent            the next frame
  sshq-sandbox channel bye                                 close all WebSockets with 1000, as every hour
  sshq-sandbox channel tear                                cut them without a word
  sshq-sandbox channel away agent --seconds 30             nobody there; hold= says what frames become
  sshq-sandbox channel expire-tokens                       those that were given out open nothing
  sshq-sandbox channel clear                               no faults any more

settings: pace=aws|none|BYTES/SECONDS, dial-seconds=S, hold=yes|no, presigned=yes|no, token-seconds=S,
largest=BYTES (of a client's payload), on-larger=drop|close"""


def add_channel_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    as_json: argparse.ArgumentParser,
) -> None:
    """Add `channel` and what may follow it."""
    channel = commands.add_parser(
        "channel",
        help="faults and settings of SSM's message service",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = channel.add_subparsers(metavar="ACTION", required=True, dest="action")
    show = actions.add_parser("show", parents=[common, as_json], help="settings, faults, sessions")
    show.set_defaults(run=_show)
    settings = actions.add_parser("set", parents=[common], help="change settings")
    settings.add_argument("settings", nargs="+", metavar="NAME=VALUE")
    settings.set_defaults(run=_set)
    fault = actions.add_parser("fault", parents=[common], help="a fault in the way of frames")
    fault.add_argument("kind", help="drop, duplicate, delay, reorder")
    fault.add_argument("--to", default="agent", help="client, agent or control (default: agent)")
    fault.add_argument("--count", type=int, help="frames (default: 1; with --rate: all)")
    fault.add_argument("--rate", type=float, help="the chance that a frame meets it")
    fault.add_argument("--type", help="a message type; any without it")
    fault.add_argument("--skip", type=int, help="matching frames that pass first")
    fault.add_argument("--seconds", type=float, help="how long `delay` takes")
    fault.set_defaults(run=_act)
    away = actions.add_parser("away", parents=[common], help="one end is gone for a while")
    away.add_argument("end", help="client or agent")
    away.add_argument("--seconds", type=float, default=0.0)
    away.add_argument("--session")
    away.set_defaults(run=_act)
    for name, what in (
        ("bye", "close WebSockets with 1000"),
        ("tear", "cut connections without a word"),
    ):
        cut = actions.add_parser(name, parents=[common], help=what)
        cut.add_argument("--session", help="one session's; all without it")
        cut.set_defaults(run=_act)
    for name, what in (
        ("expire-tokens", "tokens given out so far open nothing"),
        ("clear", "no faults any more"),
    ):
        actions.add_parser(name, parents=[common], help=what).set_defaults(run=_act)


def _show(options: argparse.Namespace) -> int:
    shown = ControlClient(options.state).get("/channel")
    if options.json:
        print(json.dumps(shown, indent=2))
        return 0
    for name, value in shown["settings"].items():
        print(f"setting  {name} = {value}")
    for fault in shown["faults"]:
        print(f"fault    {json.dumps(fault)}")
    print(f"faults   {shown['faults_met']} frames met one so far")
    for name, session in shown["sessions"].items():
        print(f"session  {name}: {session['node']}, connected: {', '.join(session['connected'])}")
    return 0


def _set(options: argparse.Namespace) -> int:
    settings = {}
    for pair in options.settings:
        name, equals, value = pair.partition("=")
        if not equals:
            raise RefusedError(f"{pair!r} isn't NAME=VALUE.")
        settings[name] = value
    ControlClient(options.state).post("/channel", {"action": "set", "settings": settings})
    return 0


def _act(options: argparse.Namespace) -> int:
    names = ("action", "kind", "to", "count", "rate", "type", "skip", "seconds", "end", "session")
    body: dict[str, Any] = {name: getattr(options, name, None) for name in names}
    ControlClient(options.state).post("/channel", body)
    return 0
