"""`WAITING`: the waiting room, one partition: an item for each request, for each pool, and for each
member who had a turn in a pool lately.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import epoch, from_item, iso, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Table
from sshq.domain.waiting import REMEMBERED, Pool, Turn, WaitingRequest

if TYPE_CHECKING:
    from datetime import datetime

_PK = "WAITING"
_ENTRY = "ROOM#ENTRY#"
_POOL = "ROOM#POOL#"
_TURN = "ROOM#TURN#"


class DynamoWaitingRoom:
    """ports.WaitingRoom"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, entry: WaitingRequest) -> tuple[WaitingRequest, bool]:
        try:
            self._table.put(_item(entry), condition="attribute_not_exists(pk)")
        except ConditionFailedError:
            return self.get(entry.request) or entry, False
        return entry, True

    def get(self, request: str) -> WaitingRequest | None:
        item = self._table.get(_PK, _ENTRY + request)
        return from_item(WaitingRequest, item) if item else None

    def replace(self, entry: WaitingRequest, *, attempt: int) -> bool:
        try:
            self._table.put(
                _item(entry), condition="attempt = :attempt", values={":attempt": attempt}
            )
        except ConditionFailedError:
            return False
        return True

    def note_place(self, entry: WaitingRequest, place: int) -> bool:
        try:
            self._table.update(
                _PK,
                _ENTRY + entry.request,
                "SET shown_place = :place",
                condition="attempt = :attempt AND shape.instance = :instance",
                values={
                    ":place": place,
                    ":attempt": entry.attempt,
                    ":instance": entry.shape.instance,
                },
            )
        except ConditionFailedError:
            return False
        return True

    def remove(self, request: str, *, attempt: int) -> None:
        self._table.delete(
            _PK, _ENTRY + request, condition="attempt = :attempt", values={":attempt": attempt}
        )

    def all(self) -> tuple[list[WaitingRequest], dict[str, Pool], list[Turn]]:
        entries, pools, turns = [], {}, []
        for item in self._table.query(_PK, "ROOM#"):
            if item["sk"].startswith(_ENTRY):
                entries.append(from_item(WaitingRequest, item))
            elif item["sk"].startswith(_TURN):
                turns.append(from_item(Turn, item))
            else:
                pool = from_item(Pool, item)
                pools[pool.of_pool] = pool
        return entries, pools, turns

    def count_turn(self, entry: WaitingRequest, now: datetime) -> None:
        pool, owner = entry.shape.pool, entry.owner.tag
        sk = f"{_TURN}{pool}#{owner}"
        turn = Turn(of_pool=pool, owner=owner, instances=entry.shape.count, had_at=now)
        expires, forgotten = epoch(now + REMEMBERED), iso(now - REMEMBERED)
        try:
            # The first, or the first after a day without any …
            self._table.put(
                to_item(turn, _PK, sk, expires=expires),
                condition="attribute_not_exists(pk) OR had_at <= :forgotten",
                values={":forgotten": forgotten},
            )
        except ConditionFailedError:
            # … or one more.
            self._table.update(
                _PK,
                sk,
                "SET had_at = :now, expires = :expires ADD instances :count",
                condition="had_at > :forgotten",
                values={
                    ":now": iso(now),
                    ":expires": expires,
                    ":count": turn.instances,
                    ":forgotten": forgotten,
                },
            )

    def tried_in_vain(self, pool: str, now: datetime) -> None:
        try:
            self._table.update(
                _PK,
                _POOL + pool,
                "SET of_pool = :pool, tried_at = :now ADD failures :one",
                condition="attribute_not_exists(tried_at) OR tried_at < :now",
                values={":pool": pool, ":now": iso(now), ":one": 1},
            )
        except ConditionFailedError:
            return  # a redelivery of the same try, or a later one was quicker

    def let_in(self, pool: str) -> None:
        try:
            self._table.update(
                _PK,
                _POOL + pool,
                "SET failures = :none",
                condition="failures > :none",
                values={":none": 0},
            )
        except ConditionFailedError:
            return  # nobody has been tried in vain: there is no pause to end


def _item(entry: WaitingRequest) -> dict[str, object]:
    return to_item(entry, _PK, _ENTRY + entry.request)
