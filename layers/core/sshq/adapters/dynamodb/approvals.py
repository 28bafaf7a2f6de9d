"""`APPROVAL#id`: the requests that wait for a second person. One condition decides who decides."""

from __future__ import annotations

from datetime import timedelta

from sshq.adapters.dynamodb.items import epoch, from_item, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Item, Table
from sshq.domain.approvals import Approval
from sshq.domain.jobs import Message
from sshq.domain.queue_message import QueueMessage

_SK = "APPROVAL"
_SHOWN = "SHOWN#"
_WAITING = "APPROVALS#waiting"
# Long enough for the buttons of old messages to be told what became of it.
_KEPT = timedelta(days=30)


class DynamoApprovals:
    """ports.Approvals"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, approval: Approval) -> Approval:
        index = {"gsi1pk": _WAITING, "gsi1sk": approval.id}
        try:
            self._table.put(_item(approval) | index, condition="attribute_not_exists(pk)")
        except ConditionFailedError:
            stored = self.get(approval.id)
            if stored is None:
                raise
            return stored
        return approval

    def get(self, approval: str) -> Approval | None:
        item = self._table.get(_pk(approval), _SK)
        return _approval(item) if item else None

    def settle(self, approval: Approval) -> bool:
        try:
            self._table.put(
                _item(approval),
                condition="attribute_exists(pk) AND attribute_not_exists(outcome)",
            )
        except ConditionFailedError:
            return False
        return True

    def forget_message(self, approval: str) -> None:
        self._table.update(
            _pk(approval),
            _SK,
            "SET held = :nothing",
            condition="attribute_exists(outcome)",
            values={":nothing": ""},
        )

    def waiting(self) -> list[Approval]:
        return [_approval(item) for item in self._table.query_index(_WAITING)]

    def add_shown(self, approval: Approval, user: str, message: Message) -> None:
        self._table.put(
            {
                "pk": _pk(approval.id),
                "sk": f"{_SHOWN}{user}",
                "schema": 1,
                "message": message.model_dump(),
                "expires": epoch(approval.expires_at + _KEPT),
            }
        )

    def shown(self, approval: str) -> dict[str, Message]:
        return {
            str(item["sk"]).removeprefix(_SHOWN): Message.model_validate(item["message"])
            for item in self._table.query(_pk(approval), _SHOWN)
        }


def _pk(approval: str) -> str:
    return f"APPROVAL#{approval}"


def _item(approval: Approval) -> Item:
    """The held message as text: its arguments come back as they were, whatever they are."""
    held = approval.message.model_dump_json() if approval.message else ""
    bare = approval.model_copy(update={"message": None})
    expires = epoch(approval.expires_at + _KEPT)
    return to_item(bare, _pk(approval.id), _SK, expires=expires, held=held)


def _approval(item: Item) -> Approval:
    held = item.pop("held")
    message = QueueMessage.model_validate_json(held) if held else None
    return from_item(Approval, item | {"message": message})
