"""`/sshq sessions`, its buttons, and every way in which access is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sshq.domain.leases import SESSION_SETTLES, LeaseEnd, certificate_expiry
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases import lease_requests
from sshq.use_cases.dispatch import commands
from sshq.use_cases.ending import (
    REVOKE_SECONDS,
    end_lease,
    end_leases_of,
    finish_endings,
)
from tests.core_broker import a_lease, open_session, ready_job
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices

if TYPE_CHECKING:
    from sshq.domain.jobs import Job


@pytest.fixture
def job(services: MemoryServices) -> Job:
    return ready_job(services)


def shown(services: MemoryServices) -> str:
    return str(services.chat.said[-1][1].blocks)


def test_the_list_tells_who_is_in_and_from_where(services: MemoryServices, job: Job) -> None:
    lease, idle = a_lease(services, job), a_lease(services, job, key="key-2")
    session = open_session(services, lease, job)
    commands(services, services.message(ALICE, "sessions", trigger="s"))

    for told in (job.name, "192.0.2.1", "0.1.0 linux", session, "End this session", idle.id):
        assert told in shown(services)


def test_the_list_leaves_out_what_ssm_says_is_over(services: MemoryServices, job: Job) -> None:
    lease = a_lease(services, job)
    over, there = open_session(services, lease, job), open_session(services, lease, job)
    services.sessions.over = [over]
    services.clock.time += 2 * SESSION_SETTLES
    commands(services, services.message(ALICE, "sessions", trigger="s"))

    assert there in shown(services)
    assert over not in shown(services)
    facts = lease_requests.list_sessions(services, lease).sessions
    assert [each.id for each in facts] == [there]


def test_without_a_lease_the_list_says_so(services: MemoryServices, job: Job) -> None:
    commands(services, services.message(ALICE, "sessions", trigger="s"))

    assert "Nobody holds a way" in shown(services)


def test_the_button_ends_one_session_and_no_other(services: MemoryServices, job: Job) -> None:
    lease = a_lease(services, job)
    first, second = open_session(services, lease, job), open_session(services, lease, job)

    def press(trigger: str) -> None:
        pressed = services.message(
            ALICE, "end-session", trigger=trigger, lease=lease.id, session=first
        )
        commands(services, pressed)

    press("b")

    assert services.sessions.terminated == [first]
    assert [each.id for each in services.leases.sessions(ALICE)] == [second]
    assert services.leases.all[lease.id].ended is None
    press("c")
    assert "no such session" in shown(services)


def test_a_session_that_aws_wont_end_stays_listed(services: MemoryServices, job: Job) -> None:
    lease = a_lease(services, job)
    session = open_session(services, lease, job)
    services.sessions.refusals[session] = 100
    pressed = services.message(ALICE, "end-session", trigger="b", lease=lease.id, session=session)
    with pytest.raises(RuntimeError, match=session):  # the queue delivers it again
        commands(services, pressed)
    assert [each.id for each in services.leases.sessions(ALICE)] == [session]

    services.sessions.refusals.clear()
    commands(services, pressed)
    assert services.sessions.terminated == [session]


def test_the_other_button_ends_the_lease_and_all_its_sessions(
    services: MemoryServices, job: Job
) -> None:
    lease, other = a_lease(services, job), a_lease(services, job, key="key-2")
    mine = [open_session(services, lease, job) for _ in range(3)]
    kept = open_session(services, other, job)
    commands(services, services.message(ALICE, "end-lease", trigger="b", lease=lease.id))

    assert sorted(services.sessions.terminated) == sorted(mine)
    assert services.leases.all[lease.id].ended is LeaseEnd.BY_OWNER
    assert [each.id for each in services.leases.sessions(ALICE)] == [kept]


@pytest.mark.parametrize("actor", [BOB, ADMIN])
def test_nobody_presses_anothers_buttons(services: MemoryServices, job: Job, actor: object) -> None:
    services.enrol(BOB, "bob")
    services.enrol(ADMIN, "admin")
    lease = a_lease(services, job)
    session = open_session(services, lease, job)
    for verb, arguments in (
        ("end-session", {"lease": lease.id, "session": session}),
        ("end-lease", {"lease": lease.id}),
    ):
        commands(services, services.message(actor, verb, trigger=verb, **arguments))  # type: ignore[arg-type]

    assert services.sessions.terminated == []
    assert services.leases.all[lease.id].ended is None


def test_a_removed_member_is_out_of_every_job(services: MemoryServices, job: Job) -> None:
    services.enrol(BOB, "bob")
    theirs = ready_job(services, BOB, trigger="2")
    second = ready_job(services, trigger="3")
    sessions = [open_session(services, a_lease(services, each), each) for each in (job, second)]
    kept = a_lease(services, theirs)

    assert end_leases_of(services, ALICE) == 2
    assert sorted(services.sessions.terminated) == sorted(sessions)
    assert services.leases.sessions(ALICE) == []
    assert services.leases.all[kept.id].ended is None
    assert end_leases_of(services, ALICE) == 0


def test_a_throttled_end_is_tried_again_within_its_seconds(
    services: MemoryServices, job: Job
) -> None:
    lease = a_lease(services, job)
    stubborn, easy = open_session(services, lease, job), open_session(services, lease, job)
    services.sessions.refusals[stubborn] = 5
    began = services.clock.monotonic()
    end_lease(services, lease.id, LeaseEnd.BY_OWNER)

    assert sorted(services.sessions.terminated) == sorted([stubborn, easy])
    assert services.clock.monotonic() - began <= REVOKE_SECONDS
    assert services.leases.ending() == []


def test_what_aws_wont_end_in_time_stays_the_caretakers(services: MemoryServices, job: Job) -> None:
    """And keeps nobody from stopping the job, nor opens the lease again."""
    lease = a_lease(services, job)
    session = open_session(services, lease, job)
    services.sessions.refusals[session] = 100
    commands(services, services.message(ALICE, "stop", trigger="x"))

    assert services.training_jobs.stopped == [job.name]
    assert services.sessions.terminated == []
    assert [each.id for each in services.leases.ending()] == [lease.id]

    services.sessions.refusals.clear()
    finish_endings(services)
    assert services.sessions.terminated == [session]
    assert services.leases.ending() == []
    assert services.leases.sessions(ALICE) == []


def test_stopping_throws_people_out_before_sagemaker_is_asked(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = a_lease(services, job)
    session = open_session(services, lease, job)

    def throttled(_name: str) -> None:
        raise RuntimeError("ThrottlingException")

    monkeypatch.setattr(services.training_jobs, "stop", throttled)
    with pytest.raises(RuntimeError):
        commands(services, services.message(ALICE, "stop", trigger="x"))

    assert services.sessions.terminated == [session]


def test_the_ca_is_shown_to_admins(services: MemoryServices, job: Job) -> None:
    commands(services, services.message(ALICE, "ca", trigger="1ca"))
    assert "Only an admin" in shown(services)

    commands(services, services.message(ADMIN, "ca", trigger="2ca"))
    assert "No rotation is under way" in shown(services)
    assert "SshCa=b+a" in shown(services)
    assert services.clock.time - job.created_at < timedelta(hours=1)


def test_an_expired_lease_gets_nothing_though_its_row_is_there(
    services: MemoryServices, job: Job
) -> None:
    """DynamoDB's TTL deletes days late."""
    lease = a_lease(services, job)
    services.clock.time = lease.expires_at - timedelta(seconds=1)
    assert lease_requests.live_lease(services, lease)[0] == lease

    services.clock.time = lease.expires_at
    with pytest.raises(Refusal) as refused:
        lease_requests.live_lease(services, lease)
    assert refused.value.reason is Reason.LEASE_ENDED


def test_a_certificate_is_short_and_ends_with_its_lease(services: MemoryServices, job: Job) -> None:
    lease = a_lease(services, job)

    assert certificate_expiry(lease, services.clock.now()) - services.clock.now() == timedelta(
        hours=1
    )
    late = lease.expires_at - timedelta(minutes=1)
    assert certificate_expiry(lease, late) == lease.expires_at
