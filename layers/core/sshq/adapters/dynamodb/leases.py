"""`LEASE#id`: the leases, with the SSM sessions that were started under them and used nonces."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import epoch, from_item, iso, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Table
from sshq.domain.leases import Lease, LeaseEnd, LeaseSession

if TYPE_CHECKING:
    from datetime import datetime

_SK = "LEASE"
_KEPT = timedelta(days=7)


class DynamoLeases:
    """ports.Leases"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, lease: Lease) -> Lease:
        item = to_item(
            lease,
            _pk(lease.id),
            _SK,
            gsi1pk=f"LEASES#{lease.job}",
            gsi1sk=lease.id,
            expires=epoch(lease.expires_at + _KEPT),
        )
        try:
            self._table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailedError:
            stored = self.get(lease.id)
            if stored is None:
                raise
            return stored
        return lease

    def get(self, lease: str) -> Lease | None:
        item = self._table.get(_pk(lease), _SK)
        return from_item(Lease, item) if item else None

    def end(self, lease: str, why: LeaseEnd) -> bool:
        try:
            self._table.update(
                _pk(lease),
                _SK,
                "SET ended = :why",
                condition="attribute_exists(pk) AND attribute_not_exists(ended)",
                values={":why": why.value},
            )
        except ConditionFailedError:
            return False
        return True

    def prolong(self, lease: str, until: datetime) -> None:
        with suppress(ConditionFailedError):
            self._table.update(
                _pk(lease),
                _SK,
                "SET expires_at = :until, expires = :forgotten",
                condition="attribute_exists(pk) AND attribute_not_exists(ended)"
                " AND expires_at < :until",
                values={":until": iso(until), ":forgotten": epoch(until + _KEPT)},
            )

    def of_job(self, job: str) -> list[Lease]:
        return [from_item(Lease, item) for item in self._table.query_index(f"LEASES#{job}")]

    def add_session(self, session: LeaseSession, now: datetime) -> bool:
        item = to_item(
            session,
            _pk(session.lease),
            f"SESSION#{session.id}",
            expires=epoch(session.started_at + timedelta(days=2)),
        )
        try:
            self._table.put_if_other(
                item,
                other=(_pk(session.lease), _SK),
                condition="attribute_exists(pk) AND attribute_not_exists(ended)"
                " AND expires_at > :now",
                values={":now": iso(now)},
            )
        except ConditionFailedError:
            return False
        return True

    def remove_session(self, lease: str, session: str) -> None:
        self._table.delete(_pk(lease), f"SESSION#{session}")

    def sessions(self, lease: str) -> list[LeaseSession]:
        return [from_item(LeaseSession, i) for i in self._table.query(_pk(lease), "SESSION#")]

    def remember_nonce(self, key: str, nonce: str, until: datetime) -> bool:
        item = {"pk": f"NONCE#{key}", "sk": nonce, "schema": 1, "expires": epoch(until)}
        try:
            self._table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailedError:
            return False
        return True


def _pk(lease: str) -> str:
    return f"LEASE#{lease}"
