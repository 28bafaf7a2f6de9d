"""A held request goes on once, by somebody else's hand, in time; or not at all."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sshq.domain.approvals import HELD_FOR, Outcome, Why
from sshq.domain.jobs import Message
from sshq.domain.queue_message import QueueMessage
from sshq.use_cases.approving import held_for_second_admin, hold, lapse
from sshq.use_cases.dispatch import commands
from tests.core_services import ADMIN, ALICE, BOB, EVE, SETTINGS, MemoryServices
from tests.killing import KilledError, Killer, When, mortal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.domain.identity import Actor
    from sshq.ports import Services

TWO_ADMINS = {"admins": f"{ADMIN.tag},{EVE.tag}", "second_admin": True}
QUESTION = Message(channel="D-U0EVE", ts="1.000")


@pytest.fixture
def services() -> MemoryServices:
    return MemoryServices(settings=SETTINGS.model_copy(update=TWO_ADMINS))


def ask(services: MemoryServices) -> QueueMessage:
    """An admin's request that waits for a second one."""
    message = services.message(ADMIN, "setup-apply", digest="d" * 64)
    assert held_for_second_admin(services, message)
    return message


def press(services: MemoryServices, button: str, *, by: Actor = EVE, trigger: str = "9") -> None:
    (approval,) = services.approvals.all
    commands(services, services.message(by, button, trigger=trigger, id=approval))


def test_without_the_stacks_wish_nothing_is_held(services: MemoryServices) -> None:
    plain = services.with_settings(second_admin=False)

    assert not held_for_second_admin(plain, plain.message(ADMIN, "setup-apply"))
    assert plain.approvals.all == {}


def test_the_other_admins_are_asked_and_whoever_asked_is_told(services: MemoryServices) -> None:
    ask(services)

    (channel, question), (_, told) = services.chat.said
    assert channel == "D-U0EVE"
    assert "U0ADMIN" in str(question.blocks)
    assert "waits for a second admin" in told.text


def test_an_approved_request_goes_on_once_and_names_its_approver(services: MemoryServices) -> None:
    held = ask(services)
    press(services, "approve")
    press(services, "approve", trigger="10")

    bodies = {body for body, _, _ in services.provisioning_queue.sent}
    (body,) = bodies
    released = QueueMessage.model_validate_json(body)
    assert released.approved_by == EVE
    assert released.actor == ADMIN
    assert released.arguments == held.arguments
    assert released.request != held.request
    assert {(group, key) for _, group, key in services.provisioning_queue.sent} == {
        ("account", released.request)
    }
    assert not held_for_second_admin(services, released)


