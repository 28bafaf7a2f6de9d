"""`JOB#name` / `SHARE#team#user`: who besides the owner may enter a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.domain.sharing import Share

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.table import Table
    from sshq.domain.identity import Actor

_SK = "SHARE#"


class DynamoShares:
    """ports.Shares"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, share: Share) -> None:
        self._table.put(to_item(share, _pk(share.job), _sk(share.member)))

    def get(self, job: str, member: Actor) -> Share | None:
        item = self._table.get(_pk(job), _sk(member))
        return from_item(Share, item) if item else None

    def of_job(self, job: str) -> list[Share]:
        return [from_item(Share, item) for item in self._table.query(_pk(job), _SK)]

    def remove(self, job: str, member: Actor) -> None:
        self._table.delete(_pk(job), _sk(member))


def share_key(job: str, member: Actor) -> dict[str, str]:
    """The key of the row that says so."""
    return {"pk": _pk(job), "sk": _sk(member)}


def _pk(job: str) -> str:
    return f"JOB#{job}"


def _sk(member: Actor) -> str:
    return f"{_SK}{member.team}#{member.user}"
