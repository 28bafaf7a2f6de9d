"""What an instance costs an hour: read out of AWS's price list, or out of the one that is shipped."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sshq.domain.model import Record
from sshq.domain.money import Currency, micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Price(Record):
    """One node's price for an hour on demand, in the stack's currency; spot costs no more.

    `as_of` is the day it was asked for. `old` says that it couldn't be asked for now: it was kept from
    then, or comes from the list in this package.
    """

    instance: str
    micros: int
    as_of: str
    old: bool = False


def price_in(
    price_list: Iterable[str], instance: str, today: str, currency: Currency
) -> Price | None:
    """The price in an answer of GetProducts (JSON texts); the dearest, should it have several. One in
    another currency is none.

    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html
    """
    found = [
        float(dimension["pricePerUnit"].get(currency.value, 0))
        for product in map(json.loads, price_list)
        for term in product.get("terms", {}).get("OnDemand", {}).values()
        for dimension in term["priceDimensions"].values()
        if dimension["unit"].lower() in {"hrs", "hours"}
    ]
    if not found or max(found) <= 0:
        return None
    return Price(instance=instance, micros=micros(max(found)), as_of=today)


def shipped_price(
    prices: Mapping[str, Any], instance: str, region: str, currency: Currency
) -> Price | None:
    """From the shipped list. Elsewhere it is raised, lest a budget be counted too small: by a guess.

    It is in US dollars and tells nothing where AWS bills in anything else: prices in China aren't those
    of Virginia times a rate.
    """
    found = prices["usd_per_hour"].get(instance)
    if found is None or currency is not Currency.USD:
        return None
    factor = 1 if region in prices["regions"] else prices["elsewhere"]
    amount = math.ceil(micros(found) * factor)
    return Price(instance=instance, micros=amount, as_of=prices["as_of"], old=True)
