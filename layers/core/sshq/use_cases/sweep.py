"""The caretaker's round: one look at each open job, and a stop for those past their deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from sshq.domain.jobs import Phase
from sshq.use_cases.follow import follow
from sshq.use_cases.stop import stop_job

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.ports import Services


def sweep(services: Services) -> list[str]:
    """Look after every open job; the names of those where that failed (the next round tries again)."""
    failed = []
    for job in services.jobs.open_jobs():
        try:
            _look_after(services, job)
        except Exception:  # noqa: BLE001  one sick job must not keep the others from their care
            Logger(child=True).exception("a job could not be looked after", extra={"job": job.name})
            failed.append(job.name)
    return failed


def _look_after(services: Services, job: Job) -> None:
    current = follow(services, job.name)
    if current is None or not current.is_open or current.phase is Phase.STOPPING:
        return
    if services.clock.now() >= current.deadline:
        services.audit.record("deadline", actor=None, job=current.name)
        stop_job(services, current)
