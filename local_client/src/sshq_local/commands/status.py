"""What the access API says about a leased job: its state, deadline and cost so far."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sshq_local.errors import LEASE_ENDED, Exit, Refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import asked, local_time
from sshq_local.output import say, say_json

if TYPE_CHECKING:
    import argparse

    from sshq_local.lease import Lease

# An API of before says no currency: the amount then stands alone.
_SIGNS = {"USD": "$", "CNY": "¥"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", nargs="?", metavar="JOB", help=text("help.job-or-all"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    store = LeaseStore(this_installation().data)
    leases = [store.find(arguments.job)[0]] if arguments.job else store.all()
    answers = [(lease, _asked(lease, store, named=bool(arguments.job))) for lease in leases]
    if arguments.json:
        say_json({"jobs": [answer for _, answer in answers]})
        return Exit.OK
    for lease, answer in answers:
        say(lease.job)
        shown = answer | {
            "deadline": _shown_time(answer.get("deadline")),
            "expires_at": _shown_time(answer.get("expires_at")),
            "cost_so_far": shown_cost(answer),
        }
        for name in ("job_state", "deadline", "expires_at", "cost_so_far"):
            if shown.get(name) is not None:
                say(f"  {text(f'leases.{name}')}: {shown[name]}")
        failure = store.last_failure(lease.id, since=0)
        if failure is not None:
            say(f"  {text('leases.last-failure')}: {failure.get('what')}")
    if not leases:
        say(text("leases.none"))
    return Exit.OK


def shown_cost(answer: dict[str, Any]) -> str | None:
    """`$1.41`; `1.41 XYZ` in a currency whose sign isn't known here."""
    amount, currency = answer.get("cost_so_far"), str(answer.get("currency", ""))
    if amount is None:
        return None
    sign = _SIGNS.get(currency)
    return f"{sign}{amount:,.2f}" if sign else f"{amount:,.2f} {currency}".rstrip()


def _shown_time(value: object) -> str | None:
    """As this computer's clock shows it."""
    if value is None:
        return None
    try:
        return local_time(datetime.fromisoformat(str(value)).timestamp())
    except ValueError:
        return str(value)


def _asked(lease: Lease, store: LeaseStore, *, named: bool) -> dict[str, Any]:
    """The API's answer. Of several leases, one that is over is no reason to say nothing of the others."""
    try:
        return asked(lease, store)[1]
    except Refusal as refused:
        if named or refused.reason != LEASE_ENDED:
            raise
        return {"job": lease.job, "job_state": text("leases.over")}
