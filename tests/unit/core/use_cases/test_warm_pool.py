"""A warm pool is told while it lasts, and whoever may stop the job may give it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.chat.mrkdwn import moment
from sshq.domain.job_progress import TrainingStatus, WarmPool
from sshq.domain.money import Currency
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_services import ADMIN, ALICE, BOB, START
from tests.job_lives import message_of, moves, run

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from tests.core_services import MemoryServices


def ended(services: MemoryServices, **asked: Any) -> Job:
    """A job that has run and completed."""
    job = run(services, command="true", **asked)
    moves(services, job, "Starting", "Downloading", "Training")
    follow(services, job.name)
    known = services.training_jobs.status[job.name]
    services.clock.time += timedelta(minutes=5)
    services.training_jobs.status[job.name] = TrainingStatus(
        "Completed", "Completed", started_at=known.started_at, billable_seconds=300
    )
    follow(services, job.name)
    return services.jobs.all[job.name]


def ask(services: MemoryServices, job: Job, actor: Actor = ALICE) -> str:
    trigger = f"stop.{len(services.chat.said)}"
    commands(services, services.message(actor, "stop", trigger=trigger, job=job.name))
    return str(services.chat.said[-1][1].blocks)


def test_the_message_says_until_when_and_stop_gives_it_back(services: MemoryServices) -> None:
    job = ended(services, warm_pool="30m")
    assert job.ended_at
    until = job.ended_at + timedelta(minutes=30)
    assert job.pool_until == until
    shown = message_of(services, job)
    assert moment(until) in shown
    assert "if its instances are kept to the end" in shown
    assert "nothing of it costs" not in shown

    assert "given back" in ask(services, job)
    assert services.training_jobs.pools_ended == [job.name]
    assert "Give them back" not in message_of(services, services.jobs.all[job.name])
    assert "nothing of it costs money any more" in message_of(services, job)
    assert "warm-pool-ended" in services.audit.names()
    assert "has ended" in ask(services, job)


@pytest.mark.parametrize("minutes", [30, 31])
def test_when_its_time_is_over_there_is_nothing_to_give_back(
    services: MemoryServices, minutes: int
) -> None:
    job = ended(services, warm_pool="30m")
    services.clock.time += timedelta(minutes=minutes)

    assert "has ended" in ask(services, job)
    assert services.training_jobs.pools_ended == []


def test_a_job_without_one_has_simply_ended(services: MemoryServices) -> None:
    job = ended(services)

    assert job.pool_until is None
    assert "has ended" in ask(services, job)


def test_it_is_its_owners_and_an_admins_to_give_back(services: MemoryServices) -> None:
    services.enrol(BOB, "bob")
    job = ended(services, warm_pool="30m")

    ask(services, job, BOB)
    assert services.training_jobs.pools_ended == []
    ask(services, job, ADMIN)
    assert services.training_jobs.pools_ended == [job.name]


def spent(services: MemoryServices, job: Job) -> tuple[int, int]:
    """In the job's row, and in its member's month (a price of 1 a second makes both seconds)."""
    (spending,) = services.budgets.spendings(job.budget_month)
    return services.jobs.all[job.name].cost_micros or 0, spending.spent


def sees(services: MemoryServices, job: Job, pool: WarmPool | None) -> None:
    """The caretaker's next round, when SageMaker tells this of the pool."""
    status = services.training_jobs.status[job.name]
    services.training_jobs.status[job.name] = replace(status, pool=pool)
    services.clock.time += timedelta(minutes=1)
    assert sweep(services) == []


