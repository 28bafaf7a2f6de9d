"""Move a job's deadline, as far as its cap allows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sshq_local.durations import parse_span, parse_until
from sshq_local.errors import Exit, Reason, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of, local_time
from sshq_local.output import say, say_json

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = text("help.extend.usage")
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("span", metavar="SPAN", nargs="?", help=text("help.extend.span"))
    parser.add_argument("--until", metavar="TIME", help=text("help.extend.until"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    if bool(arguments.span) == bool(arguments.until):
        raise refusal(Reason.BAD_TIME, "leases.no-time", exit_code=Exit.USAGE)
    span = parse_span(arguments.span) if arguments.span else None
    now = datetime.now().astimezone()
    until = parse_until(arguments.until, now) if arguments.until else now
    store = LeaseStore(this_installation().data)
    lease, _ = store.find(arguments.job)
    api = api_of(lease, store)
    if span is not None:
        # From the deadline as it is, not from now: asked for twice, it is moved twice.
        until = datetime.fromisoformat(str(api.lease()["deadline"])) + span
    answer = api.extend(until.astimezone(UTC).isoformat(timespec="seconds"))
    if arguments.json:
        say_json(answer)
    else:
        deadline = str(answer.get("deadline") or until.isoformat())
        when = local_time(datetime.fromisoformat(deadline).timestamp())
        say(text("leases.extended", job=answer.get("job", lease.job), until=when))
    return Exit.OK
