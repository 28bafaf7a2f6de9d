"""Who may do what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.authorisation import Policy, Who, may
from sshq.domain.identity import Actor
from sshq.domain.members import Member, admins_from
from sshq.domain.refusals import Reason
from tests.core_services import START

ACTORS = st.builds(
    Actor,
    team=st.sampled_from(["T001", "T002"]),
    user=st.sampled_from(["U001", "U002", "U003"]),
    enterprise=st.sampled_from([None, "E001"]),
)
ADMINS = st.frozensets(st.tuples(st.sampled_from(["T001"]), st.sampled_from(["U001", "U002"])))


def member(actor: Actor) -> Member:
    return Member(actor=actor, slug="m", added_by=actor, added_at=START)


def key(actor: Actor) -> tuple[str, str]:
    return actor.team, actor.user


@given(ACTORS, ACTORS, st.none() | ACTORS, ADMINS)
def test_nobody_who_is_neither_member_nor_admin_acts(
    actor: Actor, enrolled: Actor, owner: Actor | None, admins: frozenset[tuple[str, str]]
) -> None:
    policy = Policy(admins=admins)
    found = may(actor, Who.MEMBER, member=member(enrolled), policy=policy, owner=owner)
    if found.allowed:
        is_member = key(enrolled) == key(actor)
        is_admin = key(actor) in admins
        assert is_member or (is_admin and owner is not None)
        if owner is not None and not is_admin:
            assert key(owner) == key(actor)
    else:
        assert found.reason is not None


@given(ACTORS, ADMINS)
def test_admins_are_those_of_the_stack_whatever_their_membership(
    actor: Actor, admins: frozenset[tuple[str, str]]
) -> None:
    found = may(actor, Who.ADMIN, member=member(actor), policy=Policy(admins=admins))
    assert found.allowed is (key(actor) in admins)
    assert found.reason is (None if found.allowed else Reason.NOT_AN_ADMIN)


def test_admins_are_read_from_the_setting() -> None:
    assert admins_from("T001/U001, T002/U002,") == {("T001", "U001"), ("T002", "U002")}
    assert admins_from("") == frozenset()