def priced(services: MemoryServices, job: Job, seconds: int) -> int:
    return -(-seconds * job.price_micros // 3600)


@pytest.mark.parametrize(
    ("over", "kept"),
    [
        (WarmPool("Reused", 120), 120),
        (WarmPool("Terminated", 7), 7),
        (WarmPool("Terminated", 0), 0),
        (WarmPool("Terminated"), 1800),
        (WarmPool("Terminated", 1801), 1800),
    ],
)
def test_it_costs_what_it_was_kept_for(services: MemoryServices, over: WarmPool, kept: int) -> None:
    job = ended(services, warm_pool="30m")
    most, least = priced(services, job, 2100), priced(services, job, 300 + kept)
    assert spent(services, job) == (most, most)
    committed = services.budgets.ledger(ALICE, job.budget_month)

    sees(services, job, WarmPool("Available", 60))
    assert spent(services, job) == (most, most)
    for _ in range(2):
        sees(services, job, over)
        assert spent(services, job) == (least, least)

    after = services.budgets.ledger(ALICE, job.budget_month)
    assert committed.member - after.member == committed.team - after.team == most - least
    assert services.audit.names().count("warm-pool-over") == 1
    assert services.jobs.unsettled() == []
    shown = message_of(services, services.jobs.all[job.name])
    assert "Give them back" not in shown
    assert "nothing of it costs" in shown
    assert f"It cost {Currency.USD.show(least)}" in shown
    assert ("were kept for" in shown) == (kept > 0)


def test_what_sagemaker_tells_no_time_of_costs_no_less_once_the_pool_is_over(
    services: MemoryServices,
) -> None:
    job = run(services, command="true", warm_pool="30m")
    moves(services, job, "Starting", "Downloading", "Training")
    services.clock.time += timedelta(minutes=5)
    moves(services, job, "Completed", status="Completed")
    follow(services, job.name)
    at_the_end = spent(services, job)

    sees(services, job, WarmPool("Terminated", 0))
    assert at_the_end[0] > 0
    assert spent(services, job) == at_the_end
    assert services.jobs.unsettled() == []


def test_a_pool_that_nothing_is_told_of_costs_all_of_its_time_and_is_settled(
    services: MemoryServices,
) -> None:
    job = ended(services, warm_pool="30m")
    services.clock.time += timedelta(minutes=38)
    sees(services, job, None)
    assert services.jobs.unsettled() != []

    sees(services, job, None)

    assert services.jobs.unsettled() == []
    assert spent(services, job)[0] == priced(services, job, 2100)


def test_a_crash_between_the_money_and_the_row_is_made_good(services: MemoryServices) -> None:
    job = ended(services, warm_pool="30m")
    status = services.training_jobs.status[job.name]
    services.training_jobs.status[job.name] = replace(status, pool=WarmPool("Reused", 60))
    services.budgets.correct(services.jobs.all[job.name], priced(services, job, 360))

    sees(services, job, WarmPool("Reused", 60))

    assert spent(services, job) == (priced(services, job, 360),) * 2
    assert services.jobs.all[job.name].pool_seconds == 60


def test_what_it_left_behind_is_looked_for_while_its_instances_are_kept(
    services: MemoryServices,
) -> None:
    job = ended(services, warm_pool="60m")
    services.startup_files.put(job.prefix, {"left": b"behind"})
    services.clock.time = START + timedelta(minutes=39)

    sees(services, job, WarmPool("Available", 60))

    assert job.prefix not in services.startup_files.stored


def test_what_is_kept_is_listed_and_stopped_by_the_beginning_of_its_name(
    services: MemoryServices,
) -> None:
    job = ended(services, warm_pool="30m", name="resnet")
    ended(services, name="resnet", trigger="1.2")
    assert job.ended_at

    commands(services, services.message(ALICE, "list", trigger="list.1"))
    listed = str(services.chat.said[-1][1].blocks)
    assert job.name in listed
    assert moment(job.ended_at + timedelta(minutes=30)) in listed
    assert listed.count("resnet") == 1

    commands(services, services.message(ALICE, "stop", trigger="stop.x", job="resnet"))
    assert services.training_jobs.pools_ended == [job.name]
    commands(services, services.message(ALICE, "list", trigger="list.2"))
    assert "You have no open jobs" in str(services.chat.said[-1][1].blocks)
