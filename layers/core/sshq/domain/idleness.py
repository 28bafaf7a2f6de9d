"""Whether a job is idle: a pure fold over what its nodes say each minute.

A job is idle for as long as all of its nodes have told of nothing but quiet minutes, one after the
other. What isn't known counts as work: a value that a node couldn't read, a minute that nobody told
of, a node that fell silent, a log that can't be read.

     told       q  q  B  q  q  q  ?  q  q  q  q     q quiet, B busy, ? nothing told
     idle for   1  2  0  1  2  3  0  1  2  3  4     minutes
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq.domain.model import Model
from sshq.domain.records import Activity, activity_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq.domain.records import StageRecord

# A minute is told of when it is over, and a busy machine is late; more than that is a gap.
GAP = timedelta(seconds=45)
# So long after its last word a node has fallen silent: CloudWatch may be a minute late.
SILENT_AFTER = timedelta(seconds=180)
# A node's minutes begin and end some seconds late; five of them are five minutes all the same.
WOBBLE = timedelta(seconds=15)
LONGEST_WARNING = timedelta(minutes=5)
SHORTEST_WARNING = timedelta(minutes=1)
_NO_CONTAINER_IN = 1970
# The caretaker comes once a minute, more or less; it doesn't end in the round in which it warns.
ROUND = timedelta(minutes=1)
SHORTEST_STAND = ROUND / 2


class QuietNode(Model):
    """What one node told: of its last minute, and since when its minutes are quiet."""

    rank: int
    told_at: datetime
    quiet_since: datetime | None = None
    logins: int | None = None
    cpu: float | None = None
    gpu: float | None = None


class Idleness(Model):
    """What all nodes of a job told so far, and when its owner was warned."""

    nodes: tuple[QuietNode, ...] = ()
    warned_at: datetime | None = None

    @property
    def told_until(self) -> datetime | None:
        """Up to when everything was told that the next reading may leave out."""
        return min((node.told_at for node in self.nodes), default=None)


class Verdict(StrEnum):
    """What idleness means for a job now."""

    ACTIVE = "active"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True)
class Idle:
    """How long a job has been idle, of how long it may be; and what its busiest node last did."""

    verdict: Verdict
    since: timedelta
    limit: timedelta
    cpu: float = 0
    gpu: float = 0


def observed(idleness: Idleness, records: Iterable[StageRecord]) -> Idleness:
    """What is known after these records. They may come twice, but each node's in order."""
    nodes = {node.rank: node for node in idleness.nodes}
    for record in records:
        activity = activity_of(record)
        at = _time(record)
        known = nodes.get(record.rank)
        if activity is not None and at is not None and (known is None or at > known.told_at):
            nodes[record.rank] = _after(known, record.rank, at, activity)
    found = tuple(nodes[rank] for rank in sorted(nodes))
    return idleness.model_copy(update={"nodes": found})


def judged(
    idleness: Idleness, *, count: int, limit: timedelta, kept_until: datetime | None, now: datetime
) -> Idle:
    """The verdict for a job of `count` nodes that may be idle for `limit`; a limit of 0 is none.

    Nobody is ended without a warning that stood for its time, however long a job was idle unseen.
    """
    since = _idle_for(idleness, count, kept_until, now)
    quiet = {
        "cpu": _most(n.cpu for n in idleness.nodes),
        "gpu": _most(n.gpu for n in idleness.nodes),
    }
    notice = warning_time(limit)
    verdict = Verdict.ACTIVE
    if limit and since + WOBBLE >= limit - notice:
        verdict = Verdict.WARN
        warned, stands = idleness.warned_at, max(notice - ROUND, SHORTEST_STAND)
        if since + WOBBLE >= limit and warned is not None and now - warned >= stands:
            verdict = Verdict.STOP
    return Idle(verdict, since, limit, **quiet)


def warning_time(limit: timedelta) -> timedelta:
    """How long before its end the owner of an idle job is told."""
    return min(LONGEST_WARNING, max(SHORTEST_WARNING, limit / 6))


def _after(before: QuietNode | None, rank: int, at: datetime, activity: Activity) -> QuietNode:
    began = at - timedelta(seconds=activity.seconds)
    quiet_since = None
    if not activity.is_busy and not _has_new_login(before, activity):
        unbroken = before is not None and began - before.told_at <= GAP
        quiet_since = (before.quiet_since if before and unbroken else None) or began
    return QuietNode(
        rank=rank,
        told_at=at,
        quiet_since=quiet_since,
        logins=activity.logins,
        cpu=activity.cpu,
        gpu=activity.gpu,
    )


def _has_new_login(before: QuietNode | None, activity: Activity) -> bool:
    """More connections than a minute ago; one that stays open is no sign of anybody."""
    if before is None or before.logins is None or activity.logins is None:
        return activity.logins is None
    return activity.logins > before.logins


def _idle_for(
    idleness: Idleness, count: int, kept_until: datetime | None, now: datetime
) -> timedelta:
    nodes = {node.rank: node for node in idleness.nodes}
    begins, ends = [], []
    for rank in range(count):
        node = nodes.get(rank)
        if node is None or node.quiet_since is None or now - node.told_at > SILENT_AFTER:
            return timedelta(0)
        begins.append(node.quiet_since)
        ends.append(node.told_at)
    begin = max(*begins, kept_until) if kept_until else max(begins)
    return max(timedelta(0), min(ends) - begin)


def _time(record: StageRecord) -> datetime | None:
    try:
        at = datetime.fromisoformat(record.at)
    except ValueError:
        return None
    # No container ran in the year 1, and nothing can be taken from it.
    return at if at.tzinfo and at.year > _NO_CONTAINER_IN else None


def _most(values: Iterable[float | None]) -> float:
    return max((value for value in values if value is not None), default=0)
