"""One request is one job and one message, wherever the worker dies: every call, before and after it."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sshq.domain.jobs import Phase
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.dispatch import commands
from sshq.use_cases.sweep import sweep
from tests.core_services import ALICE, RESPONSE_URL, MemoryServices
from tests.killing import KilledError, Killer, When, mortal

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = Refusal(Reason.QUOTA, instance="ml.g5.xlarge", detail="the limit is 1")


def stack() -> MemoryServices:
    services = MemoryServices()
    services.enrol(ALICE, "alice")
    return services


def asked(services: MemoryServices) -> QueueMessage:
    return services.message(ALICE, "run", instance="ml.g5.xlarge", env={"TOKEN": "secret"})


def waits() -> MemoryServices:
    """A stack where the request waits for capacity that has just come back."""
    services = stack()
    services.training_jobs.error = FULL
    commands(services, asked(services))
    services.training_jobs.error = None
    services.clock.time += timedelta(minutes=1)
    sweep(services)
    return services


def call_of(services: MemoryServices) -> QueueMessage:
    body, _, _ = services.commands_queue.sent[0]
    return QueueMessage.model_validate_json(body)


def go_on(services: MemoryServices) -> None:
    """The caretaker's rounds, and what they send is worked off."""
    for minutes in (1, 9, 10, 10, 10):
        while services.commands_queue.sent:
            body, _, _ = services.commands_queue.sent.pop(0)
            commands(services, QueueMessage.model_validate_json(body))
        services.clock.time += timedelta(minutes=minutes)
        sweep(services)


def full() -> MemoryServices:
    services = stack()
    services.training_jobs.error = FULL
    return services


Scene = tuple["Callable[[], MemoryServices]", "Callable[[MemoryServices], QueueMessage]"]
SCENES: dict[str, Scene] = {
    "run": (stack, asked),
    "run without capacity": (full, asked),
    "called again": (waits, call_of),
}


@cache
def calls_of(scene: str) -> list[str]:
    """The remote calls of an undisturbed delivery."""
    make, message = SCENES[scene]
    services, killer = make(), Killer()
    commands(mortal(services, killer), message(services))
    return killer.calls


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize(
    ("scene", "nth"),
    [(scene, nth) for scene in SCENES for nth in range(1, len(calls_of(scene)) + 1)],
    ids=str,
)
def test_a_worker_that_dies_there_leaves_one_job_and_one_message(
    scene: str, nth: int, when: When
) -> None:
    make, message_of = SCENES[scene]
    services = make()
    message = message_of(services)
    with pytest.raises(KilledError):
        commands(mortal(services, Killer(nth, when)), message)
    begun = [services.jobs.all[name].activation for name in services.training_jobs.created]
    commands(services, message)
    commands(services, message)
    services.training_jobs.error = None
    go_on(services)

    where = f"{when} {calls_of(scene)[nth - 1]}"
    (job,) = (job for job in services.jobs.all.values() if job.is_open)
    assert list(services.training_jobs.created) == [job.name], where
    assert job.phase is not Phase.REQUESTED, where
    assert list(services.nodes.activations) == [job.activation], where
    # A node that starts meanwhile can register: nobody takes from it what it was given.
    assert begun in ([], [job.activation]), where
    assert list(services.startup_files.stored) == [job.prefix], where
    assert b"secret" in services.startup_files.stored[job.prefix]["job.env"], where
    posted = [key for key, _ in services.chat.keyed]
    assert posted == [job.request], where
    assert job.message == services.chat.keyed[0][1], where
    assert job.name in services.chat.shown[job.message.ts].text, where
    notes = [where for where, _ in services.chat.said if where == RESPONSE_URL]
    assert len(notes) <= 1, where
    assert services.budgets.committed[job.budget_month] == job.reserved_micros, where
    assert services.budgets.open == {ALICE.tag: 1}, where
    assert services.waiting_room.entries == {}, where


def test_the_table_covers_what_it_says() -> None:
    assert {"budgets.commit", "nodes.create_activation", "training_jobs.create", "chat.post"} < set(
        calls_of("run")
    )
    assert {"waiting_room.add", "waiting_room.tried_in_vain"} < set(
        calls_of("run without capacity")
    )
    assert {"waiting_room.remove", "training_jobs.create"} < set(calls_of("called again"))
