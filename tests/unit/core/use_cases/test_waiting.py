"""The waiting room: in line, called again, given up; one request is one job all the while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import Job, Phase
from sshq.domain.members import Limits
from sshq.domain.money import MICROS, Currency, Money
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.waiting import Cause, WaitingRequest
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_services import ALICE, BOB, MemoryServices

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.identity import Actor
    from sshq.ports import TrainingJob

GPU = "ml.g5.xlarge"
FULL = Refusal(Reason.QUOTA, instance=GPU, detail="the limit is 1")


def ask(services: MemoryServices, actor: Actor = ALICE, trigger: str = "1.1", **more: Any) -> str:
    message = services.message(
        actor, "run", trigger=trigger, instance=GPU, env={"TOKEN": "secret"}, **more
    )
    commands(services, message)
    return message.request


def tick(services: MemoryServices, minutes: int = 1) -> None:
    """The caretaker's round, and what it sends is worked off."""
    services.clock.time += timedelta(minutes=minutes)
    sweep(services)
    work_off(services)


def work_off(services: MemoryServices) -> None:
    while services.commands_queue.sent:
        body, _, _ = services.commands_queue.sent.pop(0)
        commands(services, QueueMessage.model_validate_json(body))


def waiting(services: MemoryServices) -> list[WaitingRequest]:
    return list(services.waiting_room.entries.values())


def open_jobs(services: MemoryServices) -> list[Job]:
    return [job for job in services.jobs.all.values() if job.is_open]


@pytest.fixture
def full(services: MemoryServices) -> MemoryServices:
    """With no capacity, and alice's request waiting for some."""
    services.enrol(BOB, "bob")
    services.training_jobs.error = FULL
    ask(services)
    return services


def test_what_waits_is_listed_to_whoever_asked_for_it(full: MemoryServices) -> None:
    full.commands_queue.sent.clear()
    for actor, listed in ((ALICE, True), (BOB, False)):
        commands(full, full.message(actor, "list", trigger=f"list.{actor.user}"))
        shown = str(full.chat.said[-1][1].blocks)
        assert (f"Waiting for 1 × `{GPU}`" in shown) is listed
        assert ("You have no open jobs" in shown) is not listed


def test_without_capacity_the_request_waits_and_nothing_is_set_aside(full: MemoryServices) -> None:
    (entry,) = waiting(full)
    (job,) = full.jobs.all.values()

    assert (entry.attempt, entry.cause, entry.detail) == (2, Cause.QUOTA, "the limit is 1")
    assert job.requeued
    assert full.nodes.activations == {}
    assert set(full.budgets.committed.values()) == {0}
    assert "place 1 of 1" in full.chat.shown[job.message.ts].text if job.message else False


def test_it_is_tried_again_under_the_next_attempts_name_with_all_that_was_asked_for(
    full: MemoryServices,
) -> None:
    full.training_jobs.error = None
    tick(full)

    first, second = full.jobs.all.values()
    assert first.name != second.name
    assert list(full.training_jobs.created) == [second.name]
    assert (second.attempt, second.phase) == (2, Phase.SUBMITTED)
    assert second.request == first.request
    assert second.message == first.message
    assert b"export TOKEN=secret" in full.startup_files.stored[second.prefix]["job.env"]
    assert waiting(full) == []
    assert second.reserved_micros > 0


def test_pauses_grow_and_a_freed_instance_ends_them(full: MemoryServices) -> None:
    tried = []
    for _ in range(8):
        before = len(full.jobs.all)
        tick(full)
        tried.append(len(full.jobs.all) - before)

    # After one minute, two more, four more …
    assert tried == [1, 0, 1, 0, 0, 0, 1, 0]

    full.training_jobs.error = None
    full.waiting_room.let_in(GPU)
    tick(full)
    assert len(open_jobs(full)) == 1


def test_a_later_request_goes_behind_those_who_wait_without_a_try(full: MemoryServices) -> None:
    full.training_jobs.error = None
    ask(full, BOB, trigger="2.2")

    assert full.training_jobs.created == {}
    assert [entry.cause for entry in waiting(full)] == [Cause.QUOTA, Cause.LINE]
    assert b"secret" in full.startup_files.stored[waiting(full)[1].prefix]["job.json"]

    tick(full)
    assert {job.owner for job in open_jobs(full)} == {ALICE, BOB}
    assert waiting(full) == []


