"""What the caretaker decides: whether a job has a reason to be ended, and what nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.idleness import Verdict
from sshq.domain.jobs import EndReason, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sshq.domain.jobs import Job

# Multiples of it, modulo 1, leave no large gap between them, however few or many there are.
_GOLDEN = 0.6180339887


def reason_to_stop(job: Job, now: datetime) -> EndReason | None:
    """None: let it run."""
    if not job.is_open or job.phase is Phase.STOPPING:
        return None
    if now >= job.deadline:
        return EndReason.DEADLINE
    if job.phase is Phase.READY:
        return EndReason.IDLE if job.idle(now).verdict is Verdict.STOP else None
    if job.is_workbench and any(start.gave_up for start in job.starting):
        # It waits for a user who can't come.
        return EndReason.START_UP_FAILED
    return None


def in_turn(jobs: Sequence[Job], now: datetime) -> list[Job]:
    """Those that are due first; the others beginning elsewhere each minute, lest the same ones come
    last in every round that ends early.
    """
    due = [job for job in jobs if reason_to_stop(job, now)]
    others = [job for job in jobs if not reason_to_stop(job, now)]
    first = int(now.timestamp() // 60 * _GOLDEN % 1 * len(others))
    return due + others[first:] + others[:first]


def needs_activation(job: Job, activation: str) -> bool:
    """Whether containers of the job may still register by it."""
    if not job.is_open or job.activation != activation:
        return False
    return job.phase is not Phase.READY or job.restarts_anew


def needs_node(job: Job, node: str) -> bool:
    """Whether it is a way into the job. Until that is ready, any node of it may become one."""
    if not job.is_open:
        return False
    return job.phase is not Phase.READY or any(each.id == node for each in job.nodes)
