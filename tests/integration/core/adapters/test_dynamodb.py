"""The one table: its conditions decide, whoever comes at once and whatever answer is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain import tickets
from sshq.domain.approvals import Approval, Outcome, Why
from sshq.domain.jobs import Job, JobShape, Message, Node, Phase, ResponseUrl
from sshq.domain.members import Member
from sshq.domain.rates import refused_tickets
from sshq.domain.setup_plan import Actual, plan
from sshq.domain.signatures import Nonce
from tests.core_aws import NOW, TABLE, put_job
from tests.core_services import ADMIN, ALICE, BOB, EVE, MemoryServices

if TYPE_CHECKING:
    from sshq.composition import Live
    from tests.core_aws import CoreAws

LOST_ANSWERS = ("throttle", "5xx", "timeout-before", "timeout-after")
HOUR = timedelta(hours=1)


def a_job(name: str, **changes: Any) -> Job:
    return Job(
        name=name,
        owner=ALICE,
        request="r" * 64,
        shape=JobShape(instance="ml.m5.large", image="img:1", hours=0.5),
        prefix="jobs/" + "0" * 40,
        created_at=NOW,
        phase_since=NOW,
        cap_seconds=3600,
        deadline=NOW + HOUR,
    ).model_copy(update=changes)


def a_ticket(live: Live, code: str) -> str:
    ticket = tickets.issue(code=code, job="sshq-alice-x", owner=ALICE, now=NOW)
    live.tickets.add(ticket)
    return ticket.fingerprint


def at_once(workers: int, work: Any) -> list[Any]:
    """`work(n)` in as many threads, all let go at one moment."""
    barrier = threading.Barrier(workers)

    def one(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(workers)))


def test_a_job_comes_back_as_it_was_stored(live: Live) -> None:
    job = a_job(
        "sshq-alice-whole",
        phase=Phase.READY,
        nodes=(Node(rank=0, id="mi-1", host_keys=("ssh-ed25519 A", "ssh-rsa B")),),
        message=Message(channel="D1", ts="1.2"),
        response_url=ResponseUrl(url="https://hooks.slack.test/x", issued_at=NOW),
        activation="act-1",
    )

    put_job(live, job)
    assert live.jobs.get(job.name) == job


def test_a_row_of_a_newer_version_keeps_nobody_from_looking_after_jobs(
    live: Live, aws: CoreAws
) -> None:
    """It may run beside this one during a deployment, or have been taken back."""
    jobs = [put_job(live, a_job(f"sshq-alice-version-{n}")) for n in range(3)]
    client = aws.client("dynamodb")
    for job, change in (
        (jobs[0], "SET later = :new, shape.later = :new"),
        (jobs[1], "SET phase = :new"),
    ):
        client.update_item(
            TableName=TABLE,
            Key={"pk": {"S": f"JOB#{job.name}"}, "sk": {"S": "JOB"}},
            UpdateExpression=change,
            ExpressionAttributeValues={":new": {"S": "new"}},
        )

    assert live.jobs.get(jobs[0].name) == jobs[0]
    names = [job.name for job in live.jobs.unsettled() if job in jobs]
    assert names == [jobs[0].name, jobs[2].name]
    client.delete_item(
        TableName=TABLE, Key={"pk": {"S": f"JOB#{jobs[1].name}"}, "sk": {"S": "JOB"}}
    )


def test_writers_at_once_lose_nothing_of_each_other(live: Live) -> None:
    """The version number makes each of them read again what another has written."""
    job = put_job(live, a_job("sshq-alice-race"))

    def count(_number: int) -> Job | None:
        return live.jobs.change(
            job.name,
            lambda stored: stored.model_copy(update={"cap_seconds": stored.cap_seconds + 1}),
        )

    changed = at_once(6, count)

    stored = live.jobs.get(job.name)
    assert stored is not None
    assert stored.cap_seconds == job.cap_seconds + 6
    assert sorted(c.cap_seconds for c in changed if c) == [job.cap_seconds + n for n in range(1, 7)]


def test_of_two_who_move_a_job_alike_only_one_has_moved_it(live: Live) -> None:
    """An event and the caretaker see READY in the same second: one ticket, not two."""
    job = put_job(live, a_job("sshq-alice-alike"))

    def move(_number: int) -> Job | None:
        return live.jobs.change(
            job.name,
            lambda stored: (
                stored.model_copy(update={"phase": Phase.READY})
                if stored.phase.may_become(Phase.READY)
                else None
            ),
        )

    assert len([moved for moved in at_once(8, move) if moved]) == 1


def test_a_change_that_declines_or_finds_no_job_writes_nothing(live: Live, aws: CoreAws) -> None:
    job = put_job(live, a_job("sshq-alice-still"))
    before = len(aws.server.calls.list(operation="PutItem"))

    assert live.jobs.change(job.name, lambda _stored: None) is None
    assert live.jobs.change("sshq-nobody", lambda stored: stored) is None
    assert len(aws.server.calls.list(operation="PutItem")) == before


def test_a_writer_who_is_always_late_gives_up_loudly(live: Live) -> None:
    job = put_job(live, a_job("sshq-alice-starved"))

    def overtaken(stored: Job) -> Job:
        live.jobs.change(stored.name, lambda s: s.model_copy(update={"language": "zh"}))
        return stored.model_copy(update={"language": "en"})

    with pytest.raises(RuntimeError, match="sshq-alice-starved"):
        live.jobs.change(job.name, overtaken)


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_a_change_is_known_as_ones_own_when_its_answer_was_lost(
    aws: CoreAws, live: Live, kind: str
) -> None:
    """Else who moved the job to READY would think that another did, and show no ticket."""
    job = put_job(live, a_job(f"sshq-alice-lost-{kind}"))
    aws.fault("PutItem", kind)

    changed = live.jobs.change(
        job.name,
        lambda stored: (
            stored.model_copy(update={"phase": Phase.READY})
            if stored.phase.may_become(Phase.READY)
            else None
        ),
    )

    assert changed is not None
    assert changed.phase is Phase.READY


def test_the_open_jobs_are_in_the_order_of_their_making_until_they_end(live: Live) -> None:
    second = put_job(live, a_job("sshq-order-a", created_at=NOW - HOUR))
    first = put_job(live, a_job("sshq-order-z", created_at=NOW - 2 * HOUR))

    def names() -> list[str]:
        return [j.name for j in live.jobs.open_jobs() if j.name.startswith("sshq-order-")]

    assert names() == [first.name, second.name]

    live.jobs.change(first.name, lambda stored: stored.model_copy(update={"phase": Phase.STOPPED}))
    assert names() == [second.name]


def test_all_pages_of_the_open_jobs_are_read(live: Live) -> None:
    """A page of DynamoDB ends at 1 MB."""
    shape = a_job("x").shape.model_copy(update={"command": "x" * 300_000})
    made = [put_job(live, a_job(f"sshq-big-{n}", shape=shape)).name for n in range(5)]

    found = [job.name for job in live.jobs.open_jobs()]

    assert set(made) <= set(found)
    for name in made:
        live.jobs.change(name, lambda stored: stored.model_copy(update={"phase": Phase.STOPPED}))


def test_a_request_begins_until_it_is_finished(live: Live) -> None:
    assert live.requests.begin("r-1", "run", NOW)
    assert live.requests.begin("r-1", "run", NOW + HOUR)
    live.requests.finish("r-1")

    assert not live.requests.begin("r-1", "run", NOW + 2 * HOUR)
    assert live.requests.begin("r-2", "run", NOW)


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_a_request_is_finished_though_the_answer_was_lost(
    aws: CoreAws, live: Live, kind: str
) -> None:
    live.requests.begin(f"r-{kind}", "run", NOW)
    aws.fault("UpdateItem", kind)

    live.requests.finish(f"r-{kind}")

    assert not live.requests.begin(f"r-{kind}", "run", NOW)


def test_a_member_is_enrolled_once(live: Live) -> None:
    alice = Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=NOW)

    assert live.members.get(ALICE) is None
    assert live.members.add(alice)
    assert not live.members.add(alice.model_copy(update={"slug": "mallory"}))
    assert live.members.get(ALICE) == alice


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_a_new_member_isnt_taken_for_an_old_one_when_the_answer_was_lost(
    aws: CoreAws, live: Live, kind: str
) -> None:
    actor = ALICE.model_copy(update={"user": f"U{LOST_ANSWERS.index(kind)}LOST"})
    aws.fault("PutItem", kind)

    assert live.members.add(Member(actor=actor, slug="x", added_by=ADMIN, added_at=NOW))


def test_a_plan_is_kept_until_it_is_thrown_away(live: Live) -> None:
    wanted = plan(live.settings.names, Actual(account="123456789012", region="eu-west-1", specs={}))

    live.plans.put(wanted)
    assert live.plans.get(wanted.digest) == wanted

    live.plans.discard(wanted.digest)
    assert live.plans.get(wanted.digest) is None
    live.plans.discard(wanted.digest)


def test_what_may_be_forgotten_says_when(aws: CoreAws, live: Live) -> None:
    """TTL deletes by `expires`, in epoch seconds; jobs, members and the audit have none."""
    live.rates.count(refused_tickets("192.0.2.9", NOW))
    live.leases.remember_nonce(Nonce("key-ttl", "nonce-0001", NOW + HOUR))
    live.requests.begin("r-ttl", "run", NOW)
    a_ticket(live, "E" * 32)
    put_job(live, a_job("sshq-ttl"))
    live.audit.record("ready", actor=ALICE)

    by_kind: dict[str, set[bool]] = {}
    for page in aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE):
        for item in page["Items"]:
            kind = item["pk"]["S"].split("#")[0]
            expires = int(item.get("expires", {"N": "0"})["N"])
            assert expires == 0 or expires > NOW.timestamp()
            by_kind.setdefault(kind, set()).add(bool(expires))
    assert {kind for kind, ttl in by_kind.items() if ttl == {True}} >= {
        "NONCE",
        "RATE",
        "REQUEST",
        "TICKET",
    }
    assert {kind for kind, ttl in by_kind.items() if ttl == {False}} >= {"JOB", "AUDIT"}


def an_approval(name: str) -> Approval:
    message = MemoryServices().message(
        ADMIN, "run", trigger=name, hours=0.5, env={"": "x", "n": "1"}
    )
    return Approval.of(message, Why.SECOND_ADMIN, NOW, {"cost": "$7"})


def test_a_held_request_comes_back_as_it_was_and_is_forgotten_once_settled(live: Live) -> None:
    held = an_approval("held")

    assert live.approvals.add(held) == held
    assert live.approvals.add(held.model_copy(update={"verb": "other"})) == held
    assert held in live.approvals.waiting()
    settled = held.settled(Outcome.APPROVED, EVE)
    assert live.approvals.settle(settled)
    assert live.approvals.get(held.id) == settled
    assert held.id not in {waiting.id for waiting in live.approvals.waiting()}

    live.approvals.forget_message(held.id)
    assert live.approvals.get(held.id) == settled.model_copy(update={"message": None})


def test_of_many_who_decide_at_once_one_does(live: Live) -> None:
    held = live.approvals.add(an_approval("race"))
    outcomes = [Outcome.APPROVED, Outcome.DECLINED, Outcome.LAPSED]

    settled = at_once(9, lambda n: live.approvals.settle(held.settled(outcomes[n % 3], EVE)))

    assert settled.count(True) == 1


def test_where_a_question_is_shown_is_remembered(live: Live) -> None:
    held = live.approvals.add(an_approval("shown"))
    live.approvals.add_shown(held, EVE.user, Message(channel="D1", ts="1.0"))

    assert live.approvals.shown(held.id) == {EVE.user: Message(channel="D1", ts="1.0")}


def test_jobs_are_found_by_owner_and_by_end_without_reading_others(
    live: Live, aws: CoreAws
) -> None:
    """`list`, `cost` and a name's beginning read what they show: nobody else's jobs, no older ones."""
    carol = ALICE.model_copy(update={"user": "U0CAROL"})
    for number in range(4):
        put_job(
            live,
            a_job(
                f"sshq-carol-{number}", owner=carol, created_at=NOW + number * timedelta(hours=1)
            ),
        )
    put_job(live, a_job("sshq-bob-1", owner=BOB))

    def end(name: str, at: datetime, **more: Any) -> None:
        update = {"phase": Phase.STOPPED, "ended_at": at, **more}
        live.jobs.change(name, lambda job: job.model_copy(update=update))

    end("sshq-carol-0", NOW - timedelta(days=31), settled=True)
    end("sshq-carol-1", NOW + HOUR, settled=True)
    end("sshq-carol-3", NOW + 2 * HOUR, requeued=True)
    end("sshq-bob-1", NOW + HOUR)

    before = len(aws.calls())
    assert [job.name for job in live.jobs.open_jobs_of(carol)] == ["sshq-carol-2"]
    lately = live.jobs.ended_jobs_of(carol, since=NOW - timedelta(days=7))
    assert [job.name for job in lately] == ["sshq-carol-1"]
    assert [call.operation for call in aws.calls()[before:]] == ["Query", "Query"]

    def ended(since: datetime, until: datetime) -> list[str]:
        found = live.jobs.ended_jobs(since=since, until=until)
        return [job.name for job in found if job.owner in (carol, BOB)]

    assert ended(NOW - timedelta(days=40), NOW + timedelta(days=1)) == [
        "sshq-carol-0",
        "sshq-carol-1",
    ]
    assert ended(NOW, NOW + timedelta(minutes=59)) == []
    unsettled = [job.name for job in live.jobs.unsettled()]
    assert "sshq-bob-1" in unsettled
    assert "sshq-carol-1" not in unsettled
    assert "sshq-bob-1" not in [job.name for job in live.jobs.open_jobs()]
