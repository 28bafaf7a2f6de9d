"""Spot: SageMaker takes the instances back and gives others. The job, its door and its leases stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sshq.domain.jobs import Phase
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.job_lives import comes_up, lease_with_session, message_of, moves, prints, record, run

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from tests.core_services import MemoryServices


@pytest.fixture
def job(services: MemoryServices) -> Job:
    """A spot job that was ready once, with a lease and an open session."""
    job = run(services, count=2)
    spot = {"shape": job.shape.model_copy(update={"spot": True})}
    services.jobs.change(job.name, lambda stored: stored.model_copy(update=spot))
    moves(services, job, "Starting", "Downloading", "Training")
    comes_up(services, job, "mi-1", "mi-2")
    follow(services, job.name)
    lease_with_session(services, job, node="mi-1")
    return services.jobs.all[job.name]


def test_the_door_stays_open_for_the_nodes_to_come(services: MemoryServices, job: Job) -> None:
    assert job.phase is Phase.READY
    assert services.nodes.activations
    assert job.prefix in services.startup_files.stored


def test_a_restart_takes_the_old_nodes_away_and_leaves_the_lease(
    services: MemoryServices, job: Job
) -> None:
    moves(services, job, "Interrupted", "Starting")
    follow(services, job.name)

    again = services.jobs.all[job.name]
    assert (again.phase, again.nodes, again.restarts) == (Phase.STARTING, (), 1)
    assert services.nodes.deregistered == ["mi-1", "mi-2"]
    assert services.sessions.terminated == ["s-1"]
    assert services.leases.sessions(job.owner) == []
    assert services.leases.all["lease-1"].is_live(services.clock.now())
    assert "started the job anew; so far 1 ×" in message_of(services, job)


def test_the_lease_finds_the_new_nodes_under_the_old_aliases(
    services: MemoryServices, job: Job
) -> None:
    aliases = [job.alias(node.rank) for node in job.nodes]
    moves(services, job, "Interrupted", "Starting", "Downloading", "Training")
    follow(services, job.name)
    assert services.jobs.all[job.name].phase is Phase.PROBING
    comes_up(services, job, "mi-3", "mi-4")
    follow(services, job.name)

    again = services.jobs.all[job.name]
    assert again.phase is Phase.READY
    assert [node.id for node in again.nodes] == ["mi-3", "mi-4"]
    assert [again.alias(node.rank) for node in again.nodes] == aliases


def test_the_new_nodes_hear_that_they_are_kept(services: MemoryServices, job: Job) -> None:
    """The file in which the old ones had it went with their machines."""
    until = services.clock.now() + timedelta(hours=2)
    services.jobs.change(job.name, lambda j: j.model_copy(update={"kept_until": until}))
    moves(services, job, "Interrupted", "Starting", "Downloading", "Training")
    comes_up(services, job, "mi-3", "mi-4")
    follow(services, job.name)
    sweep(services)

    left = str(int((until - services.clock.now()).total_seconds()))
    assert [told for told in services.nodes.told if told[1] == "keep"] == [
        ("mi-3", "keep", left),
        ("mi-4", "keep", left),
    ]


def test_the_first_run_s_records_say_nothing_of_the_second(
    services: MemoryServices, job: Job
) -> None:
    prints(services, job, record("ready", rank=0), record("ready", rank=1))
    moves(services, job, "Interrupted", "Starting", "Downloading", "Training")
    prints(services, job, record("probe", rank=0))
    follow(services, job.name)

    assert services.jobs.all[job.name].phase is Phase.PROBING


def test_a_second_interruption_is_told_from_the_first(services: MemoryServices, job: Job) -> None:
    for _ in range(2):
        moves(services, job, "Interrupted", "Starting")
        follow(services, job.name)
        follow(services, job.name)

    assert services.jobs.all[job.name].restarts == 2


def test_the_end_closes_the_door(services: MemoryServices, job: Job) -> None:
    moves(services, job, "Stopped", status="Stopped")
    follow(services, job.name)

    assert services.nodes.activations == {}
    assert job.prefix not in services.startup_files.stored
