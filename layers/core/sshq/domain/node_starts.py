"""How far each container of a job is on its way to being reachable, by its own records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from sshq.domain.model import Model
from sshq.domain.records import Result, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq.domain.records import StageRecord

# sshd and agent are made ready side by side; who has registered has both.
_ORDER = {Stage.PROBE: 0, Stage.AGENT: 1, Stage.SSHD: 2, Stage.REGISTER: 3, Stage.READY: 4}
# What a service's keeper says of one that it starts again: no failure of the start-up.
_DIED = "died"


class NodeStart(Model):
    """The stage that a container came to last. `code` tells how, or why it failed there."""

    rank: int
    stage: Stage
    result: Result
    code: str = ""
    node: str = Field(default="", description="mi-…, once it has registered")
    gave_up: bool = False

    @property
    def done(self) -> int:
        """How many of the stages are behind it."""
        return _ORDER[self.stage] + (1 if self.result is Result.OK else 0)

    @property
    def has_sshd(self) -> bool:
        return self.done > _ORDER[Stage.SSHD]


def followed(starts: Iterable[NodeStart], records: Iterable[StageRecord]) -> tuple[NodeStart, ...]:
    """The starts as they are after these records, by rank; records may come twice and in any order."""
    by_rank = {start.rank: start for start in starts}
    for record in records:
        if record.stage in _ORDER and record.code != _DIED and record.result is not Result.SKIPPED:
            by_rank[record.rank] = _after(by_rank.get(record.rank), record)
    return tuple(by_rank[rank] for rank in sorted(by_rank))


def _after(before: NodeStart | None, record: StageRecord) -> NodeStart:
    gives_up = record.stage is Stage.READY and record.result is Result.FAILED
    now = NodeStart(
        rank=record.rank,
        stage=record.stage,
        result=record.result,
        code=record.code,
        node=str(record.facts.get("node_id", ""))[:40],
        gave_up=gives_up,
    )
    if before is None:
        return now
    if before.result is Result.FAILED:
        # The first stage that failed is the reason; that nothing became ready only follows from it.
        return before.model_copy(update={"gave_up": before.gave_up or gives_up})
    if record.result is Result.FAILED or now.done > before.done:
        return now.model_copy(update={"node": now.node or before.node})
    return before
