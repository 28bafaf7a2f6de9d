"""Money as whole millionths of a currency's unit: sums of it are exact, in Python and in DynamoDB.

A stack counts in the one currency that its AWS partition bills in, and no exchange rate is known to
it. An amount that comes from outside, or that somebody set once, says in which currency it is.
"""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import Field

from sshq.domain.model import Model
from sshq.domain.refusals import Reason, Refusal

MICROS = 1_000_000
TYPED = re.compile(r"^([$¥￥])?(\d{1,8}(?:\.\d{1,2})?)(?:/month)?$")
"""`200`, `$200.50`, `￥200/month`: an amount as people type it, its sign (if any), and its number."""


class Currency(StrEnum):
    """By its ISO 4217 code, as the price list names it."""

    USD = "USD"
    CNY = "CNY"

    @property
    def sign(self) -> str:
        return "¥" if self is Currency.CNY else "$"

    def show(self, amount: int) -> str:
        """`$1.41`, `¥0.0075`: two decimals, or more of them below one hundredth. What cost something
        isn't shown as nothing.
        """
        value = amount / MICROS
        if 0 < amount < MICROS // 10_000:
            return f"< {self.sign}0.0001"
        if 0 < amount < MICROS // 100:
            return f"{self.sign}{value:,.4f}"
        return f"{self.sign}{value:,.2f}"


class Money(Model):
    """An amount that doesn't leave its currency to be guessed."""

    micros: int = Field(ge=0)
    currency: Currency

    def __str__(self) -> str:
        return self.currency.show(self.micros)


def currency_of(partition: str) -> Currency:
    """What AWS bills in: yuan in China's regions.

    https://docs.amazonaws.cn/en_us/aws/latest/userguide/billing-and-payment.html
    """
    return Currency.CNY if partition == "aws-cn" else Currency.USD


def micros(amount: float) -> int:
    """`12.5` → 12 500 000."""
    return round(amount * MICROS)


def money(typed: str, ours: Currency) -> Money:
    """What somebody typed; without a sign it is in our currency. Raises Refusal if it is in another."""
    match = TYPED.match(typed)
    if match is None:
        raise ValueError(f"{typed!r} is no amount")
    sign, number = match.groups()
    if sign and sign.replace("￥", "¥") != ours.sign:
        raise other_currency(typed, ours)
    return Money(micros=micros(float(number)), currency=ours)


def other_currency(amount: object, ours: Currency) -> Refusal:
    """Nobody here knows what it is in ours."""
    return Refusal(Reason.OTHER_CURRENCY, amount=str(amount), currency=ours.value, sign=ours.sign)
