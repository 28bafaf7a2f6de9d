"""Setup: what was shown is what is done."""

from __future__ import annotations

import pytest

from sshq.domain.jobs import Message
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.dispatch import provisioning
from tests.core_services import ADMIN, ALICE, MemoryServices

SHOWN = Message(channel="D-U0ADMIN", ts="1.000")


def confirm(services: MemoryServices, trigger: str = "2") -> None:
    (digest,) = services.plans.all
    provisioning(
        services,
        services.message(ADMIN, "setup-apply", trigger=trigger, shown=SHOWN, digest=digest),
    )


def test_a_plan_changes_nothing_and_its_confirmation_everything(services: MemoryServices) -> None:
    provisioning(services, services.message(ADMIN, "setup"))
    assert services.account.writes == []
    confirm(services)

    assert len(services.account.writes) == 8
    assert "Setup is done" in services.chat.said[-1][1].text


def test_a_second_run_makes_no_writes(services: MemoryServices) -> None:
    provisioning(services, services.message(ADMIN, "setup"))
    confirm(services)
    services.account.writes.clear()
    provisioning(services, services.message(ADMIN, "setup", trigger="3"))

    assert services.account.writes == []
    assert services.plans.all == {}
    assert "as it should be" in services.chat.said[-1][1].text


def test_an_account_that_moved_is_shown_anew_and_not_touched(services: MemoryServices) -> None:
    provisioning(services, services.message(ADMIN, "setup"))
    (digest,) = services.plans.all
    role = "role:sshhelper-for-sagemaker-role"
    services.account.specs[role] = {
        "trust": {"Version": "2012-10-17", "Statement": []},
        "boundary": "",
        "attached": ["arn:aws:iam::aws:policy/Other"],
        "inline": {},
    }
    confirm(services)

    assert services.account.writes == []
    assert digest not in services.plans.all
    assert len(services.plans.all) == 1


def test_a_failure_midway_is_said_and_can_be_gone_on_with(services: MemoryServices) -> None:
    provisioning(services, services.message(ADMIN, "setup"))
    services.account.fails_at["group:SSHHelperUserGroup"] = Refusal(
        Reason.REFUSED_BY_AWS, detail="AccessDenied: no"
    )
    confirm(services)
    assert "AccessDenied: no" in services.chat.said[-1][1].text
    done = list(services.account.writes)

    provisioning(services, services.message(ADMIN, "setup", trigger="3"))
    confirm(services, trigger="4")
    assert not set(done) & set(services.account.writes[len(done) :])
    assert "Setup is done" in services.chat.said[-1][1].text


def test_a_crash_midway_is_finished_by_the_redelivery(services: MemoryServices) -> None:
    provisioning(services, services.message(ADMIN, "setup"))
    services.account.fails_at["group:SSHHelperUserGroup"] = ConnectionError("gone")
    with pytest.raises(ConnectionError):
        confirm(services)
    confirm(services)

    assert len(services.account.writes) == 8
    assert len(set(services.account.writes)) == 8


def test_only_an_admin_sees_a_plan_or_confirms_one(services: MemoryServices) -> None:
    provisioning(services, services.message(ALICE, "setup"))
    assert services.plans.all == {}
    provisioning(services, services.message(ADMIN, "setup", trigger="2"))
    (digest,) = services.plans.all
    provisioning(services, services.message(ALICE, "setup-apply", trigger="3", digest=digest))

    assert services.account.writes == []


def test_cancel_throws_the_plan_away(services: MemoryServices) -> None:
    provisioning(services, services.message(ADMIN, "setup"))
    (digest,) = services.plans.all
    provisioning(
        services, services.message(ADMIN, "setup-cancel", trigger="2", shown=SHOWN, digest=digest)
    )

    assert services.plans.all == {}
    assert services.account.writes == []
