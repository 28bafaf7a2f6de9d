"""`RATE#scope`: counters, one item for each window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import epoch, iso
from sshq.adapters.dynamodb.table import Act, Write

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.table import Table
    from sshq.domain.rates import Rate


class DynamoRates:
    """ports.Rates"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, rate: Rate) -> int:
        return self._table.add(*_key(rate), expires=epoch(rate.until))


def within(rate: Rate) -> Write:
    """The part of a transaction that holds while a rate is kept."""
    pk, sk = _key(rate)
    return Write(
        {"pk": pk, "sk": sk},
        "attribute_not_exists(pk) OR n <= :most",
        {":most": rate.most},
        act=Act.CHECK,
    )


def _key(rate: Rate) -> tuple[str, str]:
    return f"RATE#{rate.scope}", iso(rate.since)
