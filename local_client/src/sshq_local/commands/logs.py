"""What a job has printed, and (-f) what it prints from now on."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from sshq_local.errors import LEASE_ENDED, Exit, Reason, Refusal, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of
from sshq_local.output import say, say_json

if TYPE_CHECKING:
    import argparse

    from sshq_local.api import AccessApi

_PAUSE = 2.0
"""Seconds between two questions that brought nothing new: CloudWatch itself is a few behind."""
_LONGEST_PAUSE = 10.0
_SEQUENCE = re.compile(r"(\x1b\[[0-?]*[ -/]*[@-~])")
"""A control sequence of ECMA-48."""
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""Its SGR, the one that only changes how text looks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("-f", "--follow", action="store_true", help=text("help.logs.follow"))
    parser.add_argument("--tail", type=int, default=100, metavar="N", help=text("help.logs.tail"))
    parser.add_argument("--json", action="store_true", help=text("help.logs.json"))


def run(arguments: argparse.Namespace) -> int:
    if arguments.tail < 1:
        raise refusal(Reason.BAD_COUNT, "leases.bad-tail", exit_code=Exit.USAGE)
    store = LeaseStore(this_installation().data)
    lease, _ = store.find(arguments.job)
    api = api_of(lease, store)
    several = len(lease.nodes) > 1
    answer = api.logs(tail=arguments.tail)
    _show(answer, several=several, as_json=arguments.json)
    if not arguments.follow:
        return Exit.OK
    try:
        _follow(api, str(answer.get("next") or ""), several=several, as_json=arguments.json)
    except KeyboardInterrupt:
        return Exit.OK  # it is what ends a -f
    return Exit.OK


def _follow(api: AccessApi, after: str, *, several: bool, as_json: bool) -> None:
    """Until the lease is over: then the job is, or the access to it."""
    pause = _PAUSE
    while True:
        time.sleep(pause)
        try:
            answer = api.logs(after=after)
        except Refusal as refused:
            if refused.exit_code is Exit.UNREACHABLE:  # the laptop slept, or changed its network
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if refused.reason == LEASE_ENDED:
                return
            raise
        after = str(answer.get("next") or after)
        shown = _show(answer, several=several, as_json=as_json)
        pause = _PAUSE if shown else min(pause * 1.5, _LONGEST_PAUSE)


def _show(answer: dict[str, Any], *, several: bool, as_json: bool) -> int:
    lines = answer.get("lines") or []
    for line in lines:
        if as_json:
            say_json(line)
        else:
            node = f"{line.get('node')}  " if several else ""
            say(node + for_a_terminal(str(line.get("text", ""))))
    return len(lines)


def for_a_terminal(line: str) -> str:
    """Without what would move the cursor or change the terminal's title; colours stay."""
    shown = []
    for part in _SEQUENCE.split(line):
        if _SEQUENCE.fullmatch(part):
            shown.append(part if _COLOUR.fullmatch(part) else "")
        else:
            shown.append("".join(c for c in part if c.isprintable() or c == "\t"))
    return "".join(shown)
