"""`LEASE#id`: the leases. Two items list what stands open, so that revoking reads no late index:
`JOB#name`/`LEASES` and `MEMBER#team#user`/`ACCESS`, which has the member's sessions as well.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sshq.adapters.dynamodb.items import epoch, from_item, iso, to_item
from sshq.adapters.dynamodb.rates import within
from sshq.adapters.dynamodb.shares import share_key
from sshq.adapters.dynamodb.table import Act, ConditionFailedError, Table, Write
from sshq.adapters.dynamodb.tickets import TICKET_SK, ticket_pk
from sshq.domain.leases import (
    MOST_SESSIONS,
    Lease,
    LeaseEnd,
    LeaseSession,
    Redeemed,
    SessionAdded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sshq.adapters.dynamodb.audit import DynamoAudit
    from sshq.domain.audit import Event
    from sshq.domain.identity import Actor
    from sshq.domain.rates import Rate
    from sshq.domain.signatures import Nonce

_SK = "LEASE"
_OF_JOB = "LEASES"
_OF_MEMBER = "ACCESS"
_ENDING = "LEASES#ending"
_KEPT = timedelta(days=7)
_NEW = "attribute_not_exists(pk)"
_THERE = "attribute_exists(pk)"
_READY = {":ready": "ready"}
_ROOM = "attribute_exists(sessions) AND size(sessions) < :most"
_LISTED = "ADD leases :lease SET #schema = :one"
_SCHEMA = {"#schema": "schema"}


class DynamoLeases:
    """ports.Leases"""

    def __init__(self, table: Table, audit: DynamoAudit) -> None:
        self._table = table
        self._audit = audit

    def redeem(
        self,
        lease: Lease,
        nonce: Nonce,
        *,
        source: Rate,
        now: datetime,
        shared: bool = False,
        session: LeaseSession | None = None,
        events: Sequence[Event] = (),
    ) -> Redeemed:
        first = (_spent(lease, now), Write(_nonce_item(nonce), _NEW), within(source))
        others = (
            Write(_key(f"JOB#{lease.job}", "JOB"), "phase = :ready", _READY, act=Act.CHECK),
            Write(
                _key(_member_pk(lease.owner), "MEMBER"),
                "attribute_exists(pk) AND attribute_not_exists(leaving)",
                act=Act.CHECK,
            ),
            Write(to_item(lease, _pk(lease.id), _SK, expires=epoch(lease.expires_at + _KEPT))),
            _listed_on_job(lease),
            *([Write(share_key(lease.job, lease.owner), _THERE, act=Act.CHECK)] if shared else ()),
        )
        for listed in _listed_as_members(lease, session):
            try:
                self._write(events, *first, listed, *others)
            except ConditionFailedError as error:
                if error.failed == {len(first)}:
                    continue
                meanings = {2: Redeemed.TOO_OFTEN, 1: Redeemed.REPLAYED, 0: Redeemed.SPENT}
                known = (meanings[n] for n in meanings if n in error.failed)
                return next(known, Redeemed.NOT_ALLOWED)
            return Redeemed.NEW
        return Redeemed.NO_ROOM

    def get(self, lease: str) -> Lease | None:
        item = self._table.get(_pk(lease), _SK)
        return from_item(Lease, item) if item else None

    def end(self, lease: str, why: LeaseEnd) -> bool:
        try:
            self._table.update(
                _pk(lease),
                _SK,
                "SET ended = :why, gsi1pk = :ending, gsi1sk = :lease",
                condition="attribute_exists(pk) AND attribute_not_exists(ended)",
                values={":why": why.value, ":ending": _ENDING, ":lease": lease},
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

    def settle(self, lease: Lease) -> None:
        for pk, sk in ((f"JOB#{lease.job}", _OF_JOB), (_member_pk(lease.owner), _OF_MEMBER)):
            self._table.update(
                pk,
                sk,
                "DELETE leases :lease",
                condition="attribute_exists(pk)",
                values={":lease": {lease.id}},
            )
        self._table.update(
            _pk(lease.id), _SK, "REMOVE gsi1pk, gsi1sk", condition="attribute_exists(pk)"
        )

    def ending(self) -> list[Lease]:
        return [from_item(Lease, item) for item in self._table.query_index(_ENDING)]

    def of_job(self, job: str) -> list[Lease]:
        return self._listed(f"JOB#{job}", _OF_JOB)

    def of_member(self, member: Actor) -> list[Lease]:
        return self._listed(_member_pk(member), _OF_MEMBER)

    def add_session(
        self,
        session: LeaseSession,
        nonce: Nonce,
        *,
        now: datetime,
        events: Sequence[Event] = (),
    ) -> SessionAdded:
        try:
            self._write(
                events,
                Write(
                    _key(_pk(session.lease), _SK),
                    "attribute_exists(pk) AND attribute_not_exists(ended) AND expires_at > :now",
                    {":now": iso(now)},
                    act=Act.CHECK,
                ),
                Write(
                    _key(_member_pk(session.owner), _OF_MEMBER),
                    _ROOM,
                    {":facts": _facts(session), ":most": MOST_SESSIONS},
                    act=Act.UPDATE,
                    update="SET sessions.#id = :facts",
                    names={"#id": session.id},
                ),
                Write(_nonce_item(nonce), _NEW),
            )
        except ConditionFailedError as error:
            meanings = {
                0: SessionAdded.LEASE_ENDED,
                2: SessionAdded.REPLAYED,
                1: SessionAdded.TOO_MANY,
            }
            return next(meanings[n] for n in meanings if n in error.failed)
        return SessionAdded.ADDED

    def remove_sessions(self, member: Actor, sessions: Iterable[str]) -> None:
        names = {f"#s{n}": session for n, session in enumerate(sessions)}
        if names:
            self._table.update(
                _member_pk(member),
                _OF_MEMBER,
                "REMOVE " + ", ".join(f"sessions.{name}" for name in names),
                condition="attribute_exists(sessions)",
                names=names,
            )

    def sessions(self, member: Actor) -> list[LeaseSession]:
        item = self._table.get(_member_pk(member), _OF_MEMBER) or {}
        found = [
            LeaseSession.model_validate(facts | {"owner": member})
            for facts in item.get("sessions", {}).values()
        ]
        return sorted(found, key=lambda session: (session.started_at, session.id))

    def remember_nonce(self, nonce: Nonce) -> bool:
        try:
            self._table.put(_nonce_item(nonce), condition=_NEW)
        except ConditionFailedError:
            return False
        return True

    def _write(self, events: Sequence[Event], *writes: Write) -> None:
        if events:
            self._audit.write_with(events, *writes)
        else:
            self._table.write_all(*writes)

    def _listed(self, pk: str, sk: str) -> list[Lease]:
        item = self._table.get(pk, sk) or {}
        found = (self.get(lease) for lease in sorted(item.get("leases", ())))
        return [lease for lease in found if lease is not None]


def _spent(lease: Lease, now: datetime) -> Write:
    """The one condition that decides who spends a ticket, and when it is too late."""
    return Write(
        _key(ticket_pk(lease.ticket), TICKET_SK),
        "attribute_exists(pk) AND attribute_not_exists(redeemed_by) AND expires_at > :now",
        {
            ":key": lease.key_fingerprint,
            ":lease": lease.id,
            ":source": lease.source,
            ":now": iso(now),
        },
        act=Act.UPDATE,
        update="SET redeemed_by = :key, lease = :lease, redeemed_from = :source",
    )


def _listed_on_job(lease: Lease) -> Write:
    return Write(
        _key(f"JOB#{lease.job}", _OF_JOB),
        values={":lease": {lease.id}, ":one": 1},
        act=Act.UPDATE,
        update=_LISTED,
        names=_SCHEMA,
    )


def _listed_as_members(lease: Lease, session: LeaseSession | None) -> tuple[Write, ...]:
    """To be tried in turn: only a member's first lease finds no place for sessions yet."""
    if session is None:
        return (_listed(lease, "sessions = if_not_exists(sessions, :none)", {":none": {}}),)
    facts = _facts(session)
    one_more = {":facts": facts, ":most": MOST_SESSIONS}
    return (
        _listed(lease, "sessions.#id = :facts", one_more, _ROOM, {"#id": session.id}),
        _listed(
            lease,
            "sessions = :first",
            {":first": {session.id: facts}},
            "attribute_not_exists(sessions)",
        ),
    )


def _listed(
    lease: Lease,
    sessions: str,
    values: dict[str, Any],
    condition: str = "",
    names: dict[str, str] | None = None,
) -> Write:
    return Write(
        _key(_member_pk(lease.owner), _OF_MEMBER),
        condition,
        {":lease": {lease.id}, ":one": 1} | values,
        act=Act.UPDATE,
        update=f"{_LISTED}, {sessions}",
        names=_SCHEMA | (names or {}),
    )


def _facts(session: LeaseSession) -> dict[str, Any]:
    return session.model_dump(mode="json", exclude={"owner"})


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": pk, "sk": sk}


def _nonce_item(nonce: Nonce) -> dict[str, Any]:
    pk = f"NONCE#{nonce.key}"
    return {"pk": pk, "sk": nonce.value, "schema": 1, "expires": epoch(nonce.until)}


def _pk(lease: str) -> str:
    return f"LEASE#{lease}"


def _member_pk(member: Actor) -> str:
    return f"MEMBER#{member.team}#{member.user}"
