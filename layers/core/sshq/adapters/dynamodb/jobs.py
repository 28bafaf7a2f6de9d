"""`JOB#name`: the jobs. A version number makes read-change-write one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from pydantic import ValidationError

from sshq.adapters.dynamodb.items import from_item, iso, to_item
from sshq.adapters.dynamodb.members import member_key
from sshq.adapters.dynamodb.shares import share_key
from sshq.adapters.dynamodb.table import ConditionFailedError, Item, Table
from sshq.domain.jobs import Job
from sshq.domain.members import Member
from sshq.domain.sharing import Share

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sshq.domain.identity import Actor

_SK = "JOB"
_UNSETTLED = "JOBS#unsettled"
# Two writers at once are usual (an event and the caretaker); ten in a row mean a bug.
_MOST_TRIES = 10


class DynamoJobs:
    """ports.Jobs"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, name: str) -> Job | None:
        item = self._table.get(_pk(name), _SK)
        return from_item(Job, item) if item else None

    def get_for(self, name: str, member: Actor) -> tuple[Job | None, Member | None, Share | None]:
        shared = share_key(name, member)
        job, found, share = self._table.get_many(
            (_pk(name), _SK), member_key(member), (shared["pk"], shared["sk"])
        )
        return (
            from_item(Job, job) if job else None,
            from_item(Member, found) if found else None,
            from_item(Share, share) if share else None,
        )

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
        return [job for job in self.unsettled() if job.is_open]

    def unsettled(self) -> list[Job]:
        """But for those that can't be read: one such row must not keep all others from their care."""
        found = []
        for item in self._table.query_index(_UNSETTLED):
            try:
                found.append(from_item(Job, item))
            except ValidationError:
                Logger(child=True).exception("a job can't be read", extra={"job": item["pk"]})
        return found

    def open_jobs_of(self, owner: Actor) -> list[Job]:
        return self._of_owner(owner, ("open#", "open#~"))

    def ended_jobs_of(self, owner: Actor, *, since: datetime) -> list[Job]:
        found = self._of_owner(owner, (f"ended#{iso(since)}", "ended#~"), latest_first=True)
        return [job for job in found if not job.requeued]

    def ended_jobs(self, *, since: datetime, until: datetime) -> list[Job]:
        between = (iso(since), iso(until))
        return [
            from_item(Job, item)
            for month in _months(since, until)
            for item in self._table.query_index(_ended_in(month), between=between)
        ]

    def _of_owner(
        self, owner: Actor, between: tuple[str, str], *, latest_first: bool = False
    ) -> list[Job]:
        found = self._table.query_index(
            _owned_by(owner), index="gsi2", between=between, latest_first=latest_first
        )
        return [from_item(Job, item) for item in found]


def job_key(name: str) -> tuple[str, str]:
    """Where a job stands in the table."""
    return _pk(name), _SK


def new_item(job: Job) -> Item:
    """A job as it is stored for the first time, by whichever transaction does so."""
    return _item(job, version=1)


def _pk(name: str) -> str:
    return f"JOB#{name}"


def _ended_in(month: str) -> str:
    return f"JOBS#{month}"


def _owned_by(owner: Actor) -> str:
    return f"JOBS#{owner.tag}"


def _months(first: datetime, last: datetime) -> list[str]:
    """`2026-11`, … : every month that the time touches."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]


def _item(job: Job, version: int) -> Item:
    """In `gsi1` a job stands among those to look after, later in the month of its end; in `gsi2`
    with its owner's, the open ones apart from the ended ones. So nobody reads what they don't need.
    """
    created = f"{iso(job.created_at)}#{job.name}"
    ended = f"{iso(job.ended_at)}#{job.name}" if job.ended_at else ""
    index = {"gsi1pk": _UNSETTLED, "gsi1sk": created}
    if job.is_settled and job.ended_at:
        index = {"gsi1pk": _ended_in(f"{job.ended_at:%Y-%m}"), "gsi1sk": ended}
    index["gsi2pk"] = _owned_by(job.owner)
    index["gsi2sk"] = f"open#{created}" if job.is_open else f"ended#{ended}"
    return to_item(job, _pk(job.name), _SK, version=version, **index)
