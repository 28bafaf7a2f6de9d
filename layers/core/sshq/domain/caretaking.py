"""What the caretaker decides: whether a job has a reason to be ended, and what nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.idleness import Verdict
from sshq.domain.jobs import EndReason, Phase

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.jobs import Job


def reason_to_stop(job: Job, now: datetime) -> EndReason | None:
    """None: let it run."""
    if not job.is_open or job.phase is Phase.STOPPING:
        return None
    if now >= job.deadline:
        return EndReason.DEADLINE
    if job.is_workbench and any(start.gave_up for start in job.starting):
        # It waits for a user who can't come.
        return EndReason.START_UP_FAILED
    if job.phase is Phase.READY and job.idle(now).verdict is Verdict.STOP:
        return EndReason.IDLE
    return None


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
