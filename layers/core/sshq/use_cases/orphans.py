"""What no event and no round saw go: activations, nodes, files and leases of jobs that are over.

Only what bears this stack's tag is listed, and only what no open job needs is taken away.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from sshq.domain.caretaking import needs_activation, needs_node
from sshq.use_cases.ending import clean_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sshq.domain.jobs import Job
    from sshq.ports import OfAJob, Services

# What is younger may belong to a job that is being made or unmade at this moment.
GRACE = timedelta(minutes=15)
# How often it is looked for; and how long after its end a job is cleaned up once more.
EVERY_MINUTES = 10
SECOND_LOOK = (timedelta(minutes=10), timedelta(minutes=30))


def find_orphans(services: Services) -> list[str]:
    """Take them away; what failed. It is tried again with the next round, and keeps nothing else."""
    now = services.clock.now()
    jobs: dict[str, Job | None] = {}
    failed: list[str] = []

    def orphans(found: list[OfAJob], is_needed: Callable[[Job, str], bool]) -> list[OfAJob]:
        old = [each for each in found if now - each.made_at >= GRACE]
        for each in old:
            if each.job not in jobs:
                jobs[each.job] = services.jobs.get(each.job)
        return [e for e in old if (job := jobs[e.job]) is None or not is_needed(job, e.id)]

    def activations() -> None:
        for activation in orphans(services.nodes.all_activations(), needs_activation):
            with _tried(activation.id, failed):
                _tell(services, "activation", activation)
                services.nodes.delete_activation(activation.id)

    def nodes() -> None:
        for node in orphans(services.nodes.all_nodes(), needs_node):
            with _tried(node.id, failed):
                _tell(services, "node", node)
                services.nodes.deregister(node.id)

    def ended_jobs() -> None:
        since, until = now - SECOND_LOOK[1], now - SECOND_LOOK[0]
        # Those whose instances are kept stand among the open ones.
        pooled = [job for job in services.jobs.unsettled() if job.may_keep_pool]
        for ended in services.jobs.ended_jobs(since=since, until=until) + pooled:
            with _tried(ended.name, failed):
                clean_up(services, ended)

    for take_away in (activations, nodes, ended_jobs):
        with _tried(take_away.__name__, failed):
            take_away()
    return failed


@contextmanager
def _tried(name: str, failed: list[str]) -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001  one that can't be taken away must not keep the others
        Logger(child=True).exception("an orphan could not be taken away", extra={"orphan": name})
        failed.append(name)


def _tell(services: Services, what: str, orphan: OfAJob) -> None:
    services.audit.record("orphan", actor=None, what=what, id=orphan.id, job=orphan.job)
    Logger(child=True).warning(
        "an orphan is taken away", extra={"what": what, "id": orphan.id, "job": orphan.job}
    )