def test_everybody_has_a_job_before_anybody_has_a_second_from_the_line(
    services: MemoryServices,
) -> None:
    """Thirty members ask for two jobs each, one after the other; four machines, jobs of two minutes."""
    members = [ALICE.model_copy(update={"user": f"U{number:04}"}) for number in range(30)]
    for number, member in enumerate(members):
        services.enrol(member, f"m{number}")
        known = services.chat.profiles[ALICE.user]
        services.chat.profiles[member.user] = known.model_copy(update={"user": member.user})
    create = services.training_jobs.create
    until: dict[str, datetime] = {}

    def full_at_four(job: TrainingJob, *, request: str) -> None:
        if len(until) >= 4:
            raise FULL
        create(job, request=request)
        until[job.name] = services.clock.now() + timedelta(minutes=2)

    services.training_jobs.create = full_at_four  # type: ignore[method-assign]
    for number, member in enumerate(members):
        for which in (0, 1):
            services.clock.time += timedelta(seconds=1)
            ask(services, member, trigger=f"{number}.{which}")
    from_line: list[str] = []
    for _ in range(60):
        for name in [name for name, end in until.items() if end <= services.clock.now()]:
            del until[name]
            services.training_jobs.status[name] = TrainingStatus(
                "Completed", "Completed", billable_seconds=120
            )
            follow(services, name)
        before = set(services.jobs.all)
        tick(services)
        begun = [services.jobs.all[name] for name in services.jobs.all.keys() - before]
        from_line += [job.owner.user for job in begun if not job.requeued]

    assert waiting(services) == []
    served = [user for user in from_line if user not in {"U0000", "U0001"}]
    assert sorted(served[:28]) == sorted(set(served))


def test_whoever_joins_a_line_sees_their_place_at_once_and_a_step_shows_at_the_next_round(
    full: MemoryServices,
) -> None:
    """A step of a line of thirty would change thirty messages, and Slack takes few at once."""
    for number in range(10):
        ask(full, BOB, trigger=f"2.{number}")
        place = waiting(full)[-1].shown_place
        assert f"place {place} of {number + 2}" in full.chat.said[-1][1].text

    full.training_jobs.error = None
    full.clock.time += timedelta(minutes=1)
    sweep(full)
    changes = len(full.chat.said)
    body, _, _ = full.commands_queue.sent.pop(0)
    commands(full, QueueMessage.model_validate_json(body))
    # Only the message of the job that began.
    assert len(full.chat.said) == changes + 1

    full.training_jobs.error = FULL
    tick(full)
    places = [entry.shown_place for entry in waiting(full)]
    assert sorted(places) == list(range(1, 11))
    assert any("place 1 of 10" in view.text for _, view in full.chat.said[changes:])


def test_a_job_that_ends_before_it_began_lets_the_next_in_at_once(services: MemoryServices) -> None:
    """It cost nothing, and had its place in the quota all the same."""
    ask(services)
    (first,) = open_jobs(services)
    services.training_jobs.error = FULL
    services.enrol(BOB, "bob")
    ask(services, BOB, trigger="2.2")
    for _ in range(3):
        tick(services)
    assert services.waiting_room.pools[GPU].failures > 1

    services.training_jobs.status[first.name] = TrainingStatus("Stopped", "Stopped")
    services.training_jobs.error = None
    follow(services, first.name)
    sweep(services)
    work_off(services)
    assert [job.owner for job in open_jobs(services)] == [BOB]


def test_another_pool_isnt_held_up(full: MemoryServices) -> None:
    full.training_jobs.error = None
    commands(full, full.message(BOB, "run", trigger="2.2", instance="ml.m5.large"))

    assert [job.owner for job in open_jobs(full)] == [BOB]


def test_a_job_that_ends_for_want_of_a_machine_waits_too(services: MemoryServices) -> None:
    request = ask(services)
    (job,) = open_jobs(services)
    services.training_jobs.status[job.name] = TrainingStatus(
        "Failed", "Failed", "CapacityError: Unable to provision", billable_seconds=0
    )
    follow(services, job.name)
    follow(services, job.name)

    (entry,) = waiting(services)
    assert (entry.request, entry.attempt, entry.cause) == (request, 2, Cause.CAPACITY)
    assert services.budgets.committed[job.budget_month] == 0

    tick(services)
    (again,) = open_jobs(services)
    assert again.attempt == 2
    assert b"secret" in services.startup_files.stored[again.prefix]["job.env"]


