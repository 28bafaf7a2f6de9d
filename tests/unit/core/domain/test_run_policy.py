"""Whether a job may be asked for: allow-lists, quota, job limits, budgets, approvals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.approvals import Why
from sshq.domain.budgets import HOUR, STOP_SECONDS, Ledger, reservation
from sshq.domain.jobs import JobShape
from sshq.domain.members import Limits
from sshq.domain.money import MICROS, Currency, Money, micros
from sshq.domain.presets import Preset
from sshq.domain.prices import Price
from sshq.domain.refusals import Reason
from sshq.domain.run_policy import Facts, Objection, OverLimits, Rules, Terms, decide

RULES = Rules(max_hours=24)
DOLLAR = Price(instance="ml.g5.xlarge", micros=MICROS, as_of="2026-11-22")


def usd(amount: float) -> Money:
    return Money(micros=micros(amount), currency=Currency.USD)


def facts(*, limits: Limits | None = None, preset: Preset | None = None, **more: Any) -> Facts:
    shape = {
        "instance": "ml.g5.xlarge",
        "image": "x/pytorch:2",
        "hours": 8,
        **more.pop("shape", {}),
    }
    return Facts(
        shape=JobShape(**shape),
        image=("pytorch", "pytorch:2-gpu", "x/pytorch:2"),
        preset=preset or Preset(name="workbench"),
        limits=limits or Limits(),
        ledger=more.pop("ledger", Ledger()),
        price=more.pop("price", DOLLAR),
        quota=more.pop("quota", None),
        **more,
    )


def objection(found: Facts, rules: Rules = RULES) -> Objection:
    decided = decide(found, rules)
    assert isinstance(decided, Objection), decided
    return decided


def terms(found: Facts, rules: Rules = RULES) -> Terms:
    decided = decide(found, rules)
    assert isinstance(decided, Terms), decided
    return decided


def test_the_cap_is_never_longer_than_sagemaker_takes() -> None:
    """28 days, whatever MaxHours says; a job of all of them is possible all the same."""
    longest = terms(facts(shape={"hours": 672}), Rules(max_hours=672))

    assert longest.cap_seconds == 2_419_200


def test_without_limits_the_cap_is_the_stacks() -> None:
    found = terms(facts())

    assert found.cap_seconds == 24 * HOUR + 900
    assert found.reserved_micros == -(-(24 * HOUR + 900 + STOP_SECONDS) * MICROS // HOUR)
    assert found.max_wait_seconds == 0


def test_a_budget_shortens_the_cap_down_to_the_hours_that_were_asked_for() -> None:
    found = terms(facts(limits=Limits(budget=usd(10))))

    assert 8 * HOUR <= found.cap_seconds < 10 * HOUR
    assert found.reserved_micros <= micros(10)


def test_hours_that_the_budget_cant_pay_are_refused_with_both_sums() -> None:
    ledger = Ledger(member=micros(5))
    found = objection(facts(limits=Limits(budget=usd(10)), ledger=ledger))

    assert found.reason is Reason.OVER_BUDGET
    assert found.facts == {"cost": "$8.03", "left": "$5.00"}
    assert found.ask is None


def test_the_teams_budget_binds_whoever_has_none_and_no_approval_lifts_it() -> None:
    rules = replace(RULES, team_budget=10, over_limits=OverLimits.ASK)
    found = objection(facts(ledger=Ledger(team=micros(9)), approved=True), rules)

    assert found.reason is Reason.OVER_TEAM_BUDGET
    assert found.ask is None


@pytest.mark.parametrize(
    ("changes", "reason", "why"),
    [
        ({"limits": Limits(budget=usd(1))}, Reason.OVER_BUDGET, Why.OVER_BUDGET),
        (
            {"limits": Limits(max_jobs=1), "ledger": Ledger(jobs=1)},
            Reason.TOO_MANY_JOBS,
            Why.TOO_MANY_JOBS,
        ),
        (
            {"preset": Preset(name="cpu", allow_instances=("ml.m5.*",))},
            Reason.NOT_IN_PRESET,
            Why.NOT_ALLOWED,
        ),
        (
            {"preset": Preset(name="tf", allow_images=("tensorflow:*",))},
            Reason.NOT_IN_PRESET,
            Why.NOT_ALLOWED,
        ),
    ],
)
def test_what_is_the_members_is_refused_or_asked_about_and_an_approval_lifts_it(
    changes: dict[str, Any], reason: Reason, why: Why
) -> None:
    asking = replace(RULES, over_limits=OverLimits.ASK)

    assert objection(facts(**changes)) == replace(objection(facts(**changes), asking), ask=None)
    assert objection(facts(**changes), asking).ask is why
    assert objection(facts(**changes)).reason is reason
    assert isinstance(decide(facts(**changes, approved=True), RULES), Terms)


def test_allow_lists_know_an_image_by_any_of_its_names() -> None:
    for pattern in ("pytorch", "pytorch:2-*", "x/*"):
        preset = Preset(name="p", allow_images=(pattern,), allow_instances=("ml.g5.*",))
        assert isinstance(decide(facts(preset=preset), RULES), Terms)


def test_a_dear_job_waits_for_an_approval() -> None:
    rules = replace(RULES, approval_above=20)

    assert objection(facts(), rules).ask is Why.EXPENSIVE
    assert isinstance(decide(facts(approved=True), rules), Terms)
    assert isinstance(decide(facts(limits=Limits(budget=usd(15))), rules), Terms)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shape": {"hours": 25}}, Reason.OVER_THE_CAP),
        ({"shape": {"spot": True, "warm_pool_seconds": 60}}, Reason.SPOT_WITH_WARM_POOL),
        ({"quota": 1, "shape": {"count": 2}}, Reason.OVER_THE_QUOTA),
        ({"price": None, "limits": Limits(budget=usd(1000))}, Reason.PRICE_UNKNOWN),
    ],
)
def test_what_no_approval_lifts(changes: dict[str, Any], reason: Reason) -> None:
    assert objection(facts(**changes)).reason is reason
    if reason is not Reason.PRICE_UNKNOWN:
        assert objection(facts(**changes, approved=True)).reason is reason


def test_a_budget_in_another_currency_is_never_counted_as_ours() -> None:
    """Neither way: 200 dollars aren't 200 yuan, and nobody here knows how many they are."""
    in_china = replace(RULES, currency=Currency.CNY)
    in_yuan = Limits(budget=Money(micros=micros(1000), currency=Currency.CNY))

    for rules, limits in ((in_china, Limits(budget=usd(1000))), (RULES, in_yuan)):
        assert objection(facts(limits=limits), rules).reason is Reason.OTHER_CURRENCY
        assert isinstance(decide(facts(limits=limits, approved=True), rules), Terms)
        assert isinstance(decide(facts(), rules), Terms)
    assert terms(facts(limits=in_yuan), in_china).currency is Currency.CNY
    told = objection(facts(limits=Limits(budget=usd(1000))), in_china).facts
    assert told == {"amount": "$1,000.00", "currency": "CNY", "sign": "¥"}


