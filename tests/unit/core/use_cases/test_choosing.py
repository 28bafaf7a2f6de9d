"""Which job is meant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sshq.domain.jobs import Phase
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.choosing import choose_job
from sshq.use_cases.dispatch import commands
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices


def run(services: MemoryServices, name: str, trigger: str) -> str:
    commands(services, services.message(ALICE, "run", name=name, trigger=trigger))
    return next(job for job in services.jobs.all if f"-{name}-" in job)


def end(services: MemoryServices, name: str) -> None:
    update = {"phase": Phase.STOPPED, "ended_at": services.clock.now()}
    services.jobs.change(name, lambda job: job.model_copy(update=update))


def test_a_beginning_is_enough_where_it_fits_one(services: MemoryServices) -> None:
    resnet = run(services, "resnet", "1")
    run(services, "bert", "2")

    assert choose_job(services, ALICE, "resn").name == resnet
    assert choose_job(services, ALICE, resnet[:-3]).name == resnet
    assert choose_job(services, ALICE, resnet[-8:]).name == resnet


def test_a_beginning_that_fits_two_is_refused_with_their_names(services: MemoryServices) -> None:
    names = {run(services, "resnet-a", "1"), run(services, "resnet-b", "2")}

    with pytest.raises(Refusal) as refused:
        choose_job(services, ALICE, "resnet")
    assert refused.value.reason is Reason.AMBIGUOUS_PREFIX
    assert set(refused.value.facts["jobs"].split(", ")) == names


def test_an_ended_job_is_found_where_asked_for_and_after_the_open_ones(
    services: MemoryServices,
) -> None:
    old = run(services, "resnet-a", "1")
    end(services, old)
    with pytest.raises(Refusal):
        choose_job(services, ALICE, "resnet")
    assert choose_job(services, ALICE, "resnet", ended=True).name == old

    new = run(services, "resnet-b", "2")
    assert choose_job(services, ALICE, "resnet", ended=True).name == new

    end(services, new)
    services.clock.time += timedelta(days=8)
    with pytest.raises(Refusal):
        choose_job(services, ALICE, "resnet", ended=True)


def test_only_an_admin_reaches_for_another_s_job_by_its_beginning(
    services: MemoryServices,
) -> None:
    resnet = run(services, "resnet", "1")

    assert choose_job(services, ADMIN, "resnet").name == resnet
    with pytest.raises(Refusal) as refused:
        choose_job(services, BOB, "resnet")
    assert refused.value.reason is Reason.UNKNOWN_JOB


def test_one_that_has_ended_is_never_said_not_to_exist(services: MemoryServices) -> None:
    old = run(services, "resnet", "1")
    end(services, old)

    for kept in (False, True):
        with pytest.raises(Refusal) as refused:
            choose_job(services, ALICE, "resnet", kept=kept)
        assert refused.value.reason is Reason.JOB_HAS_ENDED
        assert refused.value.facts["job"] == old
