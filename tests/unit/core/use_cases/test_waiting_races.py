"""The waiting room while two act at once: nobody's step is lost, and no message tells the older truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import EndReason, Job, Phase
from sshq.domain.members import Limits
from sshq.domain.money import MICROS, Currency, Money
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.stop import stop_job
from sshq.use_cases.sweep import sweep
from tests.core_crashes import dying_after
from tests.core_services import ADMIN, ALICE, BOB, START, MemoryServices

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.domain.identity import Actor

GPU, OTHER = "ml.g5.xlarge", "ml.g4dn.xlarge"
NO_MACHINE = TrainingStatus("Failed", "Failed", "CapacityError: Unable to provision")


def ask(services: MemoryServices, actor: Actor = ALICE, **more: Any) -> None:
    trigger = f"1.{len(services.requests.begun)}"
    arguments = {"instance": GPU} | more
    commands(services, services.message(actor, "run", trigger=trigger, **arguments))


def only_open(services: MemoryServices) -> Job:
    (job,) = services.jobs.open_jobs()
    return job


def shown(services: MemoryServices, request: str) -> str:
    (message,) = (message for key, message in services.chat.keyed if key == request)
    return services.chat.shown[message.ts].text


def meanwhile(
    patch: pytest.MonkeyPatch, owner: object, method: str, act: Callable[[], None]
) -> None:
    """After the next call of this method somebody else acts, before its caller goes on."""
    real = getattr(owner, method)

    def then_another(*args: Any, **kwargs: Any) -> Any:
        patch.setattr(owner, method, real)
        found = real(*args, **kwargs)
        act()
        return found

    patch.setattr(owner, method, then_another)


@pytest.fixture
def full(services: MemoryServices) -> MemoryServices:
    """With no capacity, and alice's request waiting for some."""
    services.enrol(BOB, "bob")
    services.training_jobs.error = Refusal(Reason.QUOTA, instance=GPU, detail="full")
    ask(services)
    services.clock.time += timedelta(minutes=1)
    return services


def called(services: MemoryServices) -> QueueMessage:
    sweep(services)
    body, _, _ = services.commands_queue.sent.pop(0)
    return QueueMessage.model_validate_json(body)


