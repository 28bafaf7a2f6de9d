"""`REQUEST#id`: which requests have been worked off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import epoch, iso
from sshq.adapters.dynamodb.table import ConditionFailedError, Table

if TYPE_CHECKING:
    from datetime import datetime

_SK = "REQUEST"
# Longer than any queue keeps a message (14 days).
_KEPT = timedelta(days=15)


class DynamoRequests:
    """ports.Requests"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, request: str, verb: str, now: datetime) -> bool:
        item = {
            "pk": f"REQUEST#{request}",
            "sk": _SK,
            "schema": 1,
            "verb": verb,
            "begun_at": iso(now),
            "expires": epoch(now + _KEPT),
        }
        try:
            self._table.put(item, condition="attribute_not_exists(finished)")
        except ConditionFailedError:
            return False
        return True

    def finish(self, request: str) -> None:
        self._table.update(
            f"REQUEST#{request}",
            _SK,
            "SET finished = :yes",
            condition="attribute_exists(pk)",
            values={":yes": True},
        )
