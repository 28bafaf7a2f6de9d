"""What stays behind when calls are lost is found by the caretaker; what others own is never touched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sshq.ports import OfAJob, RegisteredNode
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_services import START
from tests.job_lives import comes_up, moves, run

if TYPE_CHECKING:
    import pytest

    from tests.core_services import MemoryServices


def later(services: MemoryServices, minutes: int) -> None:
    """So many minutes after the start, at a round that looks for orphans."""
    services.clock.time = START + timedelta(minutes=minutes)


def nothing(*_: Any) -> None:
    """A call that is lost, though it was answered."""


def test_an_ended_job_s_leftovers_go(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run(services)
    moves(services, job, "Training")
    comes_up(services, job)
    with monkeypatch.context() as patch:
        patch.setattr(services.nodes, "delete_activation", nothing)
        patch.setattr(services.nodes, "deregister", nothing)
        patch.setattr(services.startup_files, "delete", nothing)
        moves(services, job, "Stopped", status="Stopped")
        follow(services, job.name)
    assert services.nodes.activations
    assert services.nodes.all_nodes()
    assert job.prefix in services.startup_files.stored

    later(services, 20)
    sweep(services)
    assert services.nodes.activations == {}
    assert services.nodes.all_nodes() == []
    assert job.prefix not in services.startup_files.stored


def test_an_activation_whose_job_was_never_written_down_goes(services: MemoryServices) -> None:
    services.nodes.create_activation(
        job="sshq-alice-lost", limit=1, expires=START + timedelta(days=1), tags={}
    )
    later(services, 10)
    sweep(services)
    assert services.nodes.activations

    later(services, 20)
    sweep(services)
    assert services.nodes.activations == {}
    assert "orphan" in services.audit.names()


def test_what_an_open_job_needs_stays(services: MemoryServices) -> None:
    starting, ready = run(services, trigger="1"), run(services, trigger="2")
    moves(services, ready, "Training")
    comes_up(services, ready, "mi-1")
    follow(services, ready.name)
    later(services, 20)
    sweep(services)

    assert list(services.nodes.activations.values()) == [starting.name]
    assert services.nodes.deregistered == []


def test_a_node_that_a_restart_left_behind_goes(services: MemoryServices) -> None:
    job = run(services)
    moves(services, job, "Training")
    comes_up(services, job, "mi-1")
    follow(services, job.name)
    services.nodes.made_for["old"] = job.name
    services.nodes.nodes["old"] = [RegisteredNode("mi-0", online=False, registered_at=START)]
    later(services, 20)
    sweep(services)

    assert services.nodes.deregistered == ["mi-0"]


def test_a_young_one_may_belong_to_a_job_that_is_being_made(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(services, 20)
    young = OfAJob("act-9", "sshq-bob-x", services.clock.now() - timedelta(minutes=14))
    monkeypatch.setattr(services.nodes, "all_activations", lambda: [young])
    deleted: list[str] = []
    monkeypatch.setattr(services.nodes, "delete_activation", deleted.append)
    sweep(services)

    assert deleted == []
