"""`CONFIG` / `ANSWER#…`: what slow services said, for as long as it is fresh enough for the asker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.adapters.dynamodb.items import iso

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.adapters.dynamodb.table import Table

_PK = "CONFIG"


class Answers:
    """A cache of plain data. Two that ask at once both write; the later answer stays."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, key: str, since: datetime) -> dict[str, Any] | None:
        item = self._table.get(_PK, f"ANSWER#{key}")
        if item is None or item["at"] < iso(since):
            return None
        found: dict[str, Any] = item["answer"]
        return found

    def put(self, key: str, answer: dict[str, Any], now: datetime) -> None:
        self._table.put(
            {"pk": _PK, "sk": f"ANSWER#{key}", "schema": 1, "at": iso(now), "answer": answer}
        )
