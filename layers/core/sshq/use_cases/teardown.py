"""`/sshq teardown`: the plan that takes away what setup made. It is confirmed and made as setup's is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Plan, teardown

if TYPE_CHECKING:
    from sshq.ports import Services


def plan_of_teardown(services: Services) -> Plan:
    """The plan as of this moment. Jobs that are open need what it would take away."""
    open_jobs = services.jobs.open_jobs()
    if open_jobs:
        raise Refusal(Reason.JOBS_STILL_OPEN, jobs=", ".join(job.name for job in open_jobs[:10]))
    return teardown(
        services.settings.names,
        services.account.read(),
        services.setup_memory.get(),
        services.account.leftovers(),
    )