def test_an_attempt_isnt_made_while_the_one_before_may_still_run(services: MemoryServices) -> None:
    """The entry was written, and then the worker died: the job may yet be submitted."""
    ask(services)
    (job,) = open_jobs(services)
    services.waiting_room.add(
        WaitingRequest(
            request=job.request,
            correlation="c",
            owner=ALICE,
            shape=job.shape,
            prefix=job.prefix,
            attempt=2,
            since=services.clock.now(),
            cause=Cause.QUOTA,
        )
    )
    tick(services)
    assert len(services.training_jobs.created) == 1

    services.training_jobs.status[job.name] = TrainingStatus("Completed", "Completed")
    tick(services)
    assert len(services.training_jobs.created) == 1
    assert waiting(services) == []


def test_the_same_call_delivered_twice_is_one_attempt(full: MemoryServices) -> None:
    full.training_jobs.error = None
    full.clock.time += timedelta(minutes=1)
    sweep(full)
    (body, _, _) = full.commands_queue.sent.pop()
    call = QueueMessage.model_validate_json(body)
    commands(full, call)
    commands(full, call.model_copy(update={"request": "f" * 64}))

    assert len(full.training_jobs.created) == 1


def test_whoever_left_meanwhile_gets_no_job(full: MemoryServices) -> None:
    full.training_jobs.error = None
    full.members.by_key.clear()
    tick(full)

    assert full.training_jobs.created == {}
    assert waiting(full) == []
    assert full.startup_files.stored == {}


def test_a_budget_that_is_used_up_meanwhile_ends_the_waiting(full: MemoryServices) -> None:
    full.training_jobs.error = None
    key = (ALICE.team, ALICE.user)
    poor = full.members.by_key[key].model_copy(
        update={"limits": Limits(budget=Money(micros=MICROS, currency=Currency.USD))}
    )
    full.members.by_key[key] = poor
    tick(full)

    assert full.training_jobs.created == {}
    assert waiting(full) == []
    assert "left this month" in full.chat.said[-1][1].text


def test_the_waiting_can_be_ended_and_leaves_nothing(full: MemoryServices) -> None:
    (entry,) = waiting(full)
    commands(full, full.message(BOB, "wait-cancel", trigger="3.3", request=entry.request))
    assert waiting(full) == [entry]

    commands(full, full.message(ALICE, "wait-cancel", trigger="4.4", request=entry.request))
    assert waiting(full) == []
    assert full.startup_files.stored == {}
    assert f"This waits no longer for 1 × `{GPU}`: it was stopped." in full.chat.said[-1][1].text

    commands(full, full.message(ALICE, "wait-cancel", trigger="5.5", request=entry.request))
    assert "doesn't wait any more" in full.chat.said[-1][1].text


@pytest.mark.parametrize("how", ["label", "beginning", "full", "alone"])
def test_a_request_in_line_is_stopped_by_the_name_that_its_owner_was_told(
    full: MemoryServices, how: str
) -> None:
    (told,) = full.jobs.all
    ask(full, BOB, trigger="3.3")
    job = {"label": "workb", "beginning": told[:-2], "full": told, "alone": None}[how]
    commands(full, full.message(ALICE, "stop", trigger="4.4", job=job))

    assert [entry.owner for entry in waiting(full)] == [BOB]
    assert "1 request left the line" in full.chat.said[-1][1].text


def test_of_two_requests_in_line_the_one_that_is_meant_is_asked_for(full: MemoryServices) -> None:
    ask(full, trigger="2.2", name="resnet")
    commands(full, full.message(ALICE, "stop", trigger="4.4"))
    assert len(waiting(full)) == 2
    assert "resnet" in full.chat.said[-1][1].text

    commands(full, full.message(ALICE, "stop", trigger="4.5", job="resnet"))
    assert [entry.shape.name for entry in waiting(full)] == ["workbench"]
    commands(full, full.message(BOB, "stop", trigger="4.6", job="workbench"))
    assert len(waiting(full)) == 1


