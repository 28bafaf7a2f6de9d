"""`CONFIG` / `PLAN#digest`: setup's plans between being shown and being confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.setup_plan import Plan

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.table import Table

_PK = "CONFIG"


class DynamoPlans:
    """ports.Plans. A plan holds policies whose keys DynamoDB might not like, so it is kept as JSON."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, plan: Plan) -> None:
        self._table.put(
            {"pk": _PK, "sk": f"PLAN#{plan.digest}", "schema": 1, "plan": plan.model_dump_json()}
        )

    def get(self, digest: str) -> Plan | None:
        item = self._table.get(_PK, f"PLAN#{digest}")
        return Plan.model_validate_json(item["plan"]) if item else None

    def begin(self, digest: str) -> None:
        self._table.update(
            _PK,
            f"PLAN#{digest}",
            "SET begun = :yes",
            condition="attribute_exists(pk)",
            values={":yes": True},
        )

    def has_begun(self, digest: str) -> bool:
        item = self._table.get(_PK, f"PLAN#{digest}")
        return bool(item and item.get("begun"))

    def discard(self, digest: str) -> None:
        self._table.delete(_PK, f"PLAN#{digest}")
