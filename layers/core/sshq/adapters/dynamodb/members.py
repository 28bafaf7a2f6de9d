"""`MEMBER#team#user`: the enrolled members; `IAM#kind#name`: whose an IAM identity is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.adapters.dynamodb.table import Act, ConditionFailedError, Item, Table, Write
from sshq.domain.members import Member
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.domain.identity import Actor
    from sshq.domain.members import IamIdentity

_SK = "MEMBER"
_ALL = "MEMBERS"
_IAM_SK = "IAM"
# Changes of members come through one queue, one at a time; ten in a row mean a bug.
_MOST_TRIES = 10


class DynamoMembers:
    """ports.Members. The identity's own row makes it one member's, whoever writes at once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, actor: Actor) -> Member | None:
        item = self._table.get(_pk(actor), _SK)
        return from_item(Member, item) if item else None

    def all(self) -> list[Member]:
        return [from_item(Member, item) for item in self._table.query_index(_ALL)]

    def add(self, member: Member) -> bool:
        put = Write(_item(member, version=1), "attribute_not_exists(pk)")
        return self._write(put, member, was=None)

    def change(self, actor: Actor, change: Callable[[Member], Member | None]) -> Member | None:
        for _ in range(_MOST_TRIES):
            item = self._table.get(_pk(actor), _SK)
            if item is None:
                return None
            was = from_item(Member, item)
            changed = change(was)
            if changed is None:
                return None
            read = item.get("version", 0)
            put = Write(
                _item(changed, version=read + 1),
                "version = :read" if read else "attribute_not_exists(version)",
                {":read": read} if read else {},
            )
            if self._write(put, changed, was=was.iam):
                return changed
        raise RuntimeError(f"{actor.tag} was changed by others {_MOST_TRIES} times in a row")

    def remove(self, member: Member) -> None:
        row = Write({"pk": _pk(member.actor), "sk": _SK}, act=Act.DELETE)
        released = [_released(member.iam, member.actor)] if member.iam else []
        self._table.write_all(row, *released)

    def _write(self, put: Write, member: Member, *, was: IamIdentity | None) -> bool:
        """False if the member's row isn't as it was read."""
        if member.iam == was:
            try:
                self._table.put(put.item, condition=put.condition, values=put.values)
            except ConditionFailedError:
                return False
            return True
        claims = [_claimed(member.iam, member.actor)] if member.iam else []
        released = [_released(was, member.actor)] if was else []
        try:
            self._table.write_all(put, *claims, *released)
        except ConditionFailedError as error:
            if 0 not in error.failed and member.iam:
                raise Refusal(Reason.IAM_IDENTITY_TAKEN, name=member.iam.name) from error
            return False
        return True


def member_key(actor: Actor) -> tuple[str, str]:
    """Where a membership stands, for who reads it together with something else."""
    return _pk(actor), _SK


def _pk(actor: Actor) -> str:
    return f"MEMBER#{actor.team}#{actor.user}"


def _item(member: Member, version: int) -> Item:
    index = {"gsi1pk": _ALL, "gsi1sk": member.actor.tag}
    return to_item(member, _pk(member.actor), _SK, version=version, **index)


def _claim(identity: IamIdentity, holder: Actor) -> Item:
    key = {"pk": f"IAM#{identity.kind.value}#{identity.name}", "sk": _IAM_SK}
    return {**key, "schema": 1, "holder": holder.tag}


def _claimed(identity: IamIdentity, holder: Actor) -> Write:
    return Write(
        _claim(identity, holder),
        "attribute_not_exists(pk) OR holder = :holder",
        {":holder": holder.tag},
    )


def _released(identity: IamIdentity, holder: Actor) -> Write:
    return Write(
        _claim(identity, holder),
        "attribute_not_exists(pk) OR holder = :holder",
        {":holder": holder.tag},
        act=Act.DELETE,
    )
