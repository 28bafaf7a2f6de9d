"""A job's log as far as it informs. That it can't be read now must keep nobody from acting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sshq.domain.jobs import Job
    from sshq.domain.log_pages import LogLine
    from sshq.domain.records import StageRecord
    from sshq.ports import Services


def records_since(services: Services, job: Job, since: datetime) -> list[StageRecord]:
    """The containers' records; none where the log can't be read.

    Nor any of a container that the job hasn't got: whatever runs in it may write such lines, and what
    is known of each container has to fit into the job's row.
    """
    try:
        found = services.job_logs.records(job.name, since)
    except Exception:  # noqa: BLE001  see above
        Logger(child=True).exception("a job's records can't be read", extra={"job": job.name})
        return []
    return [record for record in found if record.rank < job.shape.count]


def last_lines(services: Services, job: str, most: int) -> Sequence[LogLine]:
    """The last lines that a job's containers printed."""
    try:
        return services.job_logs.tail(job, most).lines
    except Exception:  # noqa: BLE001  see above
        Logger(child=True).exception("a job's log can't be read", extra={"job": job})
        return ()
