"""The caretaker's round: nothing that is away, broken or slow keeps a job from what is due to it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.caretaking import in_turn
from sshq.domain.jobs import EndReason, Phase
from sshq.domain.leases import LeaseEnd
from sshq.domain.node_starts import NodeStart
from sshq.domain.records import Result, Stage
from sshq.use_cases import sweep as module
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.stop import stop_job
from sshq.use_cases.sweep import sweep
from tests.core_services import ALICE, START, MemoryServices
from tests.job_lives import comes_up, lease_with_session, moves, prints, record, run

if TYPE_CHECKING:
    from sshq.domain.jobs import Job

QUIET: dict[str, Any] = {
    "seconds": 60,
    "logins": 0,
    "bytes": 0,
    "typing": 0,
    "cpu": 0,
    "gpu": 0,
    "load": 0,
}


def away(*_: Any, **__: Any) -> Any:
    """Slack, or whoever."""
    raise ConnectionError("away")


def ready(services: MemoryServices, **asked: Any) -> Job:
    job = run(services, **asked)
    moves(services, job, "Training")
    comes_up(services, job)
    follow(services, job.name)
    return services.jobs.all[job.name]


def pass_quietly(services: MemoryServices, job: Job, minutes: int) -> list[str]:
    """Minutes in which nothing happens in the job; what the last round says has failed."""
    failed: list[str] = []
    for _ in range(minutes):
        services.clock.time += timedelta(minutes=1)
        prints(services, job, record("activity", at=services.clock.now(), **QUIET))
        failed = sweep(services)
    return failed


def test_whoever_was_warned_is_ended_though_slack_is_away(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ready(services, idle=300)
    pass_quietly(services, job, 4)
    assert services.jobs.all[job.name].is_warned
    for method in ("post", "update", "direct_message"):
        monkeypatch.setattr(services.chat, method, away)

    assert pass_quietly(services, job, 1) == [job.name]
    assert services.training_jobs.stopped == [job.name]
    assert services.jobs.all[job.name].end_reason is EndReason.IDLE


@pytest.mark.parametrize("broken", ["watch_registrations", "watch_idleness"])
def test_a_deadline_is_kept_whatever_cant_be_read(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    job = ready(services, hours=1)
    monkeypatch.setattr(module, broken, away)
    services.clock.time = job.deadline

    assert sweep(services) == [job.name]
    assert services.jobs.all[job.name].end_reason is EndReason.DEADLINE


@pytest.mark.parametrize("broken", ["watch_registrations", "watch_idleness"])
def test_a_lease_of_its_own_time_ends_in_time_whatever_cant_be_read(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """It was shared for so long, and its holder may have a hand in what can't be read."""
    job = ready(services)
    lease_with_session(services, job, node="mi-1")
    over = {"expires_at": services.clock.now() + timedelta(minutes=1)}
    services.leases.all["lease-1"] = services.leases.all["lease-1"].model_copy(update=over)
    monkeypatch.setattr(module, broken, away)
    services.clock.time += timedelta(minutes=1)

    assert sweep(services) == [job.name]
    assert services.leases.all["lease-1"].ended is LeaseEnd.EXPIRED
    assert services.leases.open == {}


def test_nothing_is_kept_of_containers_that_a_job_hasnt_got(services: MemoryServices) -> None:
    """Its row has to hold what is known of each, and whatever runs in it may write such lines."""
    job = run(services, idle=300)
    moves(services, job, "Training")
    prints(services, job, *(record("probe", rank=rank) for rank in range(2000)))
    follow(services, job.name)
    assert [start.rank for start in services.jobs.all[job.name].starting] == [0]

    comes_up(services, job)
    follow(services, job.name)
    at = services.clock.now()
    prints(services, job, *(record("activity", rank=n, at=at, **QUIET) for n in range(2000)))
    assert sweep(services) == []
    assert [node.rank for node in services.jobs.all[job.name].idleness.nodes] == [0]


@pytest.mark.parametrize(
    "line",
    [
        record("activity", **QUIET | {"cpu": float("inf")}),
        record("activity", **QUIET | {"logins": 10**40}),
        record("activity", **QUIET | {"seconds": 10**15}),
        record("activity", **QUIET).replace("2026-11-22T12:00:00Z", "0001-01-01T00:00:00Z"),
        record("activity", code="x" * 10_000, **QUIET),
    ],
)
def test_a_line_that_no_container_of_ours_prints_is_none(
    services: MemoryServices, line: str
) -> None:
    job = ready(services, idle=300)
    prints(services, job, line)

    assert sweep(services) == []
    assert services.jobs.all[job.name].idleness.nodes == ()


