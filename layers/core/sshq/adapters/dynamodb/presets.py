"""`CONFIG` / `PRESETS`: the presets, as one item that is changed in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Table
from sshq.domain.presets import PresetBook

if TYPE_CHECKING:
    from collections.abc import Callable

_PK, _SK = "CONFIG", "PRESETS"
_MOST_TRIES = 10


class DynamoPresets:
    """ports.Presets"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> PresetBook:
        item = self._table.get(_PK, _SK)
        return from_item(PresetBook, item) if item else PresetBook()

    def change(self, change: Callable[[PresetBook], PresetBook]) -> PresetBook:
        for _ in range(_MOST_TRIES):
            item = self._table.get(_PK, _SK)
            version = item["version"] if item else 0
            changed = change(from_item(PresetBook, item) if item else PresetBook())
            try:
                self._table.put(
                    to_item(changed, _PK, _SK, version=version + 1),
                    condition="attribute_not_exists(pk) OR version = :read",
                    values={":read": version},
                )
            except ConditionFailedError:
                continue
            return changed
        raise RuntimeError(f"the presets were changed by others {_MOST_TRIES} times in a row")
