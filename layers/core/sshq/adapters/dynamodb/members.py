"""`MEMBER#team#user`: the enrolled members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Table
from sshq.domain.members import Member

if TYPE_CHECKING:
    from sshq.domain.identity import Actor

_SK = "MEMBER"


class DynamoMembers:
    """ports.Members"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, actor: Actor) -> Member | None:
        item = self._table.get(_pk(actor), _SK)
        return from_item(Member, item) if item else None

    def add(self, member: Member) -> bool:
        index = {"gsi1pk": f"TEAM#{member.actor.team}", "gsi1sk": f"MEMBER#{member.actor.user}"}
        try:
            self._table.put(
                to_item(member, _pk(member.actor), _SK, **index),
                condition="attribute_not_exists(pk)",
            )
        except ConditionFailedError:
            return False
        return True


def _pk(actor: Actor) -> str:
    return f"MEMBER#{actor.team}#{actor.user}"
