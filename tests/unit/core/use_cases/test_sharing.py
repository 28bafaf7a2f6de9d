"""Sharing: another member's own lease, for a time; nothing else, and taken back at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sshq.domain.jobs import Job, Phase
from sshq.domain.leases import LeaseEnd, Redeemed
from sshq.use_cases.dispatch import commands
from tests.core_broker import open_session, ready_job, redeemed
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices
from tests.unit.core.use_cases.test_leaving import ask
from tests.unit.core.use_cases.test_redeem import ticket


@pytest.fixture
def job(services: MemoryServices) -> Job:
    services.enrol(BOB, "bob", language="zh")
    return ready_job(services)


def test_bob_gets_a_lease_of_his_own_until_the_share_ends(
    services: MemoryServices, job: Job
) -> None:
    ask(services, ALICE, "share", job=job.name, user=BOB.user, for_=7200)
    ask(services, BOB, "connect", job=job.name)
    redeemed(services, ticket(services), "bobs-key")

    (lease,) = services.leases.all.values()
    assert lease.owner == BOB
    assert lease.expires_at == services.clock.now() + timedelta(hours=2)
    told = [view for where, view in services.chat.said if where == f"D-{BOB.user}"]
    assert "sshq:connect" in str(told[0].blocks)
    assert "您" in told[0].text


def test_a_share_gives_entry_and_nothing_else(services: MemoryServices, job: Job) -> None:
    ask(services, ALICE, "share", job=job.name, user=BOB.user)
    for verb, more in (
        ("stop", {}),
        ("share", {"user": ADMIN.user}),
        ("unshare", {"user": BOB.user}),
    ):
        ask(services, BOB, verb, n="b", job=job.name, **more)

    assert services.jobs.all[job.name].phase is Phase.READY
    assert len(services.shares.all) == 1


def test_when_its_time_is_up_there_is_no_new_way_in(services: MemoryServices, job: Job) -> None:
    ask(services, ALICE, "share", job=job.name, user=BOB.user, for_=60)
    ask(services, BOB, "connect", job=job.name)
    services.clock.time += timedelta(seconds=60)

    with pytest.raises(Exception, match="ticket-unusable"):
        redeemed(services, ticket(services), "bobs-key")
    assert "别人" in ask(services, BOB, "connect", n="2", job=job.name)


def test_unsharing_ends_the_lease_and_its_sessions(services: MemoryServices, job: Job) -> None:
    ask(services, ALICE, "share", job=job.name, user=BOB.user)
    redeemed(services, ticket(services), "alices-key")
    ask(services, BOB, "connect", job=job.name)
    redeemed(services, ticket(services), "bobs-key")
    alices, bobs = services.leases.all.values()
    open_session(services, alices, job)
    open_session(services, bobs, job)

    ask(services, ALICE, "unshare", job=job.name, user=BOB.user)

    assert services.leases.all[bobs.id].ended is LeaseEnd.UNSHARED
    assert services.leases.all[alices.id].ended is None
    assert services.sessions.terminated == ["s-2"]


def test_a_share_that_is_taken_back_while_its_ticket_is_redeemed_leaves_no_lease(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(services, ALICE, "share", job=job.name, user=BOB.user)
    ask(services, BOB, "connect", job=job.name)
    code = ticket(services)
    spend = services.leases.redeem

    def meanwhile(*arguments: Any, **named: Any) -> Redeemed:
        monkeypatch.undo()
        ask(services, ALICE, "unshare", n="u", job=job.name, user=BOB.user)
        return spend(*arguments, **named)

    monkeypatch.setattr(services.leases, "redeem", meanwhile)

    with pytest.raises(Exception, match="ticket-unusable"):
        redeemed(services, code, "bobs-key")
    assert services.leases.all == {}


@pytest.mark.parametrize(
    ("user", "word"),
    [(ALICE.user, "yours already"), (ADMIN.user, "not a member"), ("U0NOBODY", "not a member")],
)
def test_who_cannot_be_shared_with(
    services: MemoryServices, job: Job, user: str, word: str
) -> None:
    assert word in ask(services, ALICE, "share", job=job.name, user=user)
    assert services.shares.all == {}


def test_an_admin_shares_nobodys_job_but_may_take_a_share_back(
    services: MemoryServices, job: Job
) -> None:
    assert "somebody else" in ask(services, ADMIN, "share", job=job.name, user=BOB.user)
    ask(services, ALICE, "share", job=job.name, user=BOB.user)
    ask(services, ADMIN, "unshare", job=job.name, user=BOB.user)
    assert services.shares.all == {}


def test_a_job_that_is_not_shared_cannot_be_unshared(services: MemoryServices, job: Job) -> None:
    commands(services, services.message(ALICE, "unshare", job=job.name, user=BOB.user))
    assert "isn't shared" in services.chat.said[-1][1].text