def test_a_crash_between_the_decision_and_the_queue_loses_nothing(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(services)

    def gone(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(services.provisioning_queue, "send", gone)
        with pytest.raises(ConnectionError):
            press(services, "approve")
    press(services, "approve")

    assert len(services.provisioning_queue.sent) == 1


def test_the_buttons_go_and_what_was_held_is_forgotten(services: MemoryServices) -> None:
    ask(services)
    press(services, "approve")

    assert "approved" in services.chat.shown[QUESTION.ts].text
    (approval,) = services.approvals.all.values()
    assert approval.message is None


@pytest.mark.parametrize(
    ("by", "reason"), [(ADMIN, "asked for this yourself"), (ALICE, "Only an admin")]
)
@pytest.mark.parametrize("button", ["approve", "decline"])
def test_neither_the_asker_nor_a_member_decides(
    services: MemoryServices, by: Actor, reason: str, button: str
) -> None:
    services.enrol(ALICE, "alice")
    ask(services)
    press(services, button, by=by)

    assert services.provisioning_queue.sent == []
    assert reason in services.chat.said[-1][1].text


def test_a_declined_request_stays_declined(services: MemoryServices) -> None:
    ask(services)
    press(services, "decline")
    assert services.chat.said[-2][0] == "D-U0ADMIN"
    press(services, "approve", trigger="10")

    assert services.provisioning_queue.sent == []
    assert "decided already" in services.chat.said[-1][1].text


def test_too_late_is_too_late_whether_the_caretaker_came_by_or_not(
    services: MemoryServices,
) -> None:
    ask(services)
    services.clock.time += HELD_FOR
    press(services, "approve")
    assert "has lapsed" in services.chat.said[-1][1].text
    lapse(services)
    press(services, "approve", trigger="10")

    assert services.provisioning_queue.sent == []
    (approval,) = services.approvals.all.values()
    assert approval.outcome is Outcome.LAPSED


def test_before_its_time_nothing_lapses(services: MemoryServices) -> None:
    ask(services)
    services.clock.time += HELD_FOR - timedelta(seconds=1)
    lapse(services)

    (approval,) = services.approvals.all.values()
    assert approval.outcome is None


def test_a_redelivery_asks_nobody_twice(services: MemoryServices) -> None:
    message = ask(services)
    held_for_second_admin(services, message)

    assert [channel for channel, _ in services.chat.said].count("D-U0EVE") == 1


def test_an_admin_alone_is_told_how_to_name_a_second(services: MemoryServices) -> None:
    alone = services.with_settings(admins=ADMIN.tag)
    commands_message = alone.message(ADMIN, "setup-apply", digest="d" * 64)

    with pytest.raises(Exception, match="no-second-admin"):
        held_for_second_admin(alone, commands_message)


def test_an_admin_who_has_left_is_neither_asked_nor_counted(services: MemoryServices) -> None:
    left = services.chat.profiles[EVE.user].model_copy(update={"deleted": True})
    services.chat.profiles[EVE.user] = left

    with pytest.raises(Exception, match="no-second-admin"):
        ask(services)


def test_a_job_beyond_the_limits_waits_for_an_admin_and_is_told_from_others(
    services: MemoryServices,
) -> None:
    message = asks_for_a_job(services)
    told = str(services.chat.said[-1][1].blocks)
    assert "This waits for an admin: start a job, 1 × ml.g5.xlarge." in told
    assert "second admin" not in told
    assert "Reason given" not in told

    press(services, "decline", by=ADMIN)
    assert "asked for: start a job, 1 × ml.g5.xlarge" in services.chat.said[-1][1].text
    assert message.actor == ALICE


def test_an_admin_among_the_members_is_asked_about_a_job_and_may_decide(
    services: MemoryServices,
) -> None:
    """What is risky is another matter: there a first pair of eyes could have made the second."""
    services.enrol(BOB, "bob")
    services.members.change(BOB, lambda member: member.model_copy(update={"admin": True}))
    ask(services)
    assert "D-U0BOB" not in {channel for channel, _ in services.chat.said}
    services.approvals.all.clear()

    asks_for_a_job(services)
    assert {"D-U0ADMIN", "D-U0BOB", "D-U0EVE"} <= {channel for channel, _ in services.chat.said}
    press(services, "approve", by=BOB)
    (approval,) = services.approvals.all.values()
    assert approval.outcome is Outcome.APPROVED


def test_what_waits_for_an_admin_is_listed_to_whoever_asked(services: MemoryServices) -> None:
    asks_for_a_job(services)
    services.enrol(BOB, "bob")
    for actor, listed in ((ALICE, True), (BOB, False)):
        commands(services, services.message(actor, "list", trigger=f"list.{actor.user}"))
        shown = str(services.chat.said[-1][1].blocks)
        assert ("This waits for an admin: start a job, 1 × ml.g5.xlarge." in shown) is listed
        assert ("You have no open jobs" in shown) is not listed

    press(services, "decline")
    commands(services, services.message(ALICE, "list", trigger="list.2"))
    assert "You have no open jobs" in str(services.chat.said[-1][1].blocks)


FACTS = {"shape": "1 × ml.g5.xlarge", "reason": "", "cost": "$99", "limit": "$9", "most": "$9"}
CANARY = "canary-of-a-held-value"


def asks_for_a_job(services: MemoryServices) -> QueueMessage:
    """A run that is beyond what its member may have open, so an admin has to approve it."""
    services.enrol(ALICE, "alice")
    message = services.message(ALICE, "run", env={"TOKEN": CANARY})
    hold(services, message, Why.EXPENSIVE, detail=(), **FACTS)
    return message


def files(services: MemoryServices) -> str:
    return str(services.startup_files.stored)


def rows(services: MemoryServices) -> str:
    return "".join(each.model_dump_json() for each in services.approvals.all.values())


def test_a_held_environment_lies_in_a_file_and_in_no_row(services: MemoryServices) -> None:
    asks_for_a_job(services)

    assert CANARY in files(services)
    assert CANARY not in rows(services)
    assert CANARY not in services.chat.everything()


def test_an_approved_run_has_its_environment_again(services: MemoryServices) -> None:
    asks_for_a_job(services)
    press(services, "approve")

    ((body, _, _),) = services.commands_queue.sent
    assert QueueMessage.model_validate_json(body).arguments == {"env": {"TOKEN": CANARY}}
    assert services.startup_files.stored == {}


def test_a_request_that_is_declined_or_lapses_leaves_no_file(services: MemoryServices) -> None:
    asks_for_a_job(services)
    press(services, "decline")
    assert services.startup_files.stored == {}

    message = services.message(ALICE, "run", trigger="2", env={"A": CANARY})
    hold(services, message, Why.EXPENSIVE, detail=(), **FACTS)
    assert CANARY in files(services)
    services.clock.time += HELD_FOR
    lapse(services)
    assert services.startup_files.stored == {}


def test_what_has_no_environment_leaves_no_file(services: MemoryServices) -> None:
    ask(services)

    assert services.startup_files.stored == {}


def test_a_file_that_is_gone_sends_nothing_half(services: MemoryServices) -> None:
    """`/sshq teardown` empties the bucket."""
    asks_for_a_job(services)
    services.startup_files.stored.clear()
    press(services, "approve")

    assert services.commands_queue.sent == []
    assert "has lapsed" in services.chat.said[-1][1].text


def _lapses(services: Services, message: QueueMessage) -> None:
    del message
    lapse(services)


def _is_held(services: Services, message: QueueMessage) -> None:
    hold(services, message, Why.EXPENSIVE, detail=(), **FACTS)


STEPS: dict[str, Callable[[Services, QueueMessage], None]] = {
    "hold": _is_held,
    "approve": commands,
    "decline": commands,
    "lapse": _lapses,
}


def scene(step: str) -> tuple[MemoryServices, QueueMessage]:
    """Before a step: a stack, and the message that it works on."""
    services = MemoryServices(settings=SETTINGS.model_copy(update=TWO_ADMINS))
    if step == "hold":
        services.enrol(ALICE, "alice")
        return services, services.message(ALICE, "run", env={"TOKEN": CANARY})
    asks_for_a_job(services)
    if step == "lapse":
        services.clock.time += HELD_FOR
    (approval,) = services.approvals.all
    return services, services.message(EVE, step, trigger="9", id=approval)


@cache
def calls_of(step: str) -> list[str]:
    """The remote calls of an undisturbed step."""
    (services, message), killer = scene(step), Killer()
    STEPS[step](mortal(services, killer), message)
    return killer.calls


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize(
    ("step", "nth"),
    [(step, nth) for step in STEPS for nth in range(1, len(calls_of(step)) + 1)],
    ids=str,
)
def test_a_death_at_any_call_loses_no_environment_and_leaves_none(
    step: str, nth: int, when: When
) -> None:
    services, message = scene(step)
    with pytest.raises(KilledError):
        STEPS[step](mortal(services, Killer(nth, when)), message)
    STEPS[step](services, message)

    where = f"{when} {calls_of(step)[nth - 1]}"
    assert CANARY not in rows(services), where
    if step == "hold":
        press(services, "approve")
    assert services.startup_files.stored == {}, where
    sent = {body for body, _, _ in services.commands_queue.sent}
    assert len(sent) == (step in {"hold", "approve"}), where
    assert all(CANARY in body for body in sent), where
