"""`/sshq doctor` and the laptop's question: each thing that can be wrong, found by its name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sshq.domain.health import SOON, Check, Verdict
from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import Job, Node, Phase
from sshq.use_cases import health
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from tests.core_services import ALICE, BOB, HOST_KEY, MemoryServices


@pytest.fixture
def job(services: MemoryServices) -> Job:
    commands(services, services.message(ALICE, "run"))
    (job,) = services.jobs.all.values()
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    assert job.activation
    services.nodes.come_up(job.activation, "mi-1")
    follow(services, job.name)
    return services.jobs.all[job.name]


def asked(services: MemoryServices) -> str:
    commands(services, services.message(ALICE, "doctor", trigger="2.2"))
    return str(services.chat.said[-1][1].blocks)


def found(services: MemoryServices, job: Job) -> dict[str, tuple[str, str]]:
    answer = health.health(services, services.jobs.all[job.name])
    return {check.name: (check.verdict, check.code) for check in answer.checks}


def test_all_is_well(services: MemoryServices, job: Job) -> None:
    said = asked(services)
    assert said.count(":white_check_mark:") == len(Check)
    assert f"sshq-local doctor {job.name}" in said
    assert found(services, job) == {
        "job": ("ok", "ready"),
        "time": ("ok", "left"),
        "agent": ("ok", "connected"),
    }


def test_a_lost_agent_is_named_and_nothing_behind_it_is_asked(
    services: MemoryServices, job: Job
) -> None:
    services.nodes.connected.discard("mi-1")
    assert found(services, job)["agent"] == ("failed", "lost")
    said = asked(services)
    assert ":x:" in said
    assert "not connected" in said
    assert "host key" not in said


def test_a_machine_that_does_not_answer(services: MemoryServices, job: Job) -> None:
    services.nodes.probes.pop("mi-1")
    assert "doesn't answer" in asked(services)


def test_another_host_key_than_the_pinned_one_is_an_alarm(
    services: MemoryServices, job: Job
) -> None:
    services.nodes.probes["mi-1"] = Node(rank=0, id="mi-1", host_keys=(HOST_KEY + "x",))
    assert "Don't connect" in asked(services)


def test_little_time_left_is_a_warning(services: MemoryServices, job: Job) -> None:
    services.clock.time = job.deadline - SOON + timedelta(seconds=1)
    assert found(services, job)["time"] == (Verdict.WARNING.value, "soon-over")


@pytest.mark.parametrize(
    ("phase", "verdict"),
    [
        (Phase.STARTING, Verdict.WARNING),
        (Phase.STOPPING, Verdict.FAILED),
        (Phase.FAILED, Verdict.FAILED),
    ],
)
def test_a_job_that_is_not_ready_says_so_and_no_node_is_asked(
    services: MemoryServices, job: Job, phase: Phase, verdict: Verdict
) -> None:
    services.jobs.all[job.name] = job.model_copy(update={"phase": phase})
    answer = health.health(services, services.jobs.all[job.name])
    (check,) = answer.checks
    assert (check.name, check.verdict) == ("job", verdict.value)
    assert check.next
    assert "`" not in check.what + check.next


def test_a_job_is_examined_for_its_owner_only(services: MemoryServices, job: Job) -> None:
    commands(services, services.message(BOB, "doctor", trigger="2.2", job=job.name))
    assert "mi-1" not in str(services.chat.said[-1][1].blocks)
