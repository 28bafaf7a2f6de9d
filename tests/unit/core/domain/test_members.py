"""Members: their limits and their IAM identity."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.members import IamIdentity, IamKind, Limits, Member, raises, tightest
from sshq.domain.money import Currency, Money
from tests.core_services import ADMIN, ALICE, START

LIMITS = st.builds(
    Limits,
    budget=st.none()
    | st.builds(Money, micros=st.integers(0, 10**10), currency=st.just(Currency.CNY)),
    max_jobs=st.none() | st.integers(0, 20),
    until=st.none() | st.integers(0, 500).map(lambda days: START + timedelta(days=days)),
)


@given(st.lists(LIMITS, max_size=4))
def test_the_shortest_limit_wins_whoever_set_it(limits: list[Limits]) -> None:
    found = tightest(*limits)
    for name in Limits.model_fields:
        given_ = [getattr(each, name) for each in limits if getattr(each, name) is not None]
        assert getattr(found, name) == (min(given_, key=_size) if given_ else None)


def _size(limit: Any) -> Any:
    return limit.micros if isinstance(limit, Money) else limit


@pytest.mark.parametrize(
    ("before", "after", "is_more"),
    [
        (Money(micros=5, currency=Currency.CNY), Money(micros=5, currency=Currency.CNY), False),
        (Money(micros=5, currency=Currency.CNY), Money(micros=4, currency=Currency.CNY), False),
        (Money(micros=5, currency=Currency.CNY), Money(micros=6, currency=Currency.CNY), True),
        (Money(micros=5, currency=Currency.CNY), None, True),
        (None, Money(micros=5, currency=Currency.CNY), False),
        # Nobody knows which is more: a second admin looks, where the stack asks for one.
        (Money(micros=5, currency=Currency.USD), Money(micros=1, currency=Currency.CNY), True),
        (Money(micros=5, currency=Currency.CNY), Money(micros=1, currency=Currency.USD), True),
    ],
)
def test_a_budget_is_raised_if_it_is_more_gone_or_in_another_currency(
    before: Money | None, after: Money | None, *, is_more: bool
) -> None:
    assert raises(Limits(budget=before), Limits(budget=after)) is is_more


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
