"""Find out what keeps somebody from a machine: each thing that can be wrong, by name, and its mend."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sshq_local.doctor.examination import CHECKS, examine
from sshq_local.doctor.findings import Finding, Verdict, refused
from sshq_local.errors import Exit, Refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.output import say, say_json

if TYPE_CHECKING:
    import argparse

    from sshq_local.lease import Lease, Node

_WIDTH = max(map(len, CHECKS))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", nargs="?", help=text("help.doctor.job"))
    parser.add_argument("--json", action="store_true", help=text("help.json"))


def run(arguments: argparse.Namespace) -> int:
    installation = this_installation()
    store = LeaseStore(installation.data)
    found: list[Finding] = []
    held: tuple[Lease, Node] | None = None
    try:
        held = _held(store, arguments.job)
    except Refusal as refusal:
        found.append(refused("lease", refusal))
    if found and not arguments.json:
        _show(found[0])
    for finding in examine(installation, store, held):
        if finding.check == "lease" and found[:1] and found[0].check == "lease":
            continue
        found.append(finding)
        if not arguments.json:
            _show(finding)
    failing = next((each.check for each in found if each.verdict is Verdict.FAILED), None)
    if arguments.json:
        facts = {"job": held[0].job if held else arguments.job, "failing": failing}
        say_json(facts | {"checks": [each.as_json() for each in found]})
    else:
        say(text("doctor.failing", check=failing) if failing else text("doctor.well"))
        if held is None:
            say(text("doctor.no-lease"))
    return Exit.REFUSED if failing else Exit.OK


def _held(store: LeaseStore, job: str | None) -> tuple[Lease, Node] | None:
    """The named job's lease (Refusal if there is none), else the newest."""
    if job:
        return store.find(job)
    lease = next((lease for lease in store.all() if lease.expires_at > time.time()), None)
    return (lease, lease.nodes[0]) if lease else None


def _show(finding: Finding) -> None:
    verdict = text(f"doctor.verdict-{finding.verdict}")
    say(f"{verdict}  {finding.check:<{_WIDTH}}  {finding.what}")
    if finding.next:
        say(f"{'':<{_WIDTH + 4}}  → {finding.next}")
