"""`JOB#name`: the jobs. A version number makes read-change-write one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Item, Table
from sshq.domain.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable

_SK = "JOB"
_OPEN = "JOBS#open"
# Two writers at once are usual (an event and the caretaker); ten in a row mean a bug.
_MOST_TRIES = 10


class DynamoJobs:
    """ports.Jobs"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, job: Job) -> Job:
        try:
            self._table.put(_item(job, version=1), condition="attribute_not_exists(pk)")
        except ConditionFailedError:
            stored = self.get(job.name)
            if stored is None:
                raise
            return stored
        return job

    def get(self, name: str) -> Job | None:
        item = self._table.get(_pk(name), _SK)
        return from_item(Job, item) if item else None

    def change(self, name: str, change: Callable[[Job], Job | None]) -> Job | None:
        for _ in range(_MOST_TRIES):
            item = self._table.get(_pk(name), _SK)
            if item is None:
                return None
            changed = change(from_item(Job, item))
            if changed is None:
                return None
            try:
                self._table.put(
                    _item(changed, version=item["version"] + 1),
                    condition="version = :read",
                    values={":read": item["version"]},
                )
            except ConditionFailedError:
                continue
            return changed
        raise RuntimeError(f"{name} was changed by others {_MOST_TRIES} times in a row")

    def open_jobs(self) -> list[Job]:
        return [from_item(Job, item) for item in self._table.query_index(_OPEN)]


def _pk(name: str) -> str:
    return f"JOB#{name}"


def _item(job: Job, version: int) -> Item:
    """An open job stands in the index; one that has ended leaves it."""
    index = {"gsi1pk": _OPEN, "gsi1sk": f"{job.created_at:%Y%m%d%H%M%S}#{job.name}"}
    return to_item(job, _pk(job.name), _SK, version=version, **(index if job.is_open else {}))
