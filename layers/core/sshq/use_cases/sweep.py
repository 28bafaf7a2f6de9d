"""The caretaker's round: one look at each job, and a stop for those that have a reason to end."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from sshq.domain.caretaking import in_turn, reason_to_stop
from sshq.domain.jobs import Phase
from sshq.use_cases.ending import end_lapsed_leases
from sshq.use_cases.follow import follow
from sshq.use_cases.going_on import tell_times
from sshq.use_cases.orphans import EVERY_MINUTES, find_orphans
from sshq.use_cases.stop import stop_job
from sshq.use_cases.too_many import watch_registrations
from sshq.use_cases.waiting import call, show_places
from sshq.use_cases.watch_idleness import watch_idleness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sshq.domain.jobs import Job
    from sshq.ports import OfAJob, Services

# A stop that a job's submission overtook is asked for again.
STOPS_WITHIN = timedelta(minutes=1)
# Of a function's minute; the rest is for orphans, the waiting room and what else a round does.
LOOKS_SECONDS = 35.0


def sweep(services: Services) -> list[str]:
    """Look after every job; the names of those where that failed (the next round tries again).

    Where there are more jobs than a round has time for, each round leaves out others.
    """
    failed = []
    jobs = in_turn(services.jobs.unsettled(), services.clock.now())
    nodes = _nodes_of_ready(services, jobs)
    until = services.clock.monotonic() + LOOKS_SECONDS
    for number, job in enumerate(jobs):
        if services.clock.monotonic() > until:
            left = len(jobs) - number
            Logger(child=True).warning("jobs are left for the next round", extra={"jobs": left})
            break
        try:
            _look_after(services, job, nodes.get(job.name, ()))
        except Exception:  # noqa: BLE001  one sick job must not keep the others from their care
            Logger(child=True).exception("a job could not be looked after", extra={"job": job.name})
            failed.append(job.name)
    if services.clock.now().minute % EVERY_MINUTES == 0:
        failed += find_orphans(services)
    try:
        if call(services):
            show_places(services)
    except Exception:  # noqa: BLE001
        Logger(child=True).exception("the waiting room could not be looked after")
        failed.append("the waiting room")
    return failed


def _nodes_of_ready(services: Services, jobs: list[Job]) -> Mapping[str, list[OfAJob]]:
    """The stack's nodes by job, in one list: to ask for each job's would cost a call for each."""
    found: dict[str, list[OfAJob]] = defaultdict(list)
    if any(job.phase is Phase.READY for job in jobs):
        try:
            for node in services.nodes.all_nodes():
                found[node.job].append(node)
        except Exception:  # noqa: BLE001  a list that can't be had keeps no job from its care
            Logger(child=True).exception("the nodes could not be listed")
    return found


def _look_after(services: Services, job: Job, nodes: Iterable[OfAJob]) -> None:
    services.audit.begin("")
    try:
        current = _watch(services, job, nodes)
    except Exception:
        # Whatever can't be read or told: what is due ends all the same.
        _end_what_is_due(services, services.jobs.get(job.name) or job)
        raise
    if current is not None and not _end_what_is_due(services, current):
        tell_times(services, current)


def _watch(services: Services, job: Job, nodes: Iterable[OfAJob]) -> Job | None:
    """The job as it is found; None where nothing is left to decide about it."""
    current = follow(services, job.name)
    if current is None or not current.is_open:
        return None
    if current.phase is Phase.STOPPING:
        # Without a reason nobody stopped it: it has done its work, and SageMaker puts that into S3.
        was_asked = current.end_reason is not None
        if was_asked and services.clock.now() - current.phase_since >= STOPS_WITHIN:
            services.training_jobs.stop(current.name)
        return None
    if job.phase is Phase.READY and (current.phase, current.restarts) == (job.phase, job.restarts):
        current = watch_registrations(services, current, nodes)
    return watch_idleness(services, current)


def _end_what_is_due(services: Services, job: Job) -> bool:
    """End the job, or those ways into it whose own time is up. Whether the job ends."""
    reason = reason_to_stop(job, services.clock.now())
    if reason is None:
        end_lapsed_leases(services, job)
        return False
    services.audit.record("caretaker-stops", actor=None, job=job.name, reason=reason.value)
    stop_job(services, job, reason)
    return True
