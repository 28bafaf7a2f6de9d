"""`/sshq add-user`, `set-limit`, `users`, `user`, `whoami`: one row a person, and what stands in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sshq.domain.identity import Actor
from sshq.domain.members import IamKind, Leave, Member
from sshq.domain.money import Currency, Money, micros
from sshq.use_cases.dispatch import commands, provisioning
from tests.core_crashes import dying_after
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices

EVE = Actor(team="T0001", user="U0EVE")


def add(services: MemoryServices, *users: str, by: Actor = ADMIN, n: str = "1", **more: Any) -> str:
    """What the admin was answered."""
    return ask(services, by, "add-user", n, users=list(users), **more)


def ask(services: MemoryServices, by: Actor, verb: str, n: str = "1", **arguments: Any) -> str:
    before = len(services.chat.said)
    services.clock.time += timedelta(seconds=1)
    provisioning(services, services.message(by, verb, trigger=f"{verb}.{n}", **arguments))
    return "\n".join(f"{view.text} {view.blocks}" for _, view in services.chat.said[before:])


def bob(services: MemoryServices) -> Member:
    found = services.members.get(BOB)
    assert found is not None
    return found


def test_everything_that_was_asked_for_stands_in_the_row(services: MemoryServices) -> None:
    add(
        services,
        BOB.user,
        iam_user="bob",
        budget=200,
        max_jobs=2,
        until="2027-01-31",
    )

    member = bob(services)
    assert member.limits.budget == Money(micros=micros(200), currency=Currency.USD)
    assert member.limits.max_jobs == 2
    # Through its last day.
    assert member.limits.until == datetime(2027, 2, 1, tzinfo=UTC)
    assert member.iam is not None
    assert member.owner_id == "AIDABOB"
    assert services.identities.group == {"bob"}
    assert "enrolled" in services.audit.names()


def test_adding_again_changes_nothing_and_mends_the_group(services: MemoryServices) -> None:
    add(services, BOB.user, iam_user="bob", max_jobs=2)
    before = bob(services)
    services.identities.group.clear()

    said = add(services, BOB.user, n="2", max_jobs=9)

    assert "already" in said
    assert bob(services) == before
    assert services.identities.group == {"bob"}


@pytest.mark.parametrize("dies_at", ["add", "join_group", "record", "post", "respond", "finish"])
def test_a_worker_that_dies_anywhere_has_enrolled_once_after_the_redelivery(
    services: MemoryServices, dies_at: str
) -> None:
    owner: object = {
        "add": services.members,
        "join_group": services.identities,
        "record": services.audit,
        "post": services.chat,
        "respond": services.chat,
        "finish": services.requests,
    }[dies_at]
    message = services.message(ADMIN, "add-user", users=[BOB.user], iam_user="bob")
    with dying_after(owner, dies_at):
        provisioning(services, message)
    provisioning(services, message)

    assert services.identities.group == {"bob"}
    assert "is a member now" in services.chat.everything()
    assert "already" not in services.chat.everything()


def test_several_people_and_a_group_are_enrolled_and_who_cannot_be_is_named(
    services: MemoryServices,
) -> None:
    services.chat.groups["S0TEAM"] = [ALICE.user, BOB.user, "U0GUEST"]
    services.chat.profiles["U0GUEST"] = services.chat.profiles[BOB.user].model_copy(
        update={"user": "U0GUEST", "restricted": True}
    )
    said = add(services, "S0TEAM", "U0NOBODY")

    assert "<@U0BOB> is a member now" in said
    assert "<@U0ALICE> is a member already" in said
    assert "<@U0GUEST> is a guest" in said
    assert "U0NOBODY" in said
    assert {m.actor.user for m in services.members.all()} == {ALICE.user, BOB.user}


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("deleted", "deactivated"),
        ("bot", "a bot"),
        ("restricted", "a guest"),
        ("stranger", "another workspace"),
    ],
)
def test_whoever_is_no_full_person_of_the_team_is_refused_with_the_reason(
    services: MemoryServices, flag: str, word: str
) -> None:
    services.chat.profiles[BOB.user] = services.chat.profiles[BOB.user].model_copy(
        update={flag: True}
    )
    assert word in add(services, BOB.user)
    assert services.members.get(BOB) is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"users": ["U0NOBODY"]}, "knows no user"),
        ({"users": ["S0NONE"]}, "no user group"),
        ({"users": [BOB.user], "iam_user": "nobody"}, "has no `nobody`"),
        ({"users": [BOB.user], "iam_user": "alice"}, "another member"),
        (
            {"users": [BOB.user], "iam_user": "bob", "role": "arn:aws:iam::123456789012:role/r"},
            "one",
        ),
        ({"users": [BOB.user, "U0ADMIN"], "iam_user": "bob"}, "one person"),
        ({"users": [BOB.user], "until": "2020-01-01"}, "has passed"),
        ({"users": [BOB.user], "role": "arn:aws:iam::999999999999:role/alice-role"}, "has no"),
        (
            {"users": [BOB.user], "role": "arn:aws:iam::123456789012:role/AWSReservedSSO_ds_1"},
            "pass for",
        ),
        (
            {"users": [BOB.user], "role": "arn:aws:sts::123456789012:assumed-role/alice-role/bob"},
            "pass for",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nobody_is_enrolled(
    services: MemoryServices, arguments: dict[str, Any], word: str
) -> None:
    alices = {"kind": IamKind.USER, "name": "alice", "user_id": "AIDAALICE"}
    services.members.by_key[ALICE.team, ALICE.user] = Member.model_validate(
        services.members.by_key[ALICE.team, ALICE.user].model_dump() | {"iam": alices}
    )
    assert word in ask(services, ADMIN, "add-user", **arguments)
    assert services.members.get(BOB) is None
    assert services.identities.group == set()


@pytest.mark.parametrize(
    ("arn", "user_id"),
    [
        ("arn:aws:iam::123456789012:role/people/alice-role", "AROAALICE:bob"),
        (
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_ds_1/bob@x.org",
            "AROASSO:bob@x.org",
        ),
    ],
)
def test_a_role_is_one_persons_by_its_session(
    services: MemoryServices, arn: str, user_id: str
) -> None:
    add(services, BOB.user, role=arn)
    assert bob(services).owner_id == user_id
    assert services.identities.group == set()


def test_nobody_named_gets_a_picker(services: MemoryServices) -> None:
    said = add(services)
    assert "multi_users_select" in said
    assert "sshq:add-user" in said


@pytest.mark.parametrize("verb", ["add-user", "set-limit"])
def test_a_member_changes_no_member(services: MemoryServices, verb: str) -> None:
    field = {"users": [BOB.user]} if verb == "add-user" else {"user": ALICE.user, "max_jobs": 9}
    said = ask(services, ALICE, verb, **field)
    assert "Only an admin" in said
    assert len(services.members.all()) == 1


def test_an_admin_of_the_table_keeps_members_and_makes_no_admins(services: MemoryServices) -> None:
    add(services, BOB.user, admin=True)
    assert bob(services).admin

    services.chat.profiles["U0EVE"] = services.chat.profiles[BOB.user].model_copy(
        update={"user": "U0EVE"}
    )
    refused = add(services, EVE.user, by=BOB, n="2", admin=True)
    assert "Only an admin whom the stack itself names" in refused
    assert "is a member now" in add(services, EVE.user, by=BOB, n="3")
    said = ask(services, BOB, "set-limit", user=BOB.user, max_jobs=99)
    assert "whom the stack itself names" in said


def test_limits_change_one_by_one_and_none_lifts_one(services: MemoryServices) -> None:
    add(services, BOB.user, budget=200, max_jobs=2)
    ask(services, ADMIN, "set-limit", user=BOB.user, max_jobs="none", until="2027-01-31")

    limits = bob(services).limits
    assert (str(limits.budget), limits.max_jobs) == ("$200.00", None)
    assert limits.until is not None


@pytest.mark.parametrize(
    ("partition", "ours", "theirs"),
    [("aws", "$200.00", "¥200"), ("aws-us-gov", "$200.00", "￥200"), ("aws-cn", "¥200.00", "$200")],
)
def test_a_budget_is_in_what_aws_bills_in_and_in_no_other_currency(
    services: MemoryServices, partition: str, ours: str, theirs: str
) -> None:
    services = services.with_settings(partition=partition)

    refused = add(services, BOB.user, EVE.user, budget=theirs)
    assert f"“{theirs}” isn't in {services.settings.currency.value}" in refused
    assert refused.count("isn't in") == 2, "said once (as text and as a block), whoever is named"
    assert services.members.get(BOB) is None

    assert f"{ours} a month" in add(services, BOB.user, n="2", budget="200/month")
    assert bob(services).limits.budget == Money(
        micros=micros(200), currency=services.settings.currency
    )
    assert "isn't in" in ask(services, ADMIN, "set-limit", user=BOB.user, budget=theirs)
    assert str(bob(services).limits.budget) == ours
    (enrolled,) = [facts for event, _, facts in services.audit.events if event == "enrolled"]
    assert enrolled["budget"] == ours


def test_an_identity_changes_hands_with_its_place_in_the_group(services: MemoryServices) -> None:
    add(services, BOB.user, iam_user="bob")
    ask(services, ADMIN, "set-limit", user=BOB.user, iam_user="none")
    assert bob(services).iam is None
    assert services.identities.group == set()

    ask(services, ADMIN, "set-limit", "2", user=BOB.user, iam_user="alice")
    assert services.identities.group == {"alice"}


def test_raising_a_limit_waits_for_a_second_admin_where_the_stack_asks_for_one(
    services: MemoryServices,
) -> None:
    other = Actor(team="T0001", user="U0ADMINTWO")
    services = services.with_settings(second_admin=True, admins=f"{ADMIN.tag},{other.tag}")
    services.chat.profiles[other.user] = services.chat.profiles[ADMIN.user].model_copy(
        update={"user": other.user}
    )
    add(services, BOB.user, max_jobs=2)
    ask(services, ADMIN, "set-limit", user=BOB.user, max_jobs=9)
    assert bob(services).limits.max_jobs == 2
    ask(services, ADMIN, "set-limit", "2", user=BOB.user, max_jobs=1)
    assert bob(services).limits.max_jobs == 1


def test_somebody_who_is_leaving_is_not_enrolled_meanwhile(services: MemoryServices) -> None:
    add(services, BOB.user)
    services.members.change(BOB, lambda m: m.model_copy(update={"leaving": Leave.REMOVED}))
    assert "being removed" in add(services, BOB.user, n="2")


def test_the_list_and_the_card_tell_limits_and_jobs(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "run", trigger="run"))
    add(services, BOB.user, budget=200, max_jobs=2, until="2027-01-31", iam_user="bob")

    commands(services, services.message(ADMIN, "users", trigger="users"))
    listed = str(services.chat.said[-1][1].blocks)
    commands(services, services.message(ADMIN, "user", trigger="user", user=ALICE.user))
    card = str(services.chat.said[-1][1].blocks)
    commands(services, services.message(BOB, "whoami", trigger="whoami"))
    me = str(services.chat.said[-1][1].blocks)

    assert "<@U0ADMIN>" in listed
    assert "0 of 2 jobs open · $200.00 a month · until 2027-01-31 · IAM user `bob`" in listed
    assert "sshq-alice-workbench" in card
    assert "$200.00 a month" in me