def test_a_stop_between_the_look_and_the_line_is_a_stop(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(services)
    job = only_open(services)
    services.training_jobs.status[job.name] = NO_MACHINE
    meanwhile(
        monkeypatch,
        services.training_jobs,
        "describe",
        lambda: stop_job(services, job, EndReason.ASKED),
    )
    follow(services, job.name)

    assert services.waiting_room.entries == {}
    follow(services, job.name)
    ended = services.jobs.all[job.name]
    assert (ended.phase, ended.end_reason) == (Phase.FAILED, EndReason.ASKED)
    assert services.budgets.open == {ALICE.tag: 0}


def test_a_stop_just_after_the_job_went_into_the_line_takes_it_out(
    services: MemoryServices,
) -> None:
    ask(services)
    job = only_open(services)
    services.training_jobs.status[job.name] = NO_MACHINE
    follow(services, job.name)
    assert services.waiting_room.entries
    stop_job(services, job, EndReason.ASKED)

    assert services.waiting_room.entries == {}
    assert "it was stopped" in shown(services, job.request)


def test_who_stops_an_attempt_that_found_no_machine_gets_none_later(full: MemoryServices) -> None:
    """Its name was in the message that the place in line has taken over since."""
    (entry,) = full.waiting_room.entries.values()
    (attempt,) = full.jobs.all.values()
    commands(full, full.message(ALICE, "stop", trigger="s", job=attempt.name))

    assert full.waiting_room.entries == {}
    assert "it was stopped" in shown(full, entry.request)
    assert "left the line" in full.chat.said[-1][1].text


def no_machine(services: MemoryServices) -> Callable[[], None]:
    def event() -> None:
        job = only_open(services)
        services.training_jobs.status[job.name] = NO_MACHINE
        follow(services, job.name)

    return event


def test_a_job_that_finds_no_machine_before_its_worker_is_done_waits(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, services.training_jobs, "create", no_machine(services))
    ask(services)

    (entry,) = services.waiting_room.entries.values()
    assert entry.attempt == 2
    assert "Waiting for" in shown(services, entry.request)


def test_so_does_one_that_was_called(full: MemoryServices, monkeypatch: pytest.MonkeyPatch) -> None:
    call = called(full)
    full.training_jobs.error = None
    meanwhile(monkeypatch, full.waiting_room, "count_turn", no_machine(full))
    commands(full, call)

    (entry,) = full.waiting_room.entries.values()
    assert entry.attempt == 3


def test_what_has_run_isnt_begun_anew_for_want_of_a_machine(services: MemoryServices) -> None:
    """Spot: an hour was billed, the machine was taken, and there is no other."""
    ask(services, spot=True)
    job = only_open(services)
    services.training_jobs.status[job.name] = TrainingStatus(
        "Failed", "Failed", "CapacityError: none", started_at=START, billable_seconds=3600
    )
    follow(services, job.name)

    assert services.waiting_room.entries == {}
    ended = services.jobs.all[job.name]
    assert ended.phase is Phase.FAILED
    assert ended.cost_micros == 72_000_000


def test_another_type_is_kept_though_the_caretaker_shows_places_at_that_moment(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(full, BOB, instance=OTHER)
    (alices, _) = full.waiting_room.entries.values()
    full.waiting_room.entries[alices.request] = alices.model_copy(update={"shown_place": 9})

    def instead() -> None:
        commands(
            full,
            full.message(
                ALICE, "wait-instead", trigger="i", request=alices.request, instance=OTHER
            ),
        )

    meanwhile(monkeypatch, full.chat, "update", instead)
    sweep(full)

    assert full.waiting_room.entries[alices.request].shape.instance == OTHER
    assert f"`{OTHER}`" in shown(full, alices.request)


def test_the_line_changes_at_once_in_the_message_though_the_place_is_the_same(
    full: MemoryServices,
) -> None:
    ask(full, BOB, instance=OTHER)
    ask(full, BOB)
    _, other, _ = full.waiting_room.entries.values()
    # Alice waits longer: she is the first there, too.
    full.waiting_room.entries[other.request] = other.model_copy(
        update={"since": full.clock.now() + timedelta(minutes=1)}
    )
    alices = next(iter(full.waiting_room.entries.values()))
    commands(
        full,
        full.message(ALICE, "wait-instead", trigger="i", request=alices.request, instance=OTHER),
    )

    moved = full.waiting_room.entries[alices.request]
    assert (moved.shown_place, alices.shown_place) == (1, 1)
    assert f"`{OTHER}`: place 1 of 2" in shown(full, alices.request)


def test_a_message_that_was_overtaken_by_its_job_tells_of_the_job(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = full.waiting_room.entries.values()
    call = called(full)
    full.training_jobs.error = None
    full.waiting_room.entries[entry.request] = entry.model_copy(update={"shown_place": 9})
    real = full.chat.update
    begun: list[bool] = []

    def late(message: Any, view: Any) -> None:
        if not begun:
            begun.append(True)
            commands(full, call)
        real(message, view)

    monkeypatch.setattr(full.chat, "update", late)
    sweep(full)

    job = only_open(full)
    assert job.name in shown(full, job.request)


def test_a_refused_attempt_leaves_no_place_and_no_buttons(full: MemoryServices) -> None:
    (entry,) = full.waiting_room.entries.values()
    key = (ALICE.team, ALICE.user)
    poor = full.members.by_key[key].model_copy(
        update={"limits": Limits(budget=Money(micros=MICROS, currency=Currency.USD))}
    )
    full.members.by_key[key] = poor
    commands(full, called(full))

    assert full.waiting_room.entries == {}
    assert "of your budget is left" in shown(full, entry.request)


def test_a_worker_that_dies_as_an_attempt_goes_back_into_the_line_keeps_its_place(
    full: MemoryServices,
) -> None:
    """The redelivery is of the attempt before: only the next attempt can end that one's row."""
    (entry,) = full.waiting_room.entries.values()
    call = called(full)
    with dying_after(full.waiting_room, "replace"):
        commands(full, call)
    commands(full, call)
    assert full.waiting_room.entries[entry.request].attempt == 3
    assert only_open(full).attempt == 2

    for _ in range(40):
        full.clock.time += timedelta(minutes=1)
        sweep(full)
        for body, _, _ in full.commands_queue.sent:
            commands(full, QueueMessage.model_validate_json(body))
        full.commands_queue.sent.clear()
    assert full.waiting_room.entries[entry.request].since == entry.since
    assert "Waiting for" in shown(full, entry.request)
    assert full.budgets.open == {ALICE.tag: 0}

    full.training_jobs.error = None
    full.clock.time += timedelta(minutes=15)
    commands(full, called(full))
    assert only_open(full).name in full.training_jobs.created


def test_a_race_for_the_budget_doesnt_end_the_waiting(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beaten(*_: Any, **__: Any) -> None:
        """Somebody else was quicker, each time."""

    call = called(full)
    with monkeypatch.context() as patch:
        patch.setattr(full.budgets, "commit", beaten)
        commands(full, call)
    assert full.waiting_room.entries

    full.training_jobs.error = None
    full.clock.time += timedelta(minutes=1)
    commands(full, called(full))
    assert only_open(full).attempt == 2


def away(*_: object, **__: object) -> None:
    """Slack."""
    raise ConnectionError


def test_the_next_is_called_though_slack_is_away(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(full, BOB)
    call = called(full)
    full.training_jobs.error = None
    with monkeypatch.context() as patch:
        patch.setattr(full.chat, "update", away)
        with pytest.raises(ConnectionError):
            commands(full, call)

    (bobs,) = full.waiting_room.entries.values()
    assert bobs.owner == BOB
    ((body, _, _),) = full.commands_queue.sent
    assert QueueMessage.model_validate_json(body).actor == BOB
    sweep(full)
    job = only_open(full)
    assert job.name in shown(full, job.request)


def test_a_try_is_counted_once_however_often_it_cant_be_told(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round would put off the next try; nobody's turn would come before Slack's."""
    call = called(full)
    with monkeypatch.context() as patch:
        patch.setattr(full.chat, "update", away)
        with pytest.raises(ConnectionError):
            commands(full, call)
        tried = full.waiting_room.pools[GPU]
        for _ in range(3):
            full.clock.time += timedelta(minutes=1)
            sweep(full)

    assert full.waiting_room.pools[GPU] == tried
    assert full.commands_queue.sent


def test_who_came_into_the_line_while_slack_was_away_sees_the_job_before_it_begins(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(full.chat, "post", away)
        for _delivery in range(3):
            with pytest.raises(ConnectionError):
                commands(full, full.message(BOB, "run", trigger="b.1", instance=GPU))
        bobs = next(e for e in full.waiting_room.entries.values() if e.owner.is_same(BOB))
        assert bobs.message is None
        full.training_jobs.error = None
        again = full.message(BOB, "run-again", trigger="b.2", request=bobs.request, attempt=1)
        with pytest.raises(ConnectionError):
            commands(full, again)
        assert full.training_jobs.created == {}

    commands(full, again)

    (job,) = full.jobs.open_jobs_of(BOB)
    assert job.message is not None
    assert job.name in full.training_jobs.created
    assert job.name in shown(full, bobs.request)


def test_the_audit_names_who_ended_the_waiting(full: MemoryServices) -> None:
    (entry,) = full.waiting_room.entries.values()
    (attempt,) = full.jobs.all
    full.enrol(ADMIN, "admin")
    commands(full, full.message(ADMIN, "stop", trigger="s.1", job=attempt))

    assert full.waiting_room.entries == {}
    facts = {"owner": ALICE.tag, "request": entry.request}
    assert ("wait-cancelled", ADMIN, facts) in full.audit.events
