"""`CONFIG` / `SETUP` and `DRIFT`: what sshq made, how things were before, and what the last look found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.drift import Drift
from sshq.domain.setup_plan import Memory

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.table import Table

_PK = "CONFIG"


class DynamoSetupMemory:
    """ports.SetupMemory. Kept as JSON, as plans are. Orders come one at a time, so none is lost."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self) -> Memory:
        item = self._table.get(_PK, "SETUP")
        return Memory.model_validate_json(item["memory"]) if item else Memory()

    def put(self, memory: Memory) -> None:
        self._table.put({"pk": _PK, "sk": "SETUP", "schema": 1, "memory": memory.model_dump_json()})

    def drift(self) -> Drift | None:
        item = self._table.get(_PK, "DRIFT")
        return Drift.model_validate_json(item["drift"]) if item else None

    def put_drift(self, drift: Drift) -> None:
        self._table.put({"pk": _PK, "sk": "DRIFT", "schema": 1, "drift": drift.model_dump_json()})
