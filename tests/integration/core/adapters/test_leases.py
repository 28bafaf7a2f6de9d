"""Leases in the table: one step or nothing, whoever comes at once and whatever answer is lost."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain import tickets
from sshq.domain.audit import Event, Link, verify
from sshq.domain.jobs import Job, JobShape, Phase
from sshq.domain.leases import (
    MOST_SESSIONS,
    Lease,
    LeaseEnd,
    LeaseSession,
    Redeemed,
    SessionAdded,
    lease_id,
)
from sshq.domain.members import Member
from sshq.domain.rates import refused_tickets
from sshq.domain.sharing import Share
from sshq.domain.signatures import Nonce
from tests.core_aws import NOW, TABLE, put_job
from tests.core_services import ADMIN, ALICE, BOB

if TYPE_CHECKING:
    from sshq.composition import Live
    from sshq.domain.identity import Actor
    from tests.core_aws import CoreAws

LOST_ANSWERS = ("throttle", "5xx", "timeout-before", "timeout-after")
HOUR = timedelta(hours=1)
SOURCE = refused_tickets("192.0.2.1", NOW)
_numbers = itertools.count()


def a_ready_job(live: Live, name: str, phase: Phase = Phase.READY) -> str:
    job = Job(
        name=name,
        owner=ALICE,
        request="r" * 64,
        shape=JobShape(instance="ml.m5.large", image="img:1", hours=0.5),
        prefix="jobs/" + "0" * 40,
        phase=phase,
        created_at=NOW,
        phase_since=NOW,
        cap_seconds=3600,
        deadline=NOW + HOUR,
    )
    return put_job(live, job).name


def a_ticket(live: Live, job: str, owner: Actor = ALICE) -> str:
    ticket = tickets.issue(
        code=tickets.ticket_code(next(_numbers).to_bytes(20, "big")), job=job, owner=owner, now=NOW
    )
    live.tickets.add(ticket)
    return ticket.fingerprint


def a_nonce(key: str = "key") -> Nonce:
    return Nonce(key, f"nonce-{next(_numbers):06}", NOW + HOUR)


def a_lease(ticket: str, job: str, key: str = "key", **changes: Any) -> Lease:
    return Lease(
        id=lease_id(ticket, key),
        job=job,
        owner=ALICE,
        public_key="ssh-ed25519 AAAA",
        key_fingerprint=key,
        ticket=ticket,
        created_at=NOW,
        expires_at=NOW + HOUR,
        source="192.0.2.1",
    ).model_copy(update=changes)


def redeemed(live: Live, job: str = "sshq-alice-ready", **changes: Any) -> Lease:
    """A live lease on a ready job."""
    a_ready_job(live, job)
    lease = a_lease(a_ticket(live, job), job, **changes)
    assert live.leases.redeem(lease, a_nonce(), source=SOURCE, now=NOW) is Redeemed.NEW
    return lease


def a_session(lease: Lease, session: str = "") -> LeaseSession:
    return LeaseSession(
        id=session or f"sshq-AccessApi-{next(_numbers):06}",
        lease=lease.id,
        owner=lease.owner,
        job=lease.job,
        node="mi-1",
        started_at=NOW,
    )


def at_once(workers: int, work: Any) -> list[Any]:
    """`work(n)` in as many threads, all let go at one moment."""
    barrier = threading.Barrier(workers)

    def one(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(workers)))


@pytest.fixture(autouse=True)
def _alice_is_a_member(live: Live) -> None:
    live.members.add(Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=NOW))


def test_of_a_hundred_keys_at_once_exactly_one_spends_a_ticket(live: Live) -> None:
    job = a_ready_job(live, "sshq-alice-hundred")
    ticket = a_ticket(live, job)

    def redeem(number: int) -> Redeemed:
        lease = a_lease(ticket, job, key=f"key-{number}")
        return live.leases.redeem(lease, a_nonce(lease.key_fingerprint), source=SOURCE, now=NOW)

    outcomes = at_once(100, redeem)

    (won,) = [number for number, outcome in enumerate(outcomes) if outcome is Redeemed.NEW]
    assert outcomes.count(Redeemed.SPENT) == 99
    stored = live.tickets.get(ticket)
    assert stored is not None
    assert (stored.redeemed_by, stored.redeemed_from) == (f"key-{won}", "192.0.2.1")
    assert [lease.id for lease in live.leases.of_job(job)] == [stored.lease]


def test_a_ticket_is_spent_up_to_its_last_second_and_not_after(live: Live) -> None:
    job = a_ready_job(live, "sshq-alice-seconds")
    end = NOW + tickets.LIFE

    def at(moment: Any) -> Redeemed:
        lease = a_lease(a_ticket(live, job), job)
        return live.leases.redeem(lease, a_nonce(), source=SOURCE, now=moment)

    assert at(end) is Redeemed.SPENT
    assert at(end - timedelta(seconds=1)) is Redeemed.NEW
    unknown = a_lease("0" * 64, job)
    assert live.leases.redeem(unknown, a_nonce(), source=SOURCE, now=NOW) is Redeemed.SPENT


@pytest.mark.parametrize("phase", [Phase.REGISTERING, Phase.STOPPING, Phase.STOPPED])
def test_a_job_that_isnt_ready_gives_no_lease(live: Live, phase: Phase) -> None:
    job = a_ready_job(live, f"sshq-alice-{phase.value}", phase)
    lease = a_lease(a_ticket(live, job), job)

    outcome = live.leases.redeem(lease, a_nonce(), source=SOURCE, now=NOW)

    assert outcome is Redeemed.NOT_ALLOWED
    assert live.leases.get(lease.id) is None


def test_a_guest_s_ticket_is_spent_only_while_the_job_is_shared(live: Live) -> None:
    job = a_ready_job(live, "sshq-shared-at-the-moment")
    bob = Member(actor=BOB, slug="bob", added_by=ADMIN, added_at=NOW)
    live.members.add(bob)
    wanted = a_lease(a_ticket(live, job, BOB), job, owner=BOB)

    def spend() -> Redeemed:
        return live.leases.redeem(wanted, a_nonce(), source=SOURCE, now=NOW, shared=True)

    assert spend() is Redeemed.NOT_ALLOWED
    assert live.leases.get(wanted.id) is None
    live.shares.put(Share(job=job, owner=ALICE, member=BOB, shared_at=NOW))
    assert spend() is Redeemed.NEW
    live.members.remove(bob)


def test_who_is_no_member_gets_no_lease(live: Live) -> None:
    job = a_ready_job(live, "sshq-alice-for-bob")
    lease = a_lease(a_ticket(live, job, owner=BOB), job, owner=BOB)

    assert live.leases.redeem(lease, a_nonce(), source=SOURCE, now=NOW) is Redeemed.NOT_ALLOWED


def test_a_nonce_that_was_used_gives_no_lease(live: Live) -> None:
    job = a_ready_job(live, "sshq-alice-nonce")
    lease, nonce = a_lease(a_ticket(live, job), job), a_nonce()
    live.leases.remember_nonce(nonce)

    assert live.leases.redeem(lease, nonce, source=SOURCE, now=NOW) is Redeemed.REPLAYED


def test_a_source_beyond_its_rate_gets_no_lease_until_the_window_is_over(live: Live) -> None:
    job = a_ready_job(live, "sshq-alice-rate")
    lease = a_lease(a_ticket(live, job), job)
    rate = refused_tickets("192.0.2.77", NOW)
    for count in range(1, rate.most + 2):
        assert live.rates.count(rate) == count

    assert live.leases.redeem(lease, a_nonce(), source=rate, now=NOW) is Redeemed.TOO_OFTEN
    later = refused_tickets("192.0.2.77", rate.until)
    assert live.leases.redeem(lease, a_nonce(), source=later, now=NOW) is Redeemed.NEW


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_a_ticket_is_spent_though_the_answer_was_lost(aws: CoreAws, live: Live, kind: str) -> None:
    job = a_ready_job(live, f"sshq-alice-{kind}")
    lease = a_lease(a_ticket(live, job), job)
    aws.fault("TransactWriteItems", kind)

    assert live.leases.redeem(lease, a_nonce(), source=SOURCE, now=NOW) is Redeemed.NEW
    assert live.leases.get(lease.id) == lease


def test_a_conflict_of_two_transactions_is_tried_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    job = a_ready_job(live, "sshq-alice-conflict")
    lease = a_lease(a_ticket(live, job), job)
    client = live._table._client
    answers = iter(
        [
            ClientError(
                {
                    "Error": {"Code": "TransactionCanceledException", "Message": "…"},
                    "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
                },
                "TransactWriteItems",
            )
        ]
    )
    original = client.transact_write_items

    def conflicts_once(**request: Any) -> Any:
        for error in answers:
            raise error
        return original(**request)

    monkeypatch.setattr(client, "transact_write_items", conflicts_once)

    assert live.leases.redeem(lease, a_nonce(), source=SOURCE, now=NOW) is Redeemed.NEW


def test_a_live_lease_takes_sessions_and_the_member_has_them(live: Live) -> None:
    lease = redeemed(live, "sshq-alice-takes")
    first, second = a_session(lease), a_session(lease)
    for session in (first, second):
        added = live.leases.add_session(session, a_nonce(), now=NOW)
        assert added is SessionAdded.ADDED

    assert live.leases.sessions(ALICE) == [first, second]
    live.leases.remove_sessions(ALICE, [first.id, "unknown"])
    live.leases.remove_sessions(ALICE, [])
    live.leases.remove_sessions(BOB, ["unknown"] if live.leases.sessions(BOB) else [])
    assert live.leases.sessions(ALICE) == [second]
    live.leases.remove_sessions(ALICE, [second.id])


def test_an_ended_an_expired_and_an_unknown_lease_take_none(live: Live) -> None:
    ended = redeemed(live, "sshq-alice-takes-none")
    expired = redeemed(live, "sshq-alice-takes-none", expires_at=NOW)
    assert live.leases.end(ended.id, LeaseEnd.BY_OWNER)
    unknown = a_lease("1" * 64, ended.job)

    for lease in (ended, expired, unknown):
        added = live.leases.add_session(a_session(lease), a_nonce(), now=NOW)
        assert added is SessionAdded.LEASE_ENDED
    assert live.leases.sessions(ALICE) == []


def test_a_member_has_so_many_sessions_and_no_more_whoever_comes_at_once(live: Live) -> None:
    lease = redeemed(live, "sshq-alice-many")
    other = redeemed(live, "sshq-alice-many-too")
    for _ in range(MOST_SESSIONS - 2):
        live.leases.add_session(a_session(lease), a_nonce(), now=NOW)

    outcomes = at_once(
        6,
        lambda n: live.leases.add_session(a_session(lease if n % 2 else other), a_nonce(), now=NOW),
    )

    assert outcomes.count(SessionAdded.ADDED) == 2
    assert outcomes.count(SessionAdded.TOO_MANY) == 4
    assert len(live.leases.sessions(ALICE)) == MOST_SESSIONS
    live.leases.remove_sessions(ALICE, [session.id for session in live.leases.sessions(ALICE)])


def test_a_replayed_request_adds_no_session(live: Live) -> None:
    lease, nonce = redeemed(live, "sshq-alice-replay"), a_nonce()
    first = a_session(lease)
    live.leases.add_session(first, nonce, now=NOW)

    added = live.leases.add_session(a_session(lease), nonce, now=NOW)

    assert added is SessionAdded.REPLAYED
    assert live.leases.sessions(ALICE) == [first]
    live.leases.remove_sessions(ALICE, [first.id])


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_a_session_is_added_though_its_answer_was_lost(aws: CoreAws, live: Live, kind: str) -> None:
    lease = redeemed(live, f"sshq-alice-session-{kind}")
    session = a_session(lease)
    aws.fault("TransactWriteItems", kind)

    assert live.leases.add_session(session, a_nonce(), now=NOW) is SessionAdded.ADDED
    live.leases.remove_sessions(ALICE, [session.id])


def test_a_lease_ends_once_and_is_named_until_it_is_settled(live: Live) -> None:
    lease = redeemed(live, "sshq-alice-once")

    assert lease.id not in {each.id for each in live.leases.ending()}
    assert live.leases.end(lease.id, LeaseEnd.TICKET_REUSED)
    assert not live.leases.end(lease.id, LeaseEnd.JOB_ENDED)
    assert not live.leases.end("l-nobody", LeaseEnd.JOB_ENDED)

    (stored,) = [each for each in live.leases.ending() if each.id == lease.id]
    assert stored == lease.model_copy(update={"ended": LeaseEnd.TICKET_REUSED})
    assert live.leases.of_job(lease.job) == [stored]
    assert stored in live.leases.of_member(ALICE)
    for _ in range(2):
        live.leases.settle(stored)
    assert lease.id not in {each.id for each in live.leases.ending()}
    assert live.leases.of_job(lease.job) == []
    assert stored not in live.leases.of_member(ALICE)
    assert live.leases.get(lease.id) == stored


def test_the_leases_of_a_job_are_found_by_the_job(live: Live) -> None:
    first = redeemed(live, "sshq-of")
    second = redeemed(live, "sshq-of", key="another")
    redeemed(live, "sshq-of-another")

    assert {lease.id for lease in live.leases.of_job("sshq-of")} == {first.id, second.id}
    assert live.leases.of_job("sshq-of-none") == []


def test_a_nonce_serves_one_request_of_a_key(live: Live) -> None:
    nonce = a_nonce()
    used = at_once(8, lambda _n: live.leases.remember_nonce(nonce))

    assert used.count(True) == 1
    assert live.leases.remember_nonce(Nonce("another key", nonce.value, nonce.until))
    assert live.leases.remember_nonce(a_nonce())


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_a_nonce_is_new_though_its_answer_was_lost(aws: CoreAws, live: Live, kind: str) -> None:
    """Else a client whose request was fine would be told that its signature isn't."""
    aws.fault("PutItem", kind)

    assert live.leases.remember_nonce(a_nonce())


