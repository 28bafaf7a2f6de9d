"""Members and shares in the table: one row a person, one person an IAM identity."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.identity import Actor
from sshq.domain.members import IamIdentity, IamKind, Limits, Member
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.sharing import Share
from tests.core_aws import NOW
from tests.core_services import ADMIN, ALICE, BOB

if TYPE_CHECKING:
    from sshq.composition import Live
    from tests.core_aws import CoreAws


def a_member(user: str, **changes: Any) -> Member:
    member = Member(actor=Actor(team="T0001", user=user), slug="m", added_by=ADMIN, added_at=NOW)
    return member.model_copy(update=changes)


def iam(name: str) -> IamIdentity:
    return IamIdentity(kind=IamKind.USER, name=name, user_id=f"AIDA{name}")


def test_of_many_who_are_given_one_identity_at_once_exactly_one_has_it(live: Live) -> None:
    def add(number: int) -> bool:
        try:
            return live.members.add(a_member(f"U0RACE{number}", iam=iam("raced")))
        except Refusal as refusal:
            return refusal.reason is not Reason.IAM_IDENTITY_TAKEN

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(add, range(6)))

    enrolled = [m for m in live.members.all() if m.iam == iam("raced")]
    assert won.count(True) == len(enrolled) == 1


def test_one_person_who_is_added_many_times_at_once_is_added_once(live: Live) -> None:
    def add(number: int) -> bool:
        return live.members.add(a_member("U0ONCE", limits=Limits(max_jobs=number)))

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(add, range(6)))

    stored = live.members.get(Actor(team="T0001", user="U0ONCE"))
    assert won.count(True) == 1
    assert stored is not None
    assert stored.limits.max_jobs == won.index(True)


def test_an_identity_that_was_given_up_can_be_another_s(live: Live) -> None:
    first, second = a_member("U0FIRST", iam=iam("handed")), a_member("U0SECOND")
    assert live.members.add(first)
    assert live.members.add(second)

    def take(member: Member) -> Member:
        return member.model_copy(update={"iam": iam("handed")})

    with pytest.raises(Refusal):
        live.members.change(second.actor, take)
    live.members.change(first.actor, lambda m: m.model_copy(update={"iam": None}))
    changed = live.members.change(second.actor, take)
    live.members.remove(changed or second)
    again = live.members.change(first.actor, take)

    assert changed is not None
    assert again is not None
    assert live.members.get(second.actor) is None


@pytest.mark.parametrize("kind", ["throttle", "timeout-before", "timeout-after"])
def test_a_change_whose_answer_was_lost_took_place_once(
    aws: CoreAws, live: Live, kind: str
) -> None:
    member = a_member(f"U0LOST{kind.replace('-', '').upper()}")
    live.members.add(member)
    aws.fault("PutItem", kind)

    live.members.change(member.actor, lambda m: m.model_copy(update={"admin": not m.admin}))

    stored = live.members.get(member.actor)
    assert stored is not None
    assert stored.admin


def test_a_share_is_one_for_a_job_and_a_member_until_it_is_taken_back(live: Live) -> None:
    share = Share(job="sshq-alice-x", owner=ALICE, member=BOB, shared_at=NOW)
    live.shares.put(share)
    longer = share.model_copy(update={"until": NOW + timedelta(hours=2)})
    live.shares.put(longer)

    assert live.shares.get("sshq-alice-x", BOB) == longer
    assert live.shares.of_job("sshq-alice-x") == [longer]
    live.shares.remove("sshq-alice-x", BOB)
    live.shares.remove("sshq-alice-x", BOB)
    assert live.shares.get("sshq-alice-x", BOB) is None
