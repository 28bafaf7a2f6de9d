"""Somebody leaves: denied at once, then everything of theirs goes, wherever it is cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.budgets import month_of
from sshq.domain.jobs import Job, Phase
from sshq.domain.leases import LeaseEnd
from sshq.domain.members import IamIdentity, IamKind, Leave
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases import lease_requests
from sshq.use_cases.dispatch import commands, provisioning
from sshq.use_cases.release import release
from tests.core_broker import a_lease, open_session, ready_job, redeemed
from tests.core_crashes import dying_after
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices
from tests.unit.core.use_cases.test_redeem import ticket

if TYPE_CHECKING:
    from sshq.domain.identity import Actor

ALICES = IamIdentity(kind=IamKind.USER, name="alice", user_id="AIDAALICE")


@pytest.fixture
def connected(services: MemoryServices) -> Job:
    """Alice has an IAM user, a job, and is in it."""
    services.members.change(ALICE, lambda m: m.model_copy(update={"iam": ALICES}))
    services.identities.join_group(ALICES)
    services.enrol(BOB, "bob")
    job = ready_job(services)
    open_session(services, a_lease(services, job), job)
    return job


def ask(services: MemoryServices, by: Actor, verb: str, n: str = "1", **arguments: Any) -> str:
    before = len(services.chat.said)
    commands(services, services.message(by, verb, trigger=f"{verb}.{n}", **arguments))
    return "\n".join(f"{where} {v.text} {v.blocks}" for where, v in services.chat.said[before:])


def finish(services: MemoryServices) -> None:
    """The provisioner works off what it was sent."""
    for body, _, _ in services.provisioning_queue.sent:
        provisioning(services, QueueMessage.model_validate_json(body))


def test_what_waits_for_a_machine_goes_with_its_secrets(
    services: MemoryServices, connected: Job
) -> None:
    """Else it would begin when they are a member again, and their environment lie in S3 until then."""
    services.training_jobs.error = Refusal(Reason.QUOTA, instance="ml.g5.xlarge", detail="full")
    ask(services, ALICE, "run", instance="ml.g5.xlarge", env={"TOKEN": "canary"})
    ask(services, BOB, "run", "bob", instance="ml.g5.xlarge", env={"TOKEN": "bobs"})
    alices = next(e for e in services.waiting_room.entries.values() if e.owner.is_same(ALICE))
    assert alices.prefix in services.startup_files.stored
    ask(services, ADMIN, "remove-user-apply", user=ALICE.user)

    assert [entry.owner for entry in services.waiting_room.entries.values()] == [BOB]
    assert "canary" not in str(services.startup_files.stored)
    assert "bobs" in str(services.startup_files.stored)
    assert alices.message is not None
    assert "not a member" in services.chat.shown[alices.message.ts].text


def test_the_plan_names_what_goes_and_changes_nothing(
    services: MemoryServices, connected: Job
) -> None:
    plan = ask(services, ADMIN, "remove-user", user=ALICE.user)

    for part in (connected.name, "1 lease and 1 session", "IAM `alice`", "SSHHelperUserGroup"):
        assert part in plan
    assert services.sessions.terminated == []
    assert services.members.get(ALICE) is not None


def test_removing_ends_leases_sessions_jobs_and_the_groups_membership(
    services: MemoryServices, connected: Job
) -> None:
    said = ask(services, ADMIN, "remove-user-apply", user=ALICE.user)
    finish(services)

    (lease,) = services.leases.all.values()
    assert lease.ended is LeaseEnd.MEMBER_REMOVED
    assert services.sessions.terminated == ["s-1"]
    assert services.training_jobs.stopped == [connected.name]
    assert services.identities.group == set()
    assert services.members.get(ALICE) is None
    assert "1 lease, 1 session" in said
    assert "not a member" in ask(services, ALICE, "run")


def test_jobs_are_handed_over_with_their_message_and_the_leaver_is_out(
    services: MemoryServices, connected: Job
) -> None:
    ask(services, ADMIN, "remove-user-apply", user=ALICE.user, hand_over=BOB.user)
    finish(services)

    job = services.jobs.all[connected.name]
    assert job.owner == BOB
    assert job.phase is Phase.READY
    assert job.message is not None
    assert job.message.channel == f"D-{BOB.user}"
    assert services.sessions.terminated == ["s-1"]
    assert services.training_jobs.stopped == []
    ask(services, BOB, "connect", job=job.name)
    assert "api.test/" in str(services.chat.said[-1][1].blocks)


def test_a_job_that_was_handed_over_is_settled_with_who_asked_for_it(
    services: MemoryServices, connected: Job
) -> None:
    month = month_of(services.clock.now())
    assert services.budgets.ledger(ALICE, month).member == connected.reserved_micros > 0
    ask(services, ADMIN, "remove-user-apply", user=ALICE.user, hand_over=BOB.user)

    release(services, services.jobs.all[connected.name], billable_seconds=0)

    for member in (ALICE, BOB):
        ledger = services.budgets.ledger(member, month)
        assert (ledger.member, ledger.jobs) == (0, 0)


def test_from_the_first_write_on_the_leaver_is_refused_everywhere(
    services: MemoryServices, connected: Job
) -> None:
    ask(services, ALICE, "connect", job=connected.name)
    code = ticket(services)
    services.members.change(ALICE, lambda m: m.model_copy(update={"leaving": Leave.REMOVED}))
    (lease,) = services.leases.all.values()

    assert "membership of sshq is over" in ask(services, ALICE, "run")
    with pytest.raises(Exception, match="ticket-unusable"):
        redeemed(services, code, "key-2")
    with pytest.raises(Exception, match="lease-ended"):
        lease_requests.live_lease(services, lease)


@pytest.mark.parametrize(
    "dies_at", ["change", "end", "terminate_all", "stop", "deregister", "send", "respond", "finish"]
)
def test_a_worker_that_dies_anywhere_leaves_nobody_half_removed(
    services: MemoryServices, connected: Job, dies_at: str
) -> None:
    owner: object = {
        "change": services.members,
        "end": services.leases,
        "terminate_all": services.sessions,
        "stop": services.training_jobs,
        "deregister": services.nodes,
        "send": services.provisioning_queue,
        "respond": services.chat,
        "finish": services.requests,
    }[dies_at]
    message = services.message(ADMIN, "remove-user-apply", user=ALICE.user)
    with dying_after(owner, dies_at):
        commands(services, message)
    commands(services, message)
    finish(services)

    assert services.members.get(ALICE) is None
    assert "s-1" in services.sessions.terminated
    assert services.training_jobs.stopped
    assert services.identities.group == set()
    assert {lease.ended for lease in services.leases.all.values()} == {LeaseEnd.MEMBER_REMOVED}


@pytest.mark.parametrize(
    ("flag", "why"), [("deleted", "deactivated in Slack"), ("restricted", "no full member")]
)
def test_whom_slack_says_is_gone_is_removed_and_the_admins_are_told(
    services: MemoryServices, connected: Job, flag: str, why: str
) -> None:
    services.chat.profiles[ALICE.user] = services.chat.profiles[ALICE.user].model_copy(
        update={flag: True}
    )
    said = ask(services, ALICE, "check-member")
    finish(services)

    assert services.members.get(ALICE) is None
    assert services.training_jobs.stopped == [connected.name]
    assert f"D-{ADMIN.user}" in said
    assert why in said


def test_a_person_of_the_team_stays_whatever_an_old_event_says(
    services: MemoryServices, connected: Job
) -> None:
    assert ask(services, ALICE, "check-member") == ""
    assert services.members.get(ALICE) is not None
    assert ask(services, ADMIN, "check-member") == ""


def test_a_membership_whose_day_has_passed_is_over(services: MemoryServices) -> None:
    until = services.clock.now()
    services.members.change(
        ALICE,
        lambda m: m.model_copy(update={"limits": m.limits.model_copy(update={"until": until})}),
    )
    said = ask(services, ALICE, "check-member")
    finish(services)

    assert "last day has passed" in said
    assert services.members.get(ALICE) is None


def test_nobody_is_forgotten_who_is_not_leaving(services: MemoryServices) -> None:
    forget = services.message(BOB, "forget-member", user=ALICE.user, why=Leave.REMOVED.value)
    provisioning(services, forget)
    assert services.members.get(ALICE) is not None


@pytest.mark.parametrize(
    ("by", "user", "word"),
    [
        (ADMIN, ADMIN.user, "not a member"),
        (ADMIN, BOB.user, "not a member"),
        (ALICE, ALICE.user, "Only an admin"),
    ],
)
def test_who_cannot_be_removed_and_by_whom_not(
    services: MemoryServices, by: Actor, user: str, word: str
) -> None:
    assert word in ask(services, by, "remove-user", user=user)
    assert word in ask(services, by, "remove-user-apply", user=user)


def test_an_admin_whom_the_stack_names_is_taken_out_there(services: MemoryServices) -> None:
    services.enrol(ADMIN, "admin")
    assert "parameter `Admins`" in ask(services, ADMIN, "remove-user", user=ADMIN.user)