def test_what_a_lease_leaves_is_forgotten_later(aws: CoreAws, live: Live) -> None:
    """TTL deletes by `expires`, in epoch seconds, long after the lease is over."""
    lease = redeemed(live, "sshq-alice-ttl")
    item = aws.client("dynamodb").get_item(
        TableName=TABLE, Key={"pk": {"S": f"LEASE#{lease.id}"}, "sk": {"S": "LEASE"}}
    )["Item"]

    assert int(item["expires"]["N"]) > (lease.expires_at + timedelta(days=1)).timestamp()
    assert item["schema"] == {"N": "1"}


def test_a_lease_is_prolonged_only_while_it_lives_and_never_shortened(live: Live) -> None:
    lease = redeemed(live, "sshq-alice-long").id
    live.leases.prolong(lease, NOW + 2 * HOUR)
    live.leases.prolong(lease, NOW + HOUR)
    live.leases.prolong("nobody", NOW + HOUR)
    stored = live.leases.get(lease)
    assert stored is not None
    assert stored.expires_at == NOW + 2 * HOUR

    live.leases.end(lease, LeaseEnd.BY_OWNER)
    live.leases.prolong(lease, NOW + 3 * HOUR)
    ended = live.leases.get(lease)
    assert ended is not None
    assert ended.expires_at == NOW + 2 * HOUR


