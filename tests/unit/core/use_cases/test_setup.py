"""Setup: what was shown is what is done, and whatever goes wrong is told with what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sshq.chat.mrkdwn import moment
from sshq.domain.desired_state import ACTIVATION_TIER, desired
from sshq.domain.jobs import Message
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Leftovers
from sshq.use_cases.dispatch import commands, provisioning
from sshq.use_cases.drift import watch
from tests.core_services import ADMIN, ALICE, EVE, SETTINGS, MemoryServices
from tests.quickstart_account import SPECS as QUICKSTART

SHOWN = Message(channel="D-U0ADMIN", ts="1.000")
GROUP = "group:SSHHelperUserGroup"
TIER = f"setting:{ACTIVATION_TIER}"
ALL = [resource.key for resource in desired(SETTINGS.names)]
BUSY = Refusal(Reason.AWS_BUSY, detail="ThrottlingException")
DENIED = Refusal(Reason.REFUSED_BY_AWS, detail="AccessDenied: no")


@pytest.fixture
def services() -> MemoryServices:
    found = MemoryServices()
    found.account.specs[TIER] = {"value": "standard"}
    return found


def ask(services: MemoryServices, verb: str = "setup", trigger: str = "1", **options: Any) -> None:
    provisioning(services, services.message(ADMIN, verb, trigger=trigger, **options))


def confirm(services: MemoryServices, trigger: str = "2") -> None:
    (digest,) = services.plans.all
    provisioning(
        services,
        services.message(ADMIN, "setup-apply", trigger=trigger, shown=SHOWN, digest=digest),
    )


def set_up(services: MemoryServices) -> None:
    ask(services)
    confirm(services)
    services.account.writes.clear()


def last(services: MemoryServices) -> str:
    view = services.chat.said[-1][1]
    return f"{view.text} {view.blocks}"


def test_a_plan_changes_nothing_and_its_confirmation_everything(services: MemoryServices) -> None:
    ask(services)
    assert services.account.writes == []
    confirm(services)

    assert services.account.writes == ALL
    assert "Setup is done" in last(services)


def test_a_second_run_makes_no_writes(services: MemoryServices) -> None:
    set_up(services)
    remembered = services.setup_memory.memory
    ask(services, trigger="3")

    assert services.account.writes == []
    assert services.plans.all == {}
    assert services.setup_memory.memory is remembered
    assert "as it should be" in last(services)


def test_what_is_made_and_what_was_before_is_remembered(services: MemoryServices) -> None:
    set_up(services)

    assert set(services.setup_memory.memory.made) == set(ALL) - {TIER}
    assert services.setup_memory.memory.settings_before == {ACTIVATION_TIER: "standard"}


def test_an_account_that_moved_is_shown_anew_and_not_touched(services: MemoryServices) -> None:
    ask(services)
    (digest,) = services.plans.all
    services.account.specs |= QUICKSTART
    confirm(services)

    assert services.account.writes == []
    assert digest not in services.plans.all
    assert len(services.plans.all) == 1


def test_a_role_that_isnt_ours_stops_everything_before_it_begins(services: MemoryServices) -> None:
    theirs = {"trust": {"Statement": []}, "boundary": "", "attached": ["x"], "inline": {}}
    services.account.specs["role:sshhelper-for-sagemaker-role"] = theirs
    ask(services)

    assert services.plans.all == {}
    assert "aws iam tag-role" in last(services)
    assert "setup-apply" not in last(services)


@pytest.mark.parametrize("key", ALL)
def test_a_denial_midway_is_told_in_full_and_can_be_gone_on_with(
    services: MemoryServices, key: str
) -> None:
    ask(services)
    services.account.fails_at[key] = DENIED
    confirm(services)
    done = list(services.account.writes)
    told = last(services)

    assert done == ALL[: ALL.index(key)]
    assert told.count(":white_check_mark:") == len(done)
    assert told.count(":white_circle:") == len(ALL) - len(done) - 1
    assert "AccessDenied: no" in told
    confirm(services, trigger="4")
    assert services.account.writes == ALL
    assert "Setup is done" in last(services)


@pytest.mark.parametrize("key", ALL)
def test_a_busy_aws_is_waited_for_aloud(services: MemoryServices, key: str) -> None:
    ask(services)
    services.account.fails_at[key] = BUSY
    confirm(services)

    assert services.account.writes == ALL
    assert services.clock.slept == [5.0]
    assert "AWS is busy" in services.chat.everything()


def test_when_it_stays_busy_the_admin_hears_of_it_and_goes_on_later(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(services)
    apply = services.account.apply

    def busy(change: Any) -> None:
        if change.resource.key == GROUP:
            raise BUSY
        apply(change)

    with monkeypatch.context() as patched:
        patched.setattr(services.account, "apply", busy)
        confirm(services)
    assert "ThrottlingException" in last(services)
    assert "setup-apply" in last(services)

    confirm(services, trigger="5")
    assert services.account.writes == ALL


@pytest.mark.parametrize("key", ALL)
def test_a_crash_midway_is_finished_by_the_redelivery(services: MemoryServices, key: str) -> None:
    ask(services)
    services.account.fails_at[key] = ConnectionError("gone")
    with pytest.raises(ConnectionError):
        confirm(services)
    assert "number: c0ffee" in last(services)
    confirm(services)

    assert services.account.writes == ALL
    assert set(services.setup_memory.memory.made) == set(ALL) - {TIER}


def test_what_somebody_else_made_meanwhile_isnt_remembered_as_ours(
    services: MemoryServices,
) -> None:
    ask(services)
    services.account.fails_at[GROUP] = Refusal(Reason.MADE_MEANWHILE, resource=GROUP)
    confirm(services)

    assert GROUP not in services.setup_memory.memory.made


def test_writes_that_dont_show_are_not_called_done(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(services)
    apply = services.account.apply

    def lost(change: Any) -> None:
        if change.resource.key != GROUP:
            apply(change)

    monkeypatch.setattr(services.account, "apply", lost)
    confirm(services)

    assert "AWS shows something else" in last(services)
    assert services.clock.slept == [2.0, 5.0]


@pytest.mark.parametrize("verb", ["setup", "teardown"])
def test_only_an_admin_sees_a_plan(services: MemoryServices, verb: str) -> None:
    provisioning(services, services.message(ALICE, verb))

    assert services.plans.all == {}
    assert "Only an admin" in last(services)


def test_only_an_admin_confirms_one(services: MemoryServices) -> None:
    ask(services, trigger="2")
    (digest,) = services.plans.all
    provisioning(services, services.message(ALICE, "setup-apply", trigger="3", digest=digest))

    assert services.account.writes == []


def test_cancel_throws_the_plan_away(services: MemoryServices) -> None:
    ask(services)
    (digest,) = services.plans.all
    provisioning(
        services, services.message(ADMIN, "setup-cancel", trigger="2", shown=SHOWN, digest=digest)
    )

    assert services.plans.all == {}
    assert services.account.writes == []


def test_policies_are_unfolded_in_place_and_folded_again(services: MemoryServices) -> None:
    ask(services)
    (digest,) = services.plans.all
    for trigger, change in (("2", 1), ("3", None)):
        message = services.message(
            ADMIN, "setup-details", trigger=trigger, shown=SHOWN, digest=digest, change=change
        )
        provisioning(services, message)
        assert ("ListOnlyWithWholePrefix" in str(services.chat.shown["1.000"])) is (change == 1)
    confirm(services, trigger="4")

    assert services.account.writes == ALL


def test_a_quick_start_account_is_adopted_and_narrowed_on_confirmation(
    services: MemoryServices,
) -> None:
    services.account.specs |= QUICKSTART
    ask(services)
    told = last(services)
    assert "AmazonSageMakerFullAccess" in told
    assert "root in any job could register" in told
    assert "update-assume-role-policy" in told
    confirm(services)

    role = services.account.specs["role:sshhelper-for-sagemaker-role"]
    assert role["attached"] == []
    assert "role:sshhelper-for-sagemaker-role" not in services.setup_memory.memory.made
    assert services.setup_memory.memory.settings_before == {}


def test_the_quick_starts_way_is_an_explicit_choice_that_is_remembered(
    services: MemoryServices,
) -> None:
    ask(services, quickstart=True)
    assert "still refused" in last(services)
    confirm(services)
    attached = services.account.specs["role:sshhelper-for-sagemaker-role"]["attached"]
    assert attached == [SETTINGS.names.full_access_arn]

    ask(services, trigger="3", check=True)
    assert "Nothing differs" in last(services)
    ask(services, trigger="4", repair=True)
    assert "as it should be" in last(services)
    ask(services, trigger="5")
    assert "detach" in last(services)


def test_drift_is_told_with_its_date_and_repaired(services: MemoryServices) -> None:
    set_up(services)
    ask(services, trigger="3", check=True)
    del services.account.specs[GROUP]
    fine = services.clock.time
    services.clock.time += timedelta(days=1)
    ask(services, trigger="4", check=True)
    assert f"since between {moment(fine)} and {moment(services.clock.time)}" in last(services)
    assert services.account.writes == []

    ask(services, trigger="5", repair=True)
    confirm(services, trigger="6")
    assert services.account.writes == [GROUP]


def test_the_daily_look_tells_the_admins_once(services: MemoryServices) -> None:
    watch(services)
    assert services.chat.said == []
    set_up(services)
    said = len(services.chat.said)
    watch(services)
    del services.account.specs[GROUP]
    watch(services)
    watch(services)

    assert [channel for channel, _ in services.chat.said[said:]] == ["D-U0ADMIN"]
    assert "drift" in services.audit.names()


def test_export_reads_and_writes_nothing(services: MemoryServices) -> None:
    ask(services, export=True)

    assert "AWS::IAM::Role" in last(services)
    assert services.account.writes == []
    assert services.plans.all == {}


def test_teardown_leaves_the_account_as_it_was(services: MemoryServices) -> None:
    theirs: dict[str, dict[str, Any]] = {"group:Theirs": {"attached": [], "inline": {}}}
    services.account.specs |= theirs
    before = dict(services.account.specs)
    set_up(services)
    ask(services, "teardown", trigger="3")
    confirm(services, trigger="4")

    assert "Taken down" in last(services)
    assert services.account.specs == before
    assert services.setup_memory.memory.made == {}
    assert services.setup_memory.memory.settings_before == {}
    ask(services, "teardown", trigger="5")
    assert "Nothing of what sshq made is left" in last(services)


def test_teardown_waits_for_the_jobs_to_end(services: MemoryServices) -> None:
    set_up(services)
    services.enrol(ALICE, "alice")
    commands(services, services.message(ALICE, "run", trigger="9"))
    ask(services, "teardown", trigger="3")

    assert "Jobs are still open" in last(services)
    assert services.plans.all == {}


def test_a_teardown_that_was_cut_short_goes_on(services: MemoryServices) -> None:
    set_up(services)
    services.account.left = Leftovers()
    ask(services, "teardown", trigger="3")
    services.account.fails_at[GROUP] = DENIED
    confirm(services, trigger="4")
    assert "AccessDenied" in last(services)
    confirm(services, trigger="5")

    assert "Taken down" in last(services)


@pytest.mark.parametrize("verb", ["setup", "teardown"])
def test_where_the_stack_asks_for_it_a_second_admin_presses_a_button(
    services: MemoryServices, verb: str
) -> None:
    set_up(services)
    services.account.specs.pop(GROUP)
    before = dict(services.account.specs)
    two = services.with_settings(admins=f"{ADMIN.tag},{EVE.tag}", second_admin=True)
    ask(two, verb, trigger="3")
    assert "can do this alone" not in last(two)
    confirm(two, trigger="4")
    assert two.account.specs == before

    (approval,) = two.approvals.all
    commands(two, two.message(EVE, "approve", trigger="5", id=approval))
    (body, _, _) = two.provisioning_queue.sent[0]
    provisioning(two, QueueMessage.model_validate_json(body))

    assert two.account.specs != before
    events = [facts for event, _, facts in two.audit.events if event == "setup-change"]
    assert events[-1]["approved_by"] == EVE.tag


def test_one_admin_is_enough_at_first_and_is_told_what_is_lacking(services: MemoryServices) -> None:
    ask(services)

    assert "can do this alone" in last(services)
