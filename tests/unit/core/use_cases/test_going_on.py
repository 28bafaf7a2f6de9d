"""extend, start, keep: a running job may go on, and its containers hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.chat.mrkdwn import moment
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_crashes import dying_after
from tests.core_services import ALICE, BOB
from tests.job_lives import comes_up, lease_with_session, message_of, moves, run

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from tests.core_services import MemoryServices

HOUR = timedelta(hours=1)


@pytest.fixture
def job(services: MemoryServices) -> Job:
    """A ready job of two nodes that may run for an hour."""
    job = run(services, hours=1, count=2)
    moves(services, job, "Training")
    comes_up(services, job, "mi-1", "mi-2")
    follow(services, job.name)
    return services.jobs.all[job.name]


def ask(services: MemoryServices, verb: str, actor: Actor = ALICE, **arguments: Any) -> str:
    """Type a command anew; what is answered."""
    said = len(services.chat.said)
    trigger = f"ask-{said}"
    commands(services, services.message(actor, verb, trigger=trigger, **arguments))
    return "\n".join(f"{view.text} {view.blocks}" for _, view in services.chat.said[said:])


def test_a_later_deadline_is_stored_told_and_shown(services: MemoryServices, job: Job) -> None:
    answer = ask(services, "extend", job=job.name, by="2h")

    later = services.jobs.all[job.name]
    assert later.deadline == job.deadline + 2 * HOUR
    epoch = str(int(later.deadline.timestamp()))
    assert services.nodes.told == [("mi-1", "deadline", epoch), ("mi-2", "deadline", epoch)]
    assert f"may run until {moment(later.deadline)}" in answer
    assert moment(later.deadline) in message_of(services, job)


def test_a_keep_that_a_node_did_not_confirm_is_told_again_for_as_long_as_is_left(
    services: MemoryServices, job: Job
) -> None:
    """Else its own watchdog would end it as idle though its owner was told that it is kept."""
    services.nodes.connected.discard("mi-2")
    ask(services, "keep", job=job.name, seconds=3600)
    assert services.jobs.all[job.name].keep_untold

    services.nodes.connected.add("mi-2")
    services.clock.time += timedelta(minutes=10)
    sweep(services)
    assert services.nodes.told[-1] == ("mi-2", "keep", "3000")
    assert not services.jobs.all[job.name].keep_untold

    services.nodes.connected.discard("mi-2")
    ask(services, "keep", job=job.name, seconds=3600)
    services.clock.time += timedelta(minutes=59)
    services.jobs.change(job.name, lambda j: j.model_copy(update={"deadline": j.deadline + HOUR}))
    sweep(services)
    assert services.nodes.told[-1] == ("mi-2", "keep", "60")
    services.clock.time += timedelta(minutes=1)
    told = len(services.nodes.told)
    sweep(services)
    assert (len(services.nodes.told), services.jobs.all[job.name].keep_untold) == (told, False)


def test_an_only_job_need_not_be_named(services: MemoryServices, job: Job) -> None:
    ask(services, "extend", job="90m")
    assert services.jobs.all[job.name].deadline == job.deadline + 1.5 * HOUR


def test_the_same_request_delivered_twice_extends_once(services: MemoryServices, job: Job) -> None:
    message = services.message(ALICE, "extend", trigger="2", job=job.name, by="2h")
    commands(services, message)
    services.requests.begun[message.request] = False  # the worker died before it was done
    commands(services, message)

    assert services.jobs.all[job.name].deadline == job.deadline + 2 * HOUR


def test_the_hard_cap_is_not_moved(services: MemoryServices, job: Job) -> None:
    assert job.started_at
    cap = job.started_at + timedelta(seconds=job.cap_seconds)
    answer = ask(services, "extend", job=job.name, until=(cap + HOUR).isoformat())
    assert f"{cap:%Y-%m-%d %H:%M} UTC whatever happens" in answer
    assert services.jobs.all[job.name].deadline == job.deadline

    ask(services, "extend", job=job.name, until=cap.isoformat())
    assert services.jobs.all[job.name].deadline == cap


def test_a_deadline_is_never_brought_forward(services: MemoryServices, job: Job) -> None:
    answer = ask(services, "extend", job=job.name, until=services.clock.now().isoformat())
    assert "already" in answer
    assert services.jobs.all[job.name] == job


def test_what_a_node_did_not_confirm_is_told_again_by_the_caretaker(
    services: MemoryServices, job: Job
) -> None:
    """Else its own watchdog would end it at the old deadline."""
    services.nodes.connected.discard("mi-2")
    ask(services, "extend", job=job.name, by="2h")
    assert services.jobs.all[job.name].deadline_untold

    services.nodes.connected.add("mi-2")
    sweep(services)
    assert not services.jobs.all[job.name].deadline_untold
    told = len(services.nodes.told)
    sweep(services)
    assert len(services.nodes.told) == told


def test_a_job_that_starts_still_hears_of_it_when_it_is_ready(services: MemoryServices) -> None:
    job = run(services, hours=1)
    ask(services, "extend", job=job.name, by="2h")
    assert services.nodes.told == []
    moves(services, job, "Training")
    comes_up(services, job)
    sweep(services)

    assert [verb for _, verb, _ in services.nodes.told] == ["deadline"]


def test_the_lease_lasts_as_long_as_the_job_and_a_shorter_one_stays_short(
    services: MemoryServices, job: Job
) -> None:
    lease_with_session(services, job, node="mi-1")
    lease_with_session(services, job, node="mi-1", lease="short", session="s-2")
    short = services.leases.all["short"].model_copy(
        update={"expires_at": job.deadline - timedelta(minutes=10)}
    )
    services.leases.all["short"] = short
    ask(services, "extend", job=job.name, by="2h")

    assert services.leases.all["lease-1"].expires_at == job.deadline + 2 * HOUR
    assert services.leases.all["short"] == short


def test_a_worker_that_dies_having_moved_the_deadline_leaves_no_lease_behind(
    services: MemoryServices, job: Job
) -> None:
    lease_with_session(services, job, node="mi-1")
    message = services.message(ALICE, "extend", trigger="x", job=job.name, by="2h")
    with dying_after(services.jobs, "change"):
        commands(services, message)
    commands(services, message)

    assert services.jobs.all[job.name].deadline == job.deadline + 2 * HOUR
    assert services.leases.all["lease-1"].expires_at == job.deadline + 2 * HOUR


@pytest.mark.parametrize("verb", ["extend", "keep", "start", "status", "logs"])
def test_another_member_s_job_is_theirs(services: MemoryServices, job: Job, verb: str) -> None:
    services.enrol(BOB, "bob")
    more = {"by": "1h"} if verb == "extend" else {}
    assert "belongs to somebody else" in ask(services, verb, BOB, job=job.name, **more)
    assert services.jobs.all[job.name] == job
    assert services.nodes.told == []


def test_a_waiting_command_begins_on_all_nodes(services: MemoryServices, job: Job) -> None:
    shape = job.shape.model_copy(
        update={
            "command": "python train.py",
            "container": job.shape.container.model_copy(update={"wait_seconds": 600}),
        }
    )
    assert "no command that waits" in ask(services, "start", job=job.name)
    services.jobs.all[job.name] = job.model_copy(update={"shape": shape})

    assert "begins now" in ask(services, "start", job="workb")
    assert services.nodes.told == [("mi-1", "start", "0"), ("mi-2", "start", "0")]


def test_a_start_that_a_node_did_not_hear_is_no_success(services: MemoryServices, job: Job) -> None:
    container = job.shape.container.model_copy(update={"wait_seconds": 600})
    shape = job.shape.model_copy(update={"command": "x", "container": container})
    services.jobs.all[job.name] = job.model_copy(update={"shape": shape})
    services.nodes.connected.discard("mi-2")

    assert "isn't connected" in ask(services, "start", job=job.name)


def test_keep_counts_from_the_click(services: MemoryServices, job: Job) -> None:
    message = services.message(ALICE, "keep", trigger="2", job=job.name, seconds=3600)
    services.clock.time += timedelta(minutes=5)
    commands(services, message)

    assert services.jobs.all[job.name].kept_until == message.received_at + HOUR
    assert services.nodes.told[0] == ("mi-1", "keep", "3300")


def test_stop_mine_without_a_job_says_so(services: MemoryServices) -> None:
    assert "You have no open jobs" in ask(services, "stop", mine=True)


def test_stop_mine_stops_all_of_ones_own_and_nobody_elses(services: MemoryServices) -> None:
    services.enrol(BOB, "bob")
    own = {run(services, trigger=f"own-{n}", name=f"n{n}").name for n in range(3)}
    run(services, BOB, trigger="bob")
    answer = ask(services, "stop", mine=True)

    assert set(services.training_jobs.stopped) == own
    assert "3 of your jobs are stopping" in answer


def test_status_and_logs_are_for_who_asks(services: MemoryServices, job: Job) -> None:
    services.job_logs.print(job.name, services.clock.now(), "epoch 1", "TOKEN=canary-1", "epoch 2")
    services.clock.time += timedelta(minutes=3)

    status = ask(services, "status", job="workb")
    assert "3 min in this stage" in status
    assert "mi-2" in status
    log = ask(services, "logs", job="workb", tail=2)
    assert "epoch 2" in log
    assert "epoch 1" not in log
    assert "canary-1" not in log
    assert "printed nothing yet" in ask(services, "logs", job=run(services, trigger="9").name)
