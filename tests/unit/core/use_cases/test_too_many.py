"""A registration too many: it gets no way in, it is ended where that is safe, and people hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sshq.domain.jobs import Node, Phase
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.registrations import Why
from sshq.ports import RegisteredNode
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_broker import a_ticket, redeemed
from tests.core_services import ADMIN, ALICE, HOST_KEY
from tests.job_lives import comes_up, lease_with_session, message_of, moves, prints, record, run

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from tests.core_services import MemoryServices


@pytest.fixture
def job(services: MemoryServices) -> Job:
    """Its container runs; nothing has registered."""
    job = run(services)
    moves(services, job, "Starting", "Downloading", "Training")
    return job


def joins(services: MemoryServices, job: Job, node: str, *, rank: int = 0) -> None:
    """One more registers by the job's code, connects, and says that it is that rank."""
    assert job.activation
    nodes = services.nodes.nodes.setdefault(job.activation, [])
    nodes.append(RegisteredNode(node, online=True, registered_at=services.clock.now()))
    services.nodes.connected.add(node)
    services.nodes.probes[node] = Node(rank=rank, id=node, host_keys=(HOST_KEY,))


def stored(services: MemoryServices, job: Job) -> Job:
    return services.jobs.all[job.name]


def told(services: MemoryServices, user: str) -> list[str]:
    alarms = [view for where, view in services.chat.said if where == f"D-{user}"]
    return [str(view.blocks) for view in alarms if "shouldn't be there" in str(view.blocks)]


def audited(services: MemoryServices) -> list[tuple[str, str]]:
    found = [facts for event, _, facts in services.audit.events if event == "node-too-many"]
    return [(facts["node"], facts["why"]) for facts in found]


def test_one_that_comes_after_ready_is_deregistered_and_told_once(
    services: MemoryServices, job: Job
) -> None:
    comes_up(services, job)
    follow(services, job.name)
    joins(services, job, "mi-9")
    for _ in range(3):
        sweep(services)

    assert services.nodes.deregistered == ["mi-9"]
    assert "mi-9` registered though" in message_of(services, job)
    assert [node.id for node in stored(services, job).nodes] == ["mi-1"]
    assert audited(services) == [("mi-9", Why.LATE)]
    for user in (ALICE.user, ADMIN.user):
        (alarm,) = told(services, user)
        assert "mi-9" in alarm
        assert f"/sshq stop {job.name}" in alarm


