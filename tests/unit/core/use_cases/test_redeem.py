"""Tickets and leases: one key gets in, and only while it may."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.jobs import Job, Phase
from sshq.domain.leases import MOST_SESSIONS, SESSION_SETTLES, LeaseEnd
from sshq.domain.queue_message import QueueMessage
from sshq.domain.rates import MOST_REFUSED_OF_SOURCE, MOST_TICKETS_OF_MEMBER
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases import lease_requests
from sshq.use_cases.dispatch import commands
from sshq.use_cases.redeem import REFUSED_AFTER_SECONDS
from tests.core_broker import a_lease, a_ticket, open_session, ready_job, redeemed, work_off
from tests.core_services import ADMIN, ALICE, BOB, HOST_KEY, MemoryServices

if TYPE_CHECKING:
    from sshq.ports import SessionAccess


@pytest.fixture
def job(services: MemoryServices) -> Job:
    return ready_job(services)


def ticket(services: MemoryServices) -> str:
    """The code in the last message that showed one."""
    text = next(
        str(v.blocks) for _, v in reversed(services.chat.said) if "api.test/" in str(v.blocks)
    )
    return text.split("api.test/")[1][:32]


def test_a_ticket_gives_the_node_its_host_key_and_a_certificate(
    services: MemoryServices, job: Job
) -> None:
    lease = redeemed(services, ticket(services).lower())

    assert lease.nodes[0].id == "mi-1"
    assert lease.nodes[0].host_keys == (HOST_KEY,)
    assert lease.nodes[0].alias == job.name
    assert f"cert {job.name} {ALICE.tag}" in lease.certificate


def test_the_same_key_twice_gets_the_same_lease(services: MemoryServices, job: Job) -> None:
    code = ticket(services)
    assert redeemed(services, code) == redeemed(services, code)
    assert len(services.leases.all) == 1


def test_another_key_on_a_spent_ticket_ends_the_lease_and_alarms_the_owner(
    services: MemoryServices, job: Job
) -> None:
    code = ticket(services)
    redeemed(services, code)
    (lease,) = services.leases.all.values()
    open_session(services, lease, job)

    with pytest.raises(Refusal) as refused:
        redeemed(services, code, key="key-2", source="198.51.100.9")

    assert refused.value.reason is Reason.TICKET_UNUSABLE
    assert services.leases.all[lease.id].ended is LeaseEnd.TICKET_REUSED
    work_off(services)
    assert services.sessions.terminated == ["s-1"]
    alarm = services.chat.said[-1][1].text
    for told in ("198.51.100.9", "SHA256:", "0.1.0 linux", "192.0.2.1"):
        assert told in alarm
    with pytest.raises(Refusal):
        redeemed(services, code)


def test_wrong_used_and_expired_tickets_look_alike(services: MemoryServices, job: Job) -> None:
    code = ticket(services)
    refusals = []
    for attempt in ("", "nonsense", "0" * 32):
        with pytest.raises(Refusal) as refused:
            redeemed(services, attempt)
        refusals.append((refused.value.reason, refused.value.facts))
    services.clock.time += timedelta(minutes=10)
    with pytest.raises(Refusal) as refused:
        redeemed(services, code)
    refusals.append((refused.value.reason, refused.value.facts))

    assert set(map(str, refusals)) == {str((Reason.TICKET_UNUSABLE, {}))}


def test_a_ticket_dies_with_its_job(services: MemoryServices, job: Job) -> None:
    code = ticket(services)
    commands(services, services.message(ALICE, "stop", trigger="2", job=job.name))

    with pytest.raises(Refusal):
        redeemed(services, code)


def test_stop_ends_leases_sessions_nodes_and_the_job(services: MemoryServices, job: Job) -> None:
    redeemed(services, ticket(services))
    (lease,) = services.leases.all.values()
    open_session(services, lease, job)
    commands(services, services.message(ALICE, "stop", trigger="2"))

    assert services.training_jobs.stopped == [job.name]
    assert services.sessions.terminated == ["s-1"]
    assert services.nodes.deregistered == ["mi-1"]
    assert services.jobs.all[job.name].phase is Phase.STOPPING
    with pytest.raises(Refusal):
        lease_requests.live_lease(services, services.leases.all[lease.id])


def test_a_session_that_started_while_the_lease_ended_is_terminated(
    services: MemoryServices, job: Job
) -> None:
    redeemed(services, ticket(services))
    (lease,) = services.leases.all.values()

    def ended_meanwhile() -> None:
        services.leases.end(lease.id, LeaseEnd.BY_OWNER)

    services.sessions.on_start = ended_meanwhile

    with pytest.raises(Refusal):
        open_session(services, lease, job)
    assert services.sessions.terminated == ["s-1"]


def test_sessions_are_capped_and_belong_to_their_lease(services: MemoryServices, job: Job) -> None:
    redeemed(services, ticket(services))
    (lease,) = services.leases.all.values()
    for _ in range(MOST_SESSIONS):
        open_session(services, lease, job)
    with pytest.raises(Refusal) as refused:
        open_session(services, lease, job)
    assert refused.value.reason is Reason.TOO_MANY_SESSIONS

    with pytest.raises(Refusal):
        lease_requests.resume_session(services, lease, "somebody-elses")
    with pytest.raises(Refusal):
        open_session(services, lease, job, 7)


def test_the_lease_holder_may_ask_for_the_stop_of_the_job(
    services: MemoryServices, job: Job
) -> None:
    redeemed(services, ticket(services))
    (lease,) = services.leases.all.values()
    lease_requests.ask_to_stop(services, lease, job)

    ((body, group, deduplication),) = services.commands_queue.sent
    asked = QueueMessage.model_validate_json(body)
    assert (group, deduplication) == ("T0001-U0ALICE", asked.request)
    commands(services, asked)
    assert services.training_jobs.stopped == [job.name]


def test_sessions_that_are_over_leave_room_for_new_ones(services: MemoryServices, job: Job) -> None:
    redeemed(services, ticket(services))
    (lease,) = services.leases.all.values()
    for _ in range(MOST_SESSIONS):
        open_session(services, lease, job)
    services.sessions.unlisted = {"s-1", "s-2"}
    with pytest.raises(Refusal):  # they may be too new for SSM's list
        open_session(services, lease, job)
    assert len(services.leases.open) == MOST_SESSIONS

    services.clock.time += 2 * SESSION_SETTLES
    open_session(services, lease, job)
    assert not {"s-1", "s-2"} & services.leases.open.keys()
    assert len(services.leases.open) == MOST_SESSIONS - 1


def test_quick_connections_that_are_over_leave_room_at_once(
    services: MemoryServices, job: Job
) -> None:
    redeemed(services, ticket(services))
    (lease,) = services.leases.all.values()
    for _ in range(3 * MOST_SESSIONS):
        services.sessions.over.append(open_session(services, lease, job))

    assert len(services.leases.open) <= MOST_SESSIONS


@pytest.mark.parametrize("actor", [BOB, ADMIN])
def test_nobody_but_the_owner_gets_a_ticket(
    services: MemoryServices, job: Job, actor: object
) -> None:
    services.enrol(BOB, "bob")
    tickets = len(services.tickets.all)
    commands(services, services.message(actor, "connect", trigger="3", job=job.name))  # type: ignore[arg-type]

    assert len(services.tickets.all) == tickets
    assert "belongs to somebody else" in services.chat.said[-1][1].text


def test_an_admin_may_stop_anyones_job_and_a_member_may_not(
    services: MemoryServices, job: Job
) -> None:
    services.enrol(BOB, "bob")
    commands(services, services.message(BOB, "stop", trigger="3", job=job.name))
    assert services.training_jobs.stopped == []

    commands(services, services.message(ADMIN, "stop", trigger="4", job=job.name))
    assert services.training_jobs.stopped == [job.name]


def test_without_a_fresh_response_url_no_ticket_is_made(services: MemoryServices, job: Job) -> None:
    tickets = len(services.tickets.all)
    commands(services, services.message(ALICE, "connect", trigger="5", with_url=False))

    assert len(services.tickets.all) == tickets


def how_it_ended(services: MemoryServices, code: str, **more: Any) -> tuple[Reason, float]:
    """Why a redemption was refused, and after how long."""
    began = services.clock.monotonic()
    with pytest.raises(Refusal) as refused:
        redeemed(services, code, **more)
    return refused.value.reason, services.clock.monotonic() - began


def test_every_ticket_that_cant_be_used_is_refused_after_the_same_time(
    services: MemoryServices, job: Job
) -> None:
    """However long the table takes: each read here takes a different time."""
    used, expired = a_ticket(services, job), a_ticket(services, job)
    redeemed(services, used)
    slow = iter([0.01, 0.2, 0.05, 0.1, 0.02, 0.3, 0.01, 0.2])
    get = services.tickets.get

    def takes_its_time(fingerprint: str) -> object:
        services.clock.sleep(next(slow))
        return get(fingerprint)

    services.tickets.get = takes_its_time  # type: ignore[method-assign,assignment]
    refused = [how_it_ended(services, code, key="key-2") for code in ("wrong", "0" * 32, used)]
    services.clock.time += timedelta(minutes=10)
    refused.append(how_it_ended(services, expired))

    assert {reason for reason, _ in refused} == {Reason.TICKET_UNUSABLE}
    assert [seconds for _, seconds in refused] == pytest.approx([REFUSED_AFTER_SECONDS] * 4)


def test_a_source_with_too_many_bad_tickets_has_to_wait_even_with_a_good_one(
    services: MemoryServices, job: Job
) -> None:
    good = a_ticket(services, job)
    for _ in range(MOST_REFUSED_OF_SOURCE):
        assert how_it_ended(services, "0" * 32)[0] is Reason.TICKET_UNUSABLE

    assert how_it_ended(services, "0" * 32)[0] is Reason.TOO_MANY_ATTEMPTS
    assert how_it_ended(services, good)[0] is Reason.TOO_MANY_ATTEMPTS
    assert redeemed(services, good, source="198.51.100.7").job == job.name
    services.clock.time += timedelta(minutes=10)
    assert redeemed(services, good, source="198.51.100.7").job == job.name


def test_a_member_gets_so_many_tickets_in_ten_minutes(services: MemoryServices, job: Job) -> None:
    before = len(services.tickets.all)
    for number in range(MOST_TICKETS_OF_MEMBER + 2):
        commands(services, services.message(ALICE, "connect", trigger=f"t{number}"))

    assert len(services.tickets.all) - before == MOST_TICKETS_OF_MEMBER
    assert "Too many tickets" in services.chat.said[-1][1].text


def test_who_was_removed_meanwhile_gets_no_lease(services: MemoryServices, job: Job) -> None:
    code = a_ticket(services, job)
    member = services.members.get(ALICE)
    assert member is not None
    services.members.remove(member)

    assert how_it_ended(services, code)[0] is Reason.TICKET_UNUSABLE
    assert services.leases.all == {}


def test_the_alarm_for_a_stolen_ticket_comes_once_for_each_key(
    services: MemoryServices, job: Job
) -> None:
    code = a_ticket(services, job)
    redeemed(services, code)
    for _ in range(3):
        how_it_ended(services, code, key="key-2")
    said = len(services.chat.said)
    work_off(services)

    assert len(services.chat.said) == said + 1
    assert services.audit.names().count("ticket-reused") == 1


def test_a_first_session_comes_with_the_lease_and_counts_like_any_other(
    services: MemoryServices, job: Job
) -> None:
    answer = redeemed(services, ticket(services), rank=0)

    assert answer.session is not None
    (session,) = services.leases.sessions(ALICE)
    assert (session.id, session.lease, session.rank) == (answer.session.id, answer.id, 0)
    assert services.audit.names()[-2:] == ["redeemed", "session-started"]


def test_the_same_key_again_gets_its_lease_without_another_session(
    services: MemoryServices, job: Job
) -> None:
    code = ticket(services)
    first = redeemed(services, code, rank=0)
    again = redeemed(services, code, rank=0)

    assert (again.id, again.session) == (first.id, None)
    assert len(services.sessions.started) == len(services.leases.sessions(ALICE)) == 1


def test_a_session_that_loses_its_ticket_to_another_key_is_ended(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = ticket(services)
    start = services.sessions.start

    def overtaken(node: str, *, reason: str) -> SessionAccess:
        monkeypatch.undo()
        redeemed(services, code, key="key-2")
        return start(node, reason=reason)

    monkeypatch.setattr(services.sessions, "start", overtaken)
    with pytest.raises(Refusal):
        redeemed(services, code, rank=0)

    assert services.sessions.terminated == ["s-1"]
    assert services.leases.sessions(ALICE) == []


def test_a_lease_comes_though_its_first_session_cant(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = a_ticket(services, job), a_ticket(services, job), a_ticket(services, job)
    assert redeemed(services, held[0], rank=7).session is None

    def throttled(node: str, *, reason: str) -> SessionAccess:
        raise RuntimeError("AWS wants no more")

    with monkeypatch.context() as patch:
        patch.setattr(services.sessions, "start", throttled)
        assert redeemed(services, held[1], "key-2", rank=0).session is None

    full = a_lease(services, job, "key-3")
    for _ in range(MOST_SESSIONS):
        open_session(services, full, job)
    before = len(services.sessions.terminated)
    assert redeemed(services, held[2], "key-4", rank=0).session is None
    assert len(services.sessions.terminated) == before + 1
    assert len(services.leases.sessions(ALICE)) == MOST_SESSIONS
