"""A job's way from submitted to ready, and to its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import Job, Phase
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow, follow_until_ready
from tests.core_services import ALICE, RESPONSE_URL, MemoryServices


@pytest.fixture
def job(services: MemoryServices) -> Job:
    commands(services, services.message(ALICE, "run"))
    (job,) = services.jobs.all.values()
    return job


def test_ready_is_online_and_connected_and_probed(services: MemoryServices, job: Job) -> None:
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    assert job.activation
    services.nodes.come_up(job.activation, "mi-1")
    services.nodes.connected.clear()
    follow(services, job.name)
    assert services.jobs.all[job.name].phase is Phase.REGISTERING

    services.nodes.connected.add("mi-1")
    follow(services, job.name)
    ready = services.jobs.all[job.name]
    assert ready.phase is Phase.READY
    assert [node.id for node in ready.nodes] == ["mi-1"]


def test_at_ready_the_owner_alone_gets_a_ticket_and_the_activation_is_gone(
    services: MemoryServices, job: Job
) -> None:
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    assert job.activation
    services.nodes.come_up(job.activation, "mi-1")
    follow(services, job.name)

    where, view = services.chat.said[-1]
    assert where == RESPONSE_URL
    assert "sshq-local connect api.test/" in str(view.blocks)
    assert services.nodes.activations == {}
    assert services.startup_files.stored == {}
    assert "mi-1" in str(services.chat.shown[job.message.ts].blocks if job.message else "")


def test_a_ticket_comes_though_slack_takes_no_change_of_the_message_now(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many jobs become ready at once it takes so many changes a minute, and no more."""
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    assert job.activation
    services.nodes.come_up(job.activation, "mi-1")

    def too_many(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(services.chat, "update", too_many)
        with pytest.raises(ConnectionError):
            follow(services, job.name)
    follow(services, job.name)

    tickets = [view for _, view in services.chat.said if "connect api.test/" in str(view.blocks)]
    assert len(tickets) == 1
    assert "mi-1" in str(services.chat.shown[job.message.ts].blocks if job.message else "")


def test_a_job_of_two_nodes_is_ready_when_both_are(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "run", count=2))
    (job,) = services.jobs.all.values()
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    assert job.activation
    services.nodes.come_up(job.activation, "mi-1")
    follow(services, job.name)
    assert services.jobs.all[job.name].phase is Phase.PROBING

    services.nodes.come_up(job.activation, "mi-1", "mi-2")
    follow(services, job.name)
    assert [n.rank for n in services.jobs.all[job.name].nodes] == [0, 1]


def test_the_end_takes_everything_away(services: MemoryServices, job: Job) -> None:
    services.training_jobs.status[job.name] = TrainingStatus("Failed", "Failed", "OutOfMemory")
    follow(services, job.name)

    ended = services.jobs.all[job.name]
    assert ended.phase is Phase.FAILED
    assert ended.failure == "OutOfMemory"
    assert services.nodes.activations == {}
    assert services.jobs.open_jobs() == []


def test_a_job_that_never_got_a_machine_costs_nothing(services: MemoryServices, job: Job) -> None:
    """SageMaker bills from TrainingStartTime on; of this job it tells none."""
    services.clock.time += timedelta(hours=12)
    services.training_jobs.status[job.name] = TrainingStatus("Stopped", "MaxWaitTimeExceeded")
    follow(services, job.name)

    assert services.jobs.all[job.name].cost_micros == 0
    assert services.budgets.committed[job.budget_month] == 0


def test_what_a_job_cost_that_sagemaker_doesnt_tell_of_is_rather_too_much(
    services: MemoryServices, job: Job
) -> None:
    services.clock.time += timedelta(hours=2)
    began = services.clock.now() - timedelta(hours=1)
    services.training_jobs.status[job.name] = TrainingStatus("Stopped", "Stopped", started_at=began)
    follow(services, job.name)

    assert services.jobs.all[job.name].cost_micros == 2 * 72_000_000


def test_a_crash_while_cleaning_up_is_made_good_by_the_next_look(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert job.activation
    services.nodes.come_up(job.activation, "mi-1")
    services.training_jobs.status[job.name] = TrainingStatus("Completed", "Completed")

    def gone(activation: str) -> None:
        raise ConnectionError(activation)

    with monkeypatch.context() as patch:
        patch.setattr(services.nodes, "delete_activation", gone)
        with pytest.raises(ConnectionError):
            follow(services, job.name)
    assert services.jobs.open_jobs() == [services.jobs.all[job.name]]

    follow(services, job.name)
    assert services.nodes.activations == {}
    assert "mi-1" in services.nodes.deregistered
    assert services.jobs.open_jobs() == []


def test_an_old_event_moves_nothing_back(services: MemoryServices, job: Job) -> None:
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Downloading")
    follow(services, job.name)
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Starting")
    follow(services, job.name)

    assert services.jobs.all[job.name].phase is Phase.DOWNLOADING


def test_following_ends_when_time_is_up(services: MemoryServices, job: Job) -> None:
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    follow_until_ready(services, job.name, seconds=10)

    assert sum(services.clock.slept) == 10


def test_a_job_that_nobody_knows_is_left_alone(services: MemoryServices) -> None:
    assert follow(services, "somebody-elses-job") is None
    assert services.chat.said == []
