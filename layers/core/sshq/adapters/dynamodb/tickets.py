"""`TICKET#sha256`: the tickets. One condition decides who spends one, and when it is too late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import epoch, from_item, iso, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Table
from sshq.domain.tickets import Ticket

if TYPE_CHECKING:
    from datetime import datetime

_SK = "TICKET"
# A spent ticket outlives its lease, so that its reuse is noticed (SageMaker's longest job: 28 days).
_KEPT = timedelta(days=29)


class DynamoTickets:
    """ports.Tickets"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, ticket: Ticket) -> None:
        self._table.put(
            to_item(
                ticket,
                _pk(ticket.fingerprint),
                _SK,
                expires=epoch(ticket.issued_at + _KEPT),
            ),
            condition="attribute_not_exists(pk)",
        )

    def get(self, fingerprint: str) -> Ticket | None:
        item = self._table.get(_pk(fingerprint), _SK)
        return from_item(Ticket, item) if item else None

    def spend(self, fingerprint: str, *, key: str, lease: str, now: datetime) -> bool:
        try:
            self._table.update(
                _pk(fingerprint),
                _SK,
                "SET redeemed_by = :key, lease = :lease",
                condition="attribute_exists(pk) AND attribute_not_exists(redeemed_by)"
                " AND expires_at > :now",
                values={":key": key, ":lease": lease, ":now": iso(now)},
            )
        except ConditionFailedError:
            return False
        return True


def _pk(fingerprint: str) -> str:
    return f"TICKET#{fingerprint}"
