"""Budgets in the table: however many runs come at once, no more is set aside than there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.dynamodb.budgets import DynamoBudgets
from sshq.adapters.dynamodb.table import Table
from sshq.domain.budgets import Spending, month_of
from sshq.domain.jobs import Job, JobShape
from tests.core_aws import NOW, FixedClock
from tests.core_services import ALICE, BOB, CountedBytes

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from sshq.composition import Live
    from sshq.domain.identity import Actor
    from tests.core_aws import CoreAws

RUNS = 50
AMOUNT = 1_000_000
Outcome = tuple[Job, bool] | None


def a_job(name: str, owner: Actor, at: datetime) -> Job:
    return Job(
        name=name,
        owner=owner,
        request="r" * 64,
        shape=JobShape(instance="ml.m5.large", image="img:1", hours=1),
        prefix="jobs/" + "0" * 40,
        created_at=at,
        phase_since=at,
        cap_seconds=3600,
        deadline=at + timedelta(hours=1),
        reserved_micros=AMOUNT,
        budget_month=month_of(at),
    )


def at_once(
    live: Live,
    jobs: list[Job],
    *,
    member_limit: int | None = None,
    team_limit: int | None = None,
    max_jobs: int | None = None,
) -> list[Outcome]:
    """Each job's reservation from a thread of its own, all let go at one moment."""
    barrier = Barrier(len(jobs))

    def commit(job: Job) -> Outcome:
        barrier.wait()
        return live.budgets.commit(
            job, member_limit=member_limit, team_limit=team_limit, max_jobs=max_jobs
        )

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(commit, jobs))


def won(outcomes: list[Outcome]) -> list[Job]:
    return [outcome[0] for outcome in outcomes if outcome is not None]


def month(number: int) -> datetime:
    """A month that no other test counts to."""
    return NOW + timedelta(days=1000 + 31 * number)


def test_of_fifty_runs_at_once_a_members_budget_takes_what_fits(live: Live) -> None:
    at = month(0)
    jobs = [a_job(f"sshq-alice-budget-{n}", ALICE, at) for n in range(RUNS)]
    before = live.budgets.ledger(ALICE, month_of(at))

    outcomes = at_once(live, jobs, member_limit=7 * AMOUNT + AMOUNT // 2)

    taken = won(outcomes)
    after = live.budgets.ledger(ALICE, month_of(at))
    assert len(taken) == 7
    assert (after.member, after.team, after.jobs - before.jobs) == (7 * AMOUNT, 7 * AMOUNT, 7)
    # One step or nothing: a run that was refused has left no job behind.
    assert {job.name for job in jobs if live.jobs.get(job.name)} == {job.name for job in taken}


def test_of_fifty_runs_of_two_members_at_once_the_teams_budget_takes_what_fits(
    live: Live,
) -> None:
    at = month(1)
    jobs = [a_job(f"sshq-team-budget-{n}", (ALICE, BOB)[n % 2], at) for n in range(RUNS)]

    outcomes = at_once(live, jobs, team_limit=9 * AMOUNT)

    alice, bob = (live.budgets.ledger(member, month_of(at)) for member in (ALICE, BOB))
    assert len(won(outcomes)) == 9
    assert alice.team == bob.team == alice.member + bob.member == 9 * AMOUNT


def test_of_fifty_runs_at_once_as_many_are_jobs_as_a_member_may_have(live: Live) -> None:
    at = month(2)
    jobs = [a_job(f"sshq-bob-jobs-{n}", BOB, at) for n in range(RUNS)]
    before = live.budgets.ledger(BOB, month_of(at)).jobs

    outcomes = at_once(live, jobs, max_jobs=before + 3)

    after = live.budgets.ledger(BOB, month_of(at))
    assert len(won(outcomes)) == 3
    assert (after.jobs, after.member) == (before + 3, 3 * AMOUNT)


def test_fifty_deliveries_of_one_run_at_once_set_aside_once(live: Live) -> None:
    at = month(3)
    job = a_job("sshq-alice-once", ALICE, at)

    outcomes = at_once(live, [job] * RUNS, member_limit=RUNS * AMOUNT)

    assert [outcome for outcome in outcomes if outcome is None] == []
    assert [is_new for _, is_new in filter(None, outcomes)].count(True) == 1
    assert live.budgets.ledger(ALICE, month_of(at)).member == AMOUNT


def test_a_months_spendings_are_read_at_once_whoever_had_jobs(live: Live) -> None:
    at = month(4)
    dear, never_ran, unpriced = (
        a_job(f"sshq-spent-{n}", owner, at).model_copy(update={"price_micros": price})
        for n, (owner, price) in enumerate([(ALICE, 5), (ALICE, 5), (BOB, 0)])
    )
    for job in (dear, never_ran, unpriced):
        live.budgets.commit(job, member_limit=None, team_limit=2**40, max_jobs=None)
    for job, cost in ((dear, 300), (never_ran, 0), (unpriced, 0)):
        assert live.budgets.settle(job, cost)
        assert not live.budgets.settle(job, cost)

    assert live.budgets.spendings(month_of(at)) == [
        Spending(ALICE, spent=300, jobs=1),
        Spending(BOB, jobs=1, unpriced=1),
    ]


def test_a_settled_jobs_cost_is_corrected_once(live: Live) -> None:
    at = month(5)
    job = a_job("sshq-pooled", ALICE, at)
    live.budgets.commit(job, member_limit=None, team_limit=None, max_jobs=None)
    live.budgets.settle(job, 300)
    settled = live.jobs.get(job.name)
    assert settled
    open_jobs = live.budgets.ledger(ALICE, month_of(at)).jobs

    outcomes = [live.budgets.correct(settled, 120) for _ in range(2)]

    assert outcomes == [True, False]
    after = live.budgets.ledger(ALICE, month_of(at))
    assert (after.member, after.team, after.jobs) == (120, 120, open_jobs)
    (spending,) = live.budgets.spendings(month_of(at))
    assert spending.spent == 120
    stored = live.jobs.get(job.name)
    assert stored
    assert stored.cost_micros == 120


def test_who_meets_others_at_the_teams_item_comes_through(
    aws: CoreAws, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time after another pause, a little longer: they would meet again."""
    client = aws.client("dynamodb")
    original, left = client.transact_write_items, [*range(7)]

    def conflicts(**request: Any) -> Any:
        if left:
            left.pop()
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            error = {"Error": {"Code": "TransactionCanceledException", "Message": "…"}}
            raise ClientError(error | {"CancellationReasons": reasons}, "TransactWriteItems")
        return original(**request)

    monkeypatch.setattr(client, "transact_write_items", conflicts)
    clock = FixedClock()
    table = Table(client, aws.settings.table, CountedBytes(), clock)
    job = a_job("sshq-alice-meets", ALICE, month(9))

    won = DynamoBudgets(table).commit(job, member_limit=None, team_limit=None, max_jobs=None)
    assert won == (job, True)
    assert len(set(clock.slept)) == 7