def test_a_first_session_is_stored_with_its_lease_and_both_are_recorded(aws: CoreAws) -> None:
    """For somebody who never had a lease, and again when they had one."""
    live = aws.live(table=aws.make_table("first-sessions"))
    live.members.add(Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=NOW))
    job = a_ready_job(live, "sshq-alice-first")
    live.audit.record("before", actor=None)
    for count in (1, 2):
        # What this function remembers of the audit's end is out of date.
        aws.live(table="first-sessions").audit.record("another function's", actor=None)
        lease = a_lease(a_ticket(live, job), job)
        outcome = live.leases.redeem(
            lease,
            a_nonce(),
            source=SOURCE,
            now=NOW,
            session=a_session(lease),
            events=[Event("redeemed", ALICE, {}), Event("session-started", ALICE, {})],
        )
        assert outcome is Redeemed.NEW
        assert len(live.leases.sessions(ALICE)) == len(live.leases.of_member(ALICE)) == count

    found = verify(live.audit.entries(), first=Link(), head=live.audit.head())
    assert (found.records, found.findings) == (7, ())


def test_who_has_all_the_sessions_they_may_gets_no_first_one_and_nothing_else(live: Live) -> None:
    full = redeemed(live, "sshq-alice-full")
    for _ in range(MOST_SESSIONS):
        live.leases.add_session(a_session(full), a_nonce(), now=NOW)
    lease = a_lease(a_ticket(live, full.job), full.job)
    event, session = Event("never", ALICE, {}), a_session(lease)

    def redeem(now: Any) -> Redeemed:
        return live.leases.redeem(
            lease, a_nonce(), source=SOURCE, now=now, session=session, events=[event]
        )

    assert redeem(NOW) is Redeemed.NO_ROOM
    live.leases.remove_sessions(ALICE, [each.id for each in live.leases.sessions(ALICE)])
    assert redeem(NOW + tickets.LIFE) is Redeemed.SPENT
    assert live.leases.get(lease.id) is None
    assert live.leases.sessions(ALICE) == []
    assert "never" not in [entry.event for entry in live.audit.entries() if entry]


def test_a_hundred_redemptions_with_sessions_leave_one_of_each(live: Live) -> None:
    """Others write the audit at the same time: what loses to them alone is tried again."""
    job = a_ready_job(live, "sshq-alice-hundred-sessions")
    ticket = a_ticket(live, job)

    def redeem(number: int) -> Redeemed:
        if number % 10 == 0:
            live.audit.record("meanwhile", actor=None)
        lease = a_lease(ticket, job, key=f"key-{number}")
        return live.leases.redeem(
            lease,
            a_nonce(lease.key_fingerprint),
            source=SOURCE,
            now=NOW,
            session=a_session(lease),
            events=[Event("won", ALICE, {"lease": lease.id})],
        )

    outcomes = at_once(100, redeem)

    assert (outcomes.count(Redeemed.NEW), outcomes.count(Redeemed.SPENT)) == (1, 99)
    (session,) = live.leases.sessions(ALICE)
    (lease,) = live.leases.of_job(job)
    won = [entry.facts["lease"] for entry in live.audit.entries() if entry and entry.event == "won"]
    assert won == [session.lease] == [lease.id]
    assert verify(live.audit.entries(), head=live.audit.head()).findings == ()
    live.leases.remove_sessions(ALICE, [session.id])
