"""What an instance costs an hour: out of AWS's price list, out of ours, or nobody knows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.money import MICROS, Currency, micros
from sshq.domain.prices import Price, price_in, shipped_price

G5 = "ml.g5.xlarge"
TODAY = "2026-11-22"
USD, CNY = Currency.USD, Currency.CNY
SHIPPED = {
    "as_of": "2026-09-27",
    "regions": ["us-east-1", "us-west-2"],
    "elsewhere": 1.5,
    "usd_per_hour": {G5: 1.41, "ml.t3.2xlarge": 0.399},
}
AMOUNTS = st.integers(0, 200 * MICROS)


def product(*amounts: float | str, unit: str = "Hrs", currency: str = "USD") -> str:
    """One of GetProducts' texts, with a term for each amount."""
    terms: dict[str, Any] = {
        f"SKU.{number}": {
            "priceDimensions": {
                f"SKU.{number}.HOUR": {"unit": unit, "pricePerUnit": {currency: str(amount)}}
            }
        }
        for number, amount in enumerate(amounts)
    }
    return json.dumps({"product": {"sku": "SKU"}, "terms": {"OnDemand": terms}})


def test_a_price_is_that_of_the_list_with_the_day_it_was_asked() -> None:
    assert price_in([product("1.4080000000")], G5, TODAY, USD) == Price(
        instance=G5, micros=1_408_000, as_of=TODAY, old=False
    )


@pytest.mark.parametrize("unit", ["Hrs", "hrs", "Hours", "hours"])
def test_an_hour_has_several_names(unit: str) -> None:
    found = price_in([product(2, unit=unit)], G5, TODAY, USD)

    assert found
    assert found.micros == 2 * MICROS


def test_a_price_is_read_in_the_currency_that_aws_bills_in_and_in_no_other() -> None:
    """China's list has yuan alone, the others dollars alone; a list with both is read from one."""
    in_yuan, in_dollars = product("8.5", currency="CNY"), product("1.2", currency="USD")

    for currency, amount in ((CNY, 8.5), (USD, 1.2)):
        found = price_in([in_yuan, in_dollars], G5, TODAY, currency)
        assert found
        assert found.micros == micros(amount)
    assert price_in([in_yuan], G5, TODAY, USD) is None
    assert price_in([in_dollars], G5, TODAY, CNY) is None


@pytest.mark.parametrize(
    "price_list",
    [
        [],
        [product()],
        [product(0)],
        [product("0.0000000000", "0")],
        [product(3, unit="GB-Mo")],
        [product(3, currency="EUR")],
        ['{"product": {}}'],
        ['{"terms": {}}'],
        ['{"terms": {"Reserved": {"a": {"priceDimensions": {}}}}}'],
        ['{"terms": {"OnDemand": {"a": {"priceDimensions": {}}}}}'],
    ],
    ids=range(10),
)
def test_a_list_without_an_hourly_price_tells_none(price_list: list[str]) -> None:
    """Never a price of nothing: a budget would let it through."""
    assert price_in(price_list, G5, TODAY, USD) is None


@given(groups=st.lists(st.lists(AMOUNTS, max_size=4), max_size=4))
def test_of_several_prices_the_dearest_counts(groups: list[list[int]]) -> None:
    """Whether they are terms of one product or products of their own, in whatever order."""
    price_list = [product(*(f"{amount / MICROS:.10f}" for amount in group)) for group in groups]
    dearest = max((amount for group in groups for amount in group), default=0)

    found = price_in([product("99", unit="GB-Mo"), *price_list], G5, TODAY, USD)

    assert (found.micros if found else 0) == dearest


@pytest.mark.parametrize(
    ("instance", "region", "amount"),
    [
        (G5, "us-east-1", 1_410_000),
        (G5, "us-west-2", 1_410_000),
        (G5, "eu-central-1", 2_115_000),
        ("ml.t3.2xlarge", "us-gov-west-1", 598_500),
    ],
)
def test_the_shipped_list_counts_for_its_regions_and_half_as_much_again_elsewhere(
    instance: str, region: str, amount: int
) -> None:
    assert shipped_price(SHIPPED, instance, region, USD) == Price(
        instance=instance, micros=amount, as_of="2026-09-27", old=True
    )


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1"])
def test_the_shipped_list_is_in_dollars_and_says_nothing_in_yuan(region: str) -> None:
    assert shipped_price(SHIPPED, G5, region, CNY) is None


def test_what_the_shipped_list_doesnt_have_nobody_knows() -> None:
    assert shipped_price(SHIPPED, "ml.x9.large", "us-east-1", USD) is None


@given(usd=st.floats(0.001, 200), elsewhere=st.floats(1, 3))
def test_a_shipped_price_is_never_less_elsewhere_nor_a_fraction_of_a_millionth(
    usd: float, elsewhere: float
) -> None:
    prices = SHIPPED | {"usd_per_hour": {G5: usd}, "elsewhere": elsewhere}

    at_home, away = (
        shipped_price(prices, G5, region, USD) for region in ("us-east-1", "eu-west-1")
    )

    assert at_home
    assert away
    assert at_home.micros == micros(usd)
    assert at_home.micros * elsewhere <= away.micros < at_home.micros * elsewhere + 1
