"""What can be wrong with a job's reach, seen from here: one finding for each thing that is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sshq.domain.jobs import Job, Node, Phase

SOON = timedelta(minutes=30)
"""Less is left before the deadline: worth a warning to somebody who looks."""


class Check(StrEnum):
    """What is looked at, in the order in which it matters."""

    JOB = "job"
    TIME = "time"
    AGENT = "agent"
    SSHD = "sshd"
    HOST_KEY = "host-key"


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """`code` is stable; with `check` it names the sentences (`health.<check>.<code>`)."""

    check: Check
    verdict: Verdict
    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What was seen of a node. `answer` is the node's own; None without one, or if it wasn't asked."""

    node: Node
    connected: bool
    asked: bool = False
    answer: Node | None = None


def findings(job: Job, seen: Sequence[Seen], now: datetime) -> list[Finding]:
    """Judge a job and its nodes. Nodes are of interest only while the job is ready."""
    found = [_job(job)]
    if job.phase is Phase.READY:
        found.append(_time(job, now))
        for each in seen:
            found += _node(job, each)
    return found


def _job(job: Job) -> Finding:
    facts = {"job": job.name, "phase": job.phase.value}
    if job.phase is Phase.READY:
        return Finding(Check.JOB, Verdict.OK, "ready", facts)
    if job.phase.has_ended or job.phase is Phase.STOPPING:
        return Finding(Check.JOB, Verdict.FAILED, "over", facts)
    return Finding(Check.JOB, Verdict.WARNING, "on-its-way", facts)


def _time(job: Job, now: datetime) -> Finding:
    left = job.deadline - now
    facts = {"job": job.name, "minutes": str(max(0, int(left.total_seconds()) // 60))}
    if left < SOON:
        return Finding(Check.TIME, Verdict.WARNING, "soon-over", facts)
    return Finding(Check.TIME, Verdict.OK, "left", facts)


def _node(job: Job, seen: Seen) -> list[Finding]:
    facts = {"node": seen.node.id, "alias": job.alias(seen.node.rank)}
    if not seen.connected:
        return [Finding(Check.AGENT, Verdict.FAILED, "lost", facts)]
    found = [Finding(Check.AGENT, Verdict.OK, "connected", facts)]
    if not seen.asked:
        return found
    if seen.answer is None:
        return [*found, Finding(Check.SSHD, Verdict.FAILED, "silent", facts)]
    found.append(Finding(Check.SSHD, Verdict.OK, "answers", facts))
    same = set(seen.answer.host_keys) == set(seen.node.host_keys)
    verdict, code = (Verdict.OK, "pinned") if same else (Verdict.FAILED, "changed")
    return [*found, Finding(Check.HOST_KEY, verdict, code, facts)]
