"""Members: their limits and their IAM identity."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.members import IamIdentity, IamKind, Limits, Member, tightest
from tests.core_services import ADMIN, ALICE, START

LIMITS = st.builds(
    Limits,
    budget=st.none() | st.floats(0, 10_000),
    max_jobs=st.none() | st.integers(0, 20),
    until=st.none() | st.integers(0, 500).map(lambda days: START + timedelta(days=days)),
)


@given(st.lists(LIMITS, max_size=4))
def test_the_shortest_limit_wins_whoever_set_it(limits: list[Limits]) -> None:
    found = tightest(*limits)
    for name in Limits.model_fields:
        given_ = [getattr(each, name) for each in limits if getattr(each, name) is not None]
        assert getattr(found, name) == (min(given_) if given_ else None)


def test_an_iam_identity_is_the_owner_tag_and_nobody_else_has_a_slack_identity_s_tag() -> None:
    member = Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=START)
    bound = IamIdentity(kind=IamKind.USER, name="alice", user_id="AIDAALICE")

    assert member.owner_id == ALICE.tag
    assert member.model_copy(update={"iam": bound}).owner_id == "AIDAALICE"


def test_a_member_of_before_limits_is_still_read() -> None:
    """Rows that the first version wrote."""
    old = {
        "schema": 1,
        "actor": {"team": "T0001", "user": "U0ALICE"},
        "slug": "alice",
        "language": "en",
        "added_by": {"team": "T0001", "user": "U0ADMIN"},
        "added_at": "2026-01-01T00:00:00Z",
    }
    assert Member.model_validate(old).limits == Limits()
