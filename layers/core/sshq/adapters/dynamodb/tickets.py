"""`TICKET#sha256`: the tickets. What spends one stands in leases.py: it makes the lease, too."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import epoch, from_item, to_item
from sshq.domain.tickets import Ticket

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.table import Table

TICKET_SK = "TICKET"
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
                ticket_pk(ticket.fingerprint),
                TICKET_SK,
                expires=epoch(ticket.issued_at + _KEPT),
            ),
            condition="attribute_not_exists(pk)",
        )

    def get(self, fingerprint: str) -> Ticket | None:
        item = self._table.get(ticket_pk(fingerprint), TICKET_SK)
        return from_item(Ticket, item) if item else None


def ticket_pk(fingerprint: str) -> str:
    return f"TICKET#{fingerprint}"
