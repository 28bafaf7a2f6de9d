"""All checks in their order: a stage that fails ends the examination, since what follows needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_local.doctor.computer import check_configuration, check_ssh
from sshq_local.doctor.findings import Finding, Verdict, refused, skipped
from sshq_local.doctor.machine import check_channel, check_login
from sshq_local.doctor.network import check_network
from sshq_local.errors import Reason, Refusal
from sshq_local.leased import api_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease, Node
    from sshq_local.lease_store import LeaseStore

CHECKS = (
    *("ssh", "program", "config", "include"),
    *("dns", "proxy", "ca", "api", "clock"),
    *("lease", "job", "time", "agent"),
    *("channel", "sshd", "host-key", "login", "glibc"),
)
"""Their names, in their order."""


def examine(
    installation: Installation, store: LeaseStore, held: tuple[Lease, Node] | None
) -> Iterator[Finding]:
    """A finding for each check. held: None looks at what there is without a lease."""
    done: set[str] = set()
    failing = ""
    for finding in _until_it_fails(installation, store, held):
        done.add(finding.check)
        yield finding
        if finding.verdict is Verdict.FAILED:
            failing = failing or finding.check
    for check in CHECKS:
        if check not in done:
            key = "not-looked-at" if failing else "needs-a-lease"
            yield skipped(check, key, failing=failing)


def _until_it_fails(
    installation: Installation, store: LeaseStore, held: tuple[Lease, Node] | None
) -> Iterator[Finding]:
    found, ssh = check_ssh()
    yield found
    if ssh is None or held is None:
        return
    lease, node = held
    stages = (
        check_configuration(installation, ssh, node),
        _check_api(lease, store),
        check_channel(installation, lease, node),
        check_login(installation, ssh, node),
    )
    for stage in stages:
        for finding in stage:
            yield finding
            if finding.verdict is Verdict.FAILED:
                return


def _check_api(lease: Lease, store: LeaseStore) -> Iterator[Finding]:
    try:
        api = api_of(lease, store)
    except Refusal as refusal:
        yield refused("lease", refusal)
        return
    network = list(check_network(api.target, api.ca_file))
    if network[-1].verdict is Verdict.FAILED:
        yield from network
        return
    # The clock's finding comes last. A date that some proxy wrote isn't the last word on it: what the
    # API says of a signed request is.
    yield from network[:-1]
    try:
        answer = api.health()
    except Refusal as refusal:
        if refusal.reason == Reason.CLOCK_SKEW:
            yield refused("clock", refusal)
        else:
            yield network[-1]
            yield refused("lease", refusal)
        return
    yield network[-1]
    yield Finding("lease", Verdict.OK, lease.id)
    for check in answer.get("checks", ()):
        yield Finding(
            str(check["name"]), Verdict(check["verdict"]), str(check["what"]), str(check["next"])
        )
