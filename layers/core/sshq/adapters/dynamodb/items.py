"""Records as items: the record's own fields beside the table's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.model import Record

R = TypeVar("R", bound="Record")
KEYS = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "expires", "version", "write")


def to_item(record: Record, pk: str, sk: str, **extra: Any) -> dict[str, Any]:  # noqa: ANN401
    """The record as JSON data, with its keys. Fields that are None aren't stored."""
    body = record.model_dump(mode="json", exclude_none=True)
    return body | {"pk": pk, "sk": sk} | extra


def from_item(
    model: type[R], item: dict[str, Any], *, unknown: Literal["ignore", "forbid"] = "ignore"
) -> R:
    """The record of an item. A field that isn't known here was written by a newer version, which runs
    beside this one during a deployment, or was taken back.
    """
    known = {name: value for name, value in item.items() if name not in KEYS}
    return model.model_validate(known, extra=unknown)


def epoch(time: datetime) -> int:
    """DynamoDB's TTL wants seconds. It deletes late: nothing relies on it but tidiness."""
    return int(time.timestamp())


def iso(time: datetime) -> str:
    """As pydantic writes it: whole seconds, UTC, `Z`. Texts of two times compare as the times do."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