def test_who_stops_all_that_is_theirs_waits_for_nothing_either(full: MemoryServices) -> None:
    full.training_jobs.error = None
    commands(full, full.message(ALICE, "run", trigger="2.2", instance="ml.m5.large"))
    ask(full, BOB, trigger="3.3")
    commands(full, full.message(ALICE, "stop", trigger="4.4", mine=True))

    assert [entry.owner for entry in waiting(full)] == [BOB]
    assert "1 request left the line" in full.chat.said[-1][1].text


def test_attempts_in_vain_are_no_jobs_in_a_list_a_bill_or_a_choice(full: MemoryServices) -> None:
    for _ in range(4):
        tick(full)
    assert len(full.jobs.all) > 1

    def told(verb: str, **more: Any) -> str:
        commands(full, full.message(ALICE, verb, trigger=f"7.{verb}", **more))
        return full.chat.said[-1][1].text

    assert told("list", all=True) == "Your jobs"
    listed = str(full.chat.said[-1][1].blocks)
    assert (listed.count("Waiting for"), listed.count("sshq-")) == (1, 0)
    assert "0 jobs" in told("cost")
    assert told("status", job="alice") == "There is no job `alice`."


def test_another_type_is_tried_at_once(full: MemoryServices) -> None:
    full.training_jobs.error = None
    (entry,) = waiting(full)
    other = "ml.g4dn.xlarge"
    commands(
        full,
        full.message(ALICE, "wait-instead", trigger="3.3", request=entry.request, instance=other),
    )

    (job,) = open_jobs(full)
    assert (job.shape.instance, job.attempt) == (other, 2)
    assert waiting(full) == []


def test_another_type_needs_an_approval_of_its_own(full: MemoryServices) -> None:
    """What an admin approved was the type that was asked for, at its price."""
    (entry,) = waiting(full)
    approved = entry.model_copy(update={"approved_by": BOB})
    full.waiting_room.entries[entry.request] = approved
    key = (ALICE.team, ALICE.user)
    poor = full.members.by_key[key].model_copy(
        update={"limits": Limits(budget=Money(micros=MICROS, currency=Currency.USD))}
    )
    full.members.by_key[key] = poor
    full.training_jobs.error = None
    asked: dict[str, Any] = {"request": entry.request, "instance": "ml.g4dn.xlarge"}
    commands(full, full.message(ALICE, "wait-instead", trigger="3.3", **asked))

    assert open_jobs(full) == []
    assert waiting(full) == [approved]
    assert "left this month" in full.chat.said[-1][1].text

    full.members.by_key[key] = poor.model_copy(update={"limits": Limits()})
    commands(full, full.message(ALICE, "wait-instead", trigger="4.4", **asked))
    assert [job.approved_by for job in open_jobs(full)] == [None]


def test_a_week_is_enough(full: MemoryServices) -> None:
    tick(full, minutes=7 * 24 * 60 + 1)

    assert waiting(full) == []
    assert full.startup_files.stored == {}


def test_whose_week_is_over_while_slack_is_away_is_told_later_and_holds_up_nobody(
    full: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = waiting(full)
    full.clock.time += timedelta(days=7, minutes=1)
    ask(full, BOB, trigger="2.2")

    def away(*_: Any) -> None:
        raise ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(full.chat, "update", away)
        assert sweep(full) == ["the waiting room"]
    assert [
        QueueMessage.model_validate_json(sent[0]).actor for sent in full.commands_queue.sent
    ] == [BOB]

    tick(full)
    assert old.request not in full.waiting_room.entries
    assert any("A week has passed" in view.text for _, view in full.chat.said)


def test_a_full_line_keeps_nobody_from_what_is_free(full: MemoryServices) -> None:
    for number in range(20):
        ask(full, ALICE, trigger=f"9.{number}")
    full.training_jobs.error = None
    commands(full, full.message(ALICE, "run", trigger="2.2", instance="ml.m5.large"))

    assert [job.shape.instance for job in open_jobs(full)] == ["ml.m5.large"]


def test_nobody_fills_the_line_alone(full: MemoryServices) -> None:
    for number in range(25):
        ask(full, ALICE, trigger=f"9.{number}")

    assert len(waiting(full)) == 20
    assert "wait for capacity already" in full.chat.said[-1][1].text
