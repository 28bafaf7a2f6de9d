"""A request that was given up: what its user is told to do must not cost them a second job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.job_progress import TrainingStatus
from sshq.use_cases.dead_letter import tell
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from tests.core_services import ALICE, BOB, MemoryServices

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.domain.queue_message import QueueMessage

GPU = "ml.g5.xlarge"
NO_MACHINE = TrainingStatus("Failed", "Failed", "CapacityError: Unable to provision")


def told(services: MemoryServices, message: QueueMessage) -> str:
    tell(services, message)
    assert message.correlation in services.chat.said[-1][1].text
    return services.chat.said[-1][1].text


def begun(services: MemoryServices) -> tuple[QueueMessage, Job]:
    asked = services.message(ALICE, "run", instance=GPU)
    commands(services, asked)
    (job,) = services.jobs.open_jobs()
    return asked, job


def test_nothing_will_come_of_what_came_to_nothing(services: MemoryServices) -> None:
    for number, verb in enumerate(["run", "list", "stop"]):
        asked = services.message(ALICE, verb, trigger=f"{number}.1")

        assert f"`/sshq {verb}`" in told(services, asked)
        assert "Nothing else will come of it" in services.chat.said[-1][1].text


def test_who_has_a_job_is_told_its_name(services: MemoryServices) -> None:
    asked, job = begun(services)

    said = told(services, asked)

    assert f"`/sshq status {job.name}`" in said
    assert "Don't ask again" in said


def test_a_job_of_another_request_is_no_answer(services: MemoryServices) -> None:
    begun(services)
    services.enrol(BOB, "bob")

    for actor in (ALICE, BOB):
        other = services.message(actor, "run", trigger="7.7", instance=GPU)
        assert "Nothing else will come of it" in told(services, other)


def test_who_stands_in_line_is_told_so(services: MemoryServices) -> None:
    asked, job = begun(services)
    services.training_jobs.status[job.name] = NO_MACHINE
    follow(services, job.name)
    again = services.message(ALICE, "run-again", trigger="2.2", request=job.request, attempt=2)

    for message in (asked, again):
        assert f"stands in line for {GPU}" in told(services, message)
