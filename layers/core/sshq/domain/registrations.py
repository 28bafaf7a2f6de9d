"""Which of the nodes that registered for a job are its containers, and which are too many: pure.

Whoever has a job's activation code can register a node, and a node says itself which rank it has.
What it can't choose: when it registered (SSM's word), when the job's machines were given the code
(SageMaker's), and that it isn't there alone. A container's record says which node it became; others
may be able to write into a job's log, so a record takes trust away and gives none that time and place don't.

    registered before the machines had the code          early: nobody but a thief had it then
    registered before the containers ran                  waits for its container's word
    comes when all of the job's nodes are in              late
    claims a rank that the job hasn't got                 no such rank
    claims the rank of a container that became another    not its container
    node, or none
    two claim one rank, or more are in than there are     in doubt: all of them, since one is real
    containers, of which not all have said their rank
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq.domain.model import Model
from sshq.domain.records import Result, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sshq.domain.jobs import Job, Node
    from sshq.domain.node_starts import NodeStart

# SSM's and SageMaker's clocks may differ by less.
CLOCKS_APART = timedelta(minutes=1)
# SageMaker may write down a little late that the containers run.
CONTAINERS_SOON = timedelta(seconds=30)


class Why(StrEnum):
    """Why a node isn't let in. Each has a sentence in the catalogue under `too-many.<value>`."""

    EARLY = "early"
    LATE = "late"
    NO_SUCH_RANK = "no-such-rank"
    NOT_ITS_CONTAINER = "not-its-container"
    IN_DOUBT = "in-doubt"

    @property
    def is_certain(self) -> bool:
        """Whether it can't be one of the job's containers, whatever anybody says: then it is ended.

        The others are only kept out. To end a real one would harm the job.
        """
        return self in {Why.EARLY, Why.LATE, Why.NO_SUCH_RANK}


class Stranger(Model):
    """A node that registered for a job and is kept out of it; `told`: its people know."""

    id: str
    why: Why
    told: bool = False


@dataclass(frozen=True)
class Registration:
    """A node that is online under a job's activation. `rank` is its own claim; None: not known yet."""

    id: str
    registered_at: datetime
    rank: int | None = None


@dataclass(frozen=True)
class Roll:
    """Who may be let in, and who is kept out, and why."""

    own: frozenset[str]
    strangers: Mapping[str, Why]


def at_start(
    job: Job,
    found: Sequence[Registration],
    *,
    starts: Iterable[NodeStart],
    run_since: datetime | None,
    containers_since: datetime | None,
    restarted: bool,
) -> Roll:
    """While a job's nodes come in. `run_since`: when the machines of this run began to get its files;
    `containers_since`: when SageMaker began to run its containers.

    What registered before a restart is a node of the run before, as a rule.
    """
    told = _told(starts)
    before = [each for each in found if run_since and each.registered_at < run_since - CLOCKS_APART]
    strangers = {} if restarted else {each.id: Why.EARLY for each in before}
    of_run = [each for each in found if each not in before]
    possible = [each for each in of_run if each.rank is None or each.rank < job.shape.count]
    strangers |= {each.id: Why.NO_SUCH_RANK for each in of_run if each not in possible}
    claims = Counter(each.rank for each in possible)
    all_claim = claims[None] == 0
    crowded = len(possible) > job.shape.count and not all_claim
    for each in possible:
        if crowded or (each.rank is not None and claims[each.rank] > 1):
            strangers[each.id] = Why.IN_DOUBT
        elif told.get(each.rank, each.id) != each.id:
            strangers[each.id] = Why.NOT_ITS_CONTAINER
    kept_out = {each.id for each in job.strangers} | set(strangers)
    for each in possible:
        # The machine had the code, and no container had begun to use it.
        waits = containers_since and each.registered_at < containers_since - CONTAINERS_SOON
        if waits and told.get(each.rank) != each.id:
            kept_out.add(each.id)
    return Roll(frozenset(each.id for each in possible) - kept_out, strangers)


def when_ready(job: Job, online: Iterable[Registration]) -> Roll:
    """Once all are in: nobody comes after them, and a late record may tell that one was no container."""
    told = _told(job.starting)
    own = {node.id for node in job.nodes}
    run_since = job.history[0].at if job.restarts and job.history else None
    late = {
        each.id: Why.LATE
        for each in online
        if each.id not in own and not (run_since and each.registered_at < run_since)
    }
    false = {node.id for node in job.nodes if told.get(node.rank, node.id) != node.id}
    return Roll(frozenset(own - false), late | dict.fromkeys(false, Why.NOT_ITS_CONTAINER))


def have_told(nodes: Iterable[Node], starts: Iterable[NodeStart]) -> bool:
    """Whether each node's container has said which node it became."""
    return {node.rank for node in nodes} <= set(_told(starts))


def _told(starts: Iterable[NodeStart]) -> dict[int | None, str]:
    """By rank the node that a container became; "" for one that says it couldn't register."""
    told: dict[int | None, str] = {}
    for start in starts:
        if start.stage is Stage.REGISTER and start.result is Result.FAILED:
            told[start.rank] = ""
        elif start.node:
            told[start.rank] = start.node
    return told
