"""Money: which currency, how it is shown, and what people may type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.money import MICROS, Currency, Money, currency_of, money
from sshq.domain.refusals import Reason, Refusal

USD, CNY = Currency.USD, Currency.CNY


@pytest.mark.parametrize(
    ("partition", "currency"), [("aws", USD), ("aws-us-gov", USD), ("aws-cn", CNY)]
)
def test_a_partition_bills_in_one_currency(partition: str, currency: Currency) -> None:
    assert currency_of(partition) is currency


@pytest.mark.parametrize(
    ("amount", "dollars", "yuan"),
    [
        (0, "$0.00", "¥0.00"),
        (1_408_000, "$1.41", "¥1.41"),
        (36, "< $0.0001", "< ¥0.0001"),
        (100, "$0.0001", "¥0.0001"),
        (7_500, "$0.0075", "¥0.0075"),
        (10_000, "$0.01", "¥0.01"),
        (1_234_567 * MICROS, "$1,234,567.00", "¥1,234,567.00"),
    ],
)
def test_an_amount_bears_its_currencys_sign(amount: int, dollars: str, yuan: str) -> None:
    assert (USD.show(amount), CNY.show(amount)) == (dollars, yuan)
    assert str(Money(micros=amount, currency=CNY)) == yuan


@pytest.mark.parametrize("typed", ["200", "200.00", "200/month", "¥200", "￥200", "¥200.00/month"])
def test_an_amount_is_ours_without_a_sign_or_with_our_own(typed: str) -> None:
    assert money(typed, CNY) == Money(micros=200 * MICROS, currency=CNY)
    if typed[0] == "2":
        assert money(typed, USD) == Money(micros=200 * MICROS, currency=USD)


@pytest.mark.parametrize(("typed", "ours"), [("$200", CNY), ("¥200", USD), ("￥0.5/month", USD)])
def test_an_amount_in_another_currency_is_refused(typed: str, ours: Currency) -> None:
    with pytest.raises(Refusal) as refused:
        money(typed, ours)
    assert refused.value.reason is Reason.OTHER_CURRENCY
    assert refused.value.facts == {"amount": typed, "currency": ours.value, "sign": ours.sign}


@pytest.mark.parametrize("typed", ["", "much", "-1", "1.234", "¥", "200/year", "1e3", "$ 5"])
def test_what_is_no_amount_is_a_bug_here_since_the_registry_has_refused_it(typed: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        money(typed, CNY)


@given(cents=st.integers(0, 10**9), currency=st.sampled_from(Currency))
def test_what_is_shown_can_be_typed(cents: int, currency: Currency) -> None:
    amount = Money(micros=cents * (MICROS // 100), currency=currency)
    assert money(str(amount).replace(",", ""), currency) == amount
