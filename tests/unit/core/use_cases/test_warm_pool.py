"""A warm pool is told while it lasts, and whoever may stop the job may give it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.chat.mrkdwn import moment
from sshq.domain.job_progress import TrainingStatus
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from tests.core_services import ADMIN, ALICE, BOB
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
    assert moment(until) in message_of(services, job)

    assert "given back" in ask(services, job)
    assert services.training_jobs.pools_ended == [job.name]
    assert "Give them back" not in message_of(services, services.jobs.all[job.name])
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
