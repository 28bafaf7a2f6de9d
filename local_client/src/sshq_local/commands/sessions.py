"""The open connections of this computer's leases, as the access API knows them; end one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sshq_local.errors import LEASE_ENDED, Exit, Reason, Refusal, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from sshq_local.lease import Lease


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", nargs="?", metavar="JOB", help=text("help.job-or-all"))
    parser.add_argument("--end", metavar="ID", help=text("help.sessions.end"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    store = LeaseStore(this_installation().data)
    leases = [store.find(arguments.job)[0]] if arguments.job else store.all()
    found = [
        (lease, each)
        for lease in leases
        for each in _open_on(lease, store, named=bool(arguments.job))
    ]
    if arguments.end is not None:
        lease = _holder(found, arguments.end)
        api_of(lease, store).end_session(arguments.end)
        ended = text("leases.session-ended", job=lease.job, session=arguments.end)
        print(json.dumps({"ended": arguments.end}) if arguments.json else ended)
        return Exit.OK
    if arguments.json:
        print(json.dumps({"sessions": [{"job": lease.job, **each} for lease, each in found]}))
        return Exit.OK
    for lease, each in found:
        since = text("leases.session", since=each.get("started_at"))
        print(f"{_alias(lease, each)}  {each.get('id')}  {since}")
    if not found:
        print(text("leases.no-sessions"))
    return Exit.OK


def _open_on(lease: Lease, store: LeaseStore, *, named: bool) -> list[dict[str, Any]]:
    """A lease's open sessions; one that is over has none, unless it is the one that was named."""
    try:
        return api_of(lease, store).sessions()
    except Refusal as refused:
        if named or refused.reason != LEASE_ENDED:
            raise
        return []


def _holder(found: list[tuple[Lease, dict[str, Any]]], session: str) -> Lease:
    for lease, each in found:
        if each.get("id") == session:
            return lease
    raise refusal(Reason.NO_SUCH_SESSION, "leases.no-such-session", session=session)


def _alias(lease: Lease, session: dict[str, Any]) -> str:
    return next((node.alias for node in lease.nodes if node.rank == session.get("rank")), lease.job)