def test_whom_nobody_could_warn_isnt_ended_and_is_warned_when_slack_is_back(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ready(services, idle=300)
    with monkeypatch.context() as patch:
        patch.setattr(services.chat, "post", away)
        pass_quietly(services, job, 9)
    assert services.training_jobs.stopped == []

    pass_quietly(services, job, 1)
    warnings = [view for _, view in services.chat.said if "I am about to end it" in view.text]
    assert len(warnings) == 1
    assert "idle 10 of 5 min" in str(warnings[0].blocks)
    assert services.training_jobs.stopped == []

    pass_quietly(services, job, 1)
    assert services.training_jobs.stopped == [job.name]


def test_a_workbench_that_became_reachable_after_all_is_left_running(
    services: MemoryServices,
) -> None:
    """Its container gave up waiting for the agent, which then came: whoever is in stays in."""
    job = ready(services)
    gave_up = NodeStart(rank=0, stage=Stage.READY, result=Result.FAILED, gave_up=True)
    services.jobs.change(
        job.name, lambda stored: stored.model_copy(update={"starting": (gave_up,)})
    )
    services.clock.time += timedelta(minutes=1)

    assert sweep(services) == []
    assert services.training_jobs.stopped == []


def test_what_a_job_made_is_uploaded_to_the_end(services: MemoryServices) -> None:
    """A stop would cut the upload short, and call a job stopped that has done its work."""
    job = ready(services)
    moves(services, job, "Uploading")
    for _ in range(5):
        services.clock.time += timedelta(minutes=1)
        assert sweep(services) == []

    assert services.training_jobs.stopped == []
    moves(services, job, "Completed", status="Completed")
    sweep(services)
    assert services.jobs.all[job.name].phase is Phase.COMPLETED


def test_a_stop_that_had_no_effect_is_asked_for_again(services: MemoryServices) -> None:
    job = ready(services)
    stop_job(services, job, EndReason.ASKED)
    services.clock.time += timedelta(minutes=1)
    sweep(services)

    assert services.training_jobs.stopped == [job.name, job.name]


def test_a_round_ends_in_time_and_leaves_out_others_each_time(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [run(services, trigger=f"{number}") for number in range(12)]
    due = jobs[-1]
    describe, seen = services.training_jobs.describe, list[str]()

    def slowly(name: str) -> Any:
        services.clock.time += timedelta(seconds=12)
        seen.append(name)
        return describe(name)

    monkeypatch.setattr(services.training_jobs, "describe", slowly)
    services.jobs.change(due.name, lambda job: job.model_copy(update={"deadline": START}))
    called: list[bool] = []
    monkeypatch.setattr(module, "call", lambda _: called.append(True))
    sweep(services)
    assert len(seen) == 3
    assert seen[0] == due.name
    assert services.jobs.all[due.name].phase is Phase.STOPPING
    assert called

    for _ in range(8):
        services.clock.time = services.clock.time.replace(second=0) + timedelta(minutes=1)
        sweep(services)
    assert set(seen) == {job.name for job in jobs}


def test_each_job_has_its_turn_once_and_nobody_waits_long_for_the_first(
    services: MemoryServices,
) -> None:
    jobs = [run(services, trigger=f"{number}") for number in range(10)]
    firsts = []
    for minute in range(30):
        order = in_turn(jobs, START + timedelta(minutes=minute))
        assert sorted(job.name for job in order) == sorted(job.name for job in jobs)
        firsts.append(order[0].name)

    assert set(firsts) == {job.name for job in jobs}
    assert in_turn([], START) == []


def test_an_orphan_that_cant_be_taken_away_keeps_nothing_else(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lost", "lost-too"):
        expires = START + timedelta(days=1)
        services.nodes.create_activation(job=f"sshq-{name}", limit=1, expires=expires, tags={})
    stuck, other = services.nodes.activations
    delete = services.nodes.delete_activation
    monkeypatch.setattr(
        services.nodes, "delete_activation", lambda each: away() if each == stuck else delete(each)
    )
    monkeypatch.setattr(services.nodes, "all_nodes", away)
    called: list[bool] = []
    monkeypatch.setattr(module, "call", lambda _: called.append(True))
    services.clock.time = START + timedelta(minutes=20)

    assert sweep(services) == [stuck, "nodes"]
    assert list(services.nodes.activations) == [stuck]
    assert other not in services.nodes.activations
    assert called


def test_the_same_warning_isnt_posted_to_whoever_keeps_the_job_meanwhile(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ready(services, idle=300)
    post = services.chat.post

    def kept_meanwhile(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(services.chat, "post", post)
        commands(services, services.message(ALICE, "keep", trigger="k", job=job.name, seconds=3600))
        return post(*args, **kwargs)

    pass_quietly(services, job, 3)
    monkeypatch.setattr(services.chat, "post", kept_meanwhile)
    pass_quietly(services, job, 1)

    assert not services.jobs.all[job.name].is_warned
