"""What was set aside for a job comes back to the last cent, wherever whoever ends the job dies.

Nobody delivers it again: what is left to do is the caretaker's.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sshq.domain.job_progress import TrainingStatus
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_services import ALICE, MemoryServices
from tests.killing import KilledError, Killer, mortal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.ports import Services

GPU = "ml.g5.xlarge"


def stack() -> MemoryServices:
    services = MemoryServices()
    services.enrol(ALICE, "alice")
    return services


def running() -> MemoryServices:
    services = stack()
    commands(services, services.message(ALICE, "run", instance=GPU))
    return services


def ended(status: TrainingStatus) -> Callable[[], MemoryServices]:
    def make() -> MemoryServices:
        services = running()
        (job,) = services.jobs.all
        services.training_jobs.status[job] = status
        return services

    return make


def refused() -> MemoryServices:
    services = stack()
    services.training_jobs.error = Refusal(Reason.REFUSED_BY_AWS, detail="no")
    return services


def look(services: Services) -> None:
    for job in services.jobs.unsettled():
        follow(services, job.name)


def ask(services: Services) -> None:
    message = stack().message(ALICE, "run", instance=GPU)
    commands(services, message)


Scene = tuple["Callable[[], MemoryServices]", "Callable[[Services], None]"]
SCENES: dict[str, Scene] = {
    "no machine": (ended(TrainingStatus("Failed", "Failed", "CapacityError: none")), look),
    "failed": (ended(TrainingStatus("Failed", "Failed", "OutOfMemory", billable_seconds=0)), look),
    "refused": (refused, ask),
}


@cache
def calls_of(scene: str) -> list[str]:
    make, act = SCENES[scene]
    killer = Killer()
    act(mortal(make(), killer))
    return killer.calls


def begin_of(scene: str) -> int:
    """Nothing is set aside before that call."""
    calls = calls_of(scene)
    return calls.index("training_jobs.create") + 1 if "training_jobs.create" in calls else 1


@pytest.mark.parametrize(
    ("scene", "nth"),
    [(scene, nth) for scene in SCENES for nth in range(begin_of(scene), len(calls_of(scene)) + 1)],
    ids=str,
)
def test_nothing_stays_set_aside(scene: str, nth: int) -> None:
    make, act = SCENES[scene]
    services = make()
    with pytest.raises(KilledError):
        act(mortal(services, Killer(nth)))
    # Nobody gets anything from the line: what is left is the caretaker's.
    services.training_jobs.error = Refusal(Reason.QUOTA, instance=GPU, detail="full")
    for minutes in (1, 31):
        services.clock.time += timedelta(minutes=minutes)
        sweep(services)

    where = f"before {calls_of(scene)[nth - 1]}"
    assert set(services.budgets.committed.values()) <= {0}, where
    assert set(services.budgets.open.values()) <= {0}, where
    assert services.jobs.unsettled() == [], where