def test_all_ready_jobs_together_cost_one_list_of_nodes(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes_up(services, job)
    follow(services, job.name)
    calls: list[str] = []
    everything = services.nodes.all_nodes

    def all_nodes() -> list[object]:
        calls.append("all")
        return list(everything())

    monkeypatch.setattr(services.nodes, "all_nodes", all_nodes)
    monkeypatch.setattr(services.nodes, "registered", calls.append)
    services.clock.time += timedelta(minutes=1)
    sweep(services)

    assert calls == ["all"]


def test_nodes_that_cannot_be_listed_keep_no_job_from_its_care(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes_up(services, job)
    follow(services, job.name)

    def throttled() -> list[object]:
        raise ConnectionError

    monkeypatch.setattr(services.nodes, "all_nodes", throttled)
    services.clock.time += timedelta(days=1, minutes=1)

    assert sweep(services) == []
    assert services.training_jobs.stopped == [job.name]


def test_of_two_that_claim_one_place_nobody_is_let_in(services: MemoryServices, job: Job) -> None:
    joins(services, job, "mi-1")
    joins(services, job, "mi-9")
    for _ in range(2):
        follow(services, job.name)

    assert stored(services, job).phase is not Phase.READY
    assert services.nodes.deregistered == []
    assert audited(services) == [("mi-1", Why.IN_DOUBT), ("mi-9", Why.IN_DOUBT)]
    assert len(told(services, ALICE.user)) == len(told(services, ADMIN.user)) == 1


def test_one_that_took_the_container_s_place_before_it_gets_no_ticket(
    services: MemoryServices, job: Job
) -> None:
    """The activation was full when the container came: its record says so."""
    joins(services, job, "mi-9")
    prints(services, job, record("register", "failed", "activation_refused"))
    follow(services, job.name)

    assert stored(services, job).phase is not Phase.READY
    assert "ticket-issued" not in services.audit.names()
    assert audited(services) == [("mi-9", Why.NOT_ITS_CONTAINER)]


def test_words_that_come_after_ready_throw_the_impostor_s_guests_out(
    services: MemoryServices, job: Job
) -> None:
    joins(services, job, "mi-9")
    follow(services, job.name)
    lease_with_session(services, job, node="mi-9")
    assert stored(services, job).phase is Phase.READY
    prints(services, job, record("register", "failed", "activation_refused"))
    sweep(services)

    assert stored(services, job).nodes == ()
    assert services.sessions.terminated == ["s-1"]
    assert not services.leases.all["lease-1"].is_live(services.clock.now())
    commands(services, services.message(ALICE, "connect", trigger="2", job=job.name))
    assert "no node left that can be trusted" in services.chat.everything()


def test_the_log_is_asked_until_the_containers_have_said_who_they_are(
    services: MemoryServices, job: Job
) -> None:
    comes_up(services, job)
    follow(services, job.name, reads_log=False)
    prints(services, job, record("register", node_id="mi-1"))
    reads = []
    for _ in range(3):
        before = services.job_logs.reads
        sweep(services)
        reads.append(services.job_logs.reads - before)

    assert [start.node for start in stored(services, job).starting] == ["mi-1"]
    assert reads == [1, 0, 0]


@pytest.mark.parametrize("dies_at", ["deregister", "record", "post", "told"])
def test_a_death_between_any_two_steps_is_made_good(
    services: MemoryServices, job: Job, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    comes_up(services, job)
    follow(services, job.name)
    joins(services, job, "mi-9")
    where = {
        "deregister": (services.nodes, "deregister"),
        "record": (services.audit, "record"),
        "post": (services.chat, "post"),
        "told": (services.jobs, "change"),
    }[dies_at]
    with monkeypatch.context() as patch:
        whole = getattr(*where)

        def dies(*arguments: object, **named: object) -> object:
            if dies_at == "told" and services.nodes.deregistered == []:
                return whole(*arguments, **named)
            raise ConnectionError

        patch.setattr(*where, dies)
        assert sweep(services) == [job.name]
    for _ in range(2):
        assert sweep(services) == []

    assert services.nodes.deregistered[-1] == "mi-9"
    assert ("mi-9", Why.LATE) in audited(services)
    assert len(told(services, ALICE.user)) == len(told(services, ADMIN.user)) == 1


def test_an_owner_who_is_an_admin_hears_it_once(services: MemoryServices) -> None:
    services.enrol(ADMIN, "admin")
    job = run(services, ADMIN)
    moves(services, job, "Starting", "Downloading", "Training")
    comes_up(services, job)
    follow(services, job.name)
    joins(services, job, "mi-9")
    sweep(services)

    assert len(told(services, ADMIN.user)) == 1


def test_a_spot_job_s_second_run_gets_in_and_its_first_run_s_nodes_do_not(
    services: MemoryServices, job: Job
) -> None:
    """Interrupted before it was ready: nobody has written the first run's node down."""
    joins(services, job, "mi-1")
    services.nodes.connected.clear()
    follow(services, job.name)
    services.clock.time += timedelta(minutes=5)
    moves(services, job, "Interrupted", "Starting", "Downloading", "Training")
    joins(services, job, "mi-2")
    services.nodes.connected.add("mi-1")
    follow(services, job.name)

    assert [node.id for node in stored(services, job).nodes] == ["mi-2"]
    assert audited(services) == []


def test_a_ticket_that_was_out_when_the_last_node_went_opens_nothing(
    services: MemoryServices, job: Job
) -> None:
    comes_up(services, job)
    follow(services, job.name)
    services.jobs.change(job.name, lambda each: each.model_copy(update={"nodes": ()}))
    code = a_ticket(services, job)

    with pytest.raises(Refusal) as refused:
        redeemed(services, code)
    assert refused.value.reason is Reason.TICKET_UNUSABLE


@pytest.mark.parametrize(("spot", "limit"), [(False, 3), (True, 12)])
def test_an_activation_takes_as_many_nodes_as_the_job_has(
    services: MemoryServices, *, spot: bool, limit: int
) -> None:
    """A spot job's machines may be taken away, and those that follow register anew."""
    job = run(services, count=3, spot=spot)

    assert services.nodes.limits[str(job.activation)] == limit