def test_in_china_every_sum_is_in_yuan() -> None:
    in_china = replace(RULES, currency=Currency.CNY, team_budget=8, approval_above=1)
    over = objection(facts(), in_china)
    dear = objection(facts(), replace(in_china, team_budget=0))

    assert over.facts == {"cost": "¥8.03", "left": "¥8.00"}
    assert (dear.facts["cost"], dear.facts["limit"]) == ("¥24.28", "¥1.00")


def test_an_unknown_price_is_no_small_one() -> None:
    rules = replace(RULES, approval_above=20)

    assert objection(facts(price=None), rules).ask is Why.PRICE_UNKNOWN
    assert terms(facts(price=None, approved=True), rules).reserved_micros == 0


def test_an_unknown_price_hinders_nobody_without_a_budget() -> None:
    assert terms(facts(price=None)).reserved_micros == 0


@given(
    price=st.integers(1, 200 * MICROS),
    hours=st.floats(0.1, 24),
    count=st.integers(1, 16),
    spot=st.booleans(),
    warm=st.sampled_from([0, 60, 3600]),
    budget=st.floats(0, 100_000),
    used=st.integers(0, 10**10),
)
def test_what_is_granted_fits_into_the_budget_whatever_the_numbers(
    *,
    price: int,
    hours: float,
    count: int,
    spot: bool,
    warm: int,
    budget: float,
    used: int,
) -> None:
    found = facts(
        shape={
            "hours": hours,
            "count": count,
            "spot": spot,
            "warm_pool_seconds": 0 if spot else warm,
        },
        price=Price(instance="ml.g5.xlarge", micros=price, as_of="x"),
        limits=Limits(budget=usd(budget)),
        ledger=Ledger(member=used),
    )
    decided = decide(found, RULES)
    if isinstance(decided, Terms):
        assert used + decided.reserved_micros <= micros(budget)
        assert decided.cap_seconds >= hours * HOUR
        assert decided.max_wait_seconds == 0 or decided.max_wait_seconds >= decided.cap_seconds
        assert decided.reserved_micros == reservation(
            found.shape,
            price=price,
            cap_seconds=decided.cap_seconds,
            max_wait_seconds=decided.max_wait_seconds,
        )
    else:
        assert decided.reason is Reason.OVER_BUDGET
