"""The alarm for a registration too many: the node is kept out or ended, and its people are told once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.jobs import Phase
from sshq.domain.node_starts import followed
from sshq.domain.registrations import Registration, Stranger, Why, have_told, when_ready
from sshq.use_cases.announcing import post_once
from sshq.use_cases.ending import end_leases_on
from sshq.use_cases.reading_logs import records_since
from sshq.use_cases.telling_admins import tell_admins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq.domain.jobs import Job
    from sshq.domain.registrations import Roll
    from sshq.ports import OfAJob, Services

# The log has a container's words some seconds late; what isn't there by then doesn't come any more.
WORDS_COME_WITHIN = timedelta(minutes=10)


def watch_registrations(services: Services, job: Job, nodes: Iterable[OfAJob]) -> Job:
    """The caretaker's look at a ready job. `nodes` are those under its name, of one list of them all."""
    job = _with_late_words(services, job)
    online = [Registration(each.id, each.made_at) for each in nodes if each.online]
    return keep_out(services, job, when_ready(job, online))


def keep_out(services: Services, job: Job, roll: Roll) -> Job:
    """Note who isn't let in, and then do and tell what follows from that; a crash between is made good."""
    fresh = set(roll.strangers) - {each.id for each in job.strangers}
    if fresh:
        job = services.jobs.change(job.name, lambda stored: _noted(stored, roll)) or job
    untold = [each for each in job.strangers if not each.told]
    if untold:
        _act(services, job, untold, again=not fresh)
        told = {each.id for each in untold}
        job = services.jobs.change(job.name, lambda stored: _told(stored, told)) or job
    return job


def _act(services: Services, job: Job, untold: list[Stranger], *, again: bool) -> None:
    for each in untold:
        if each.why.is_certain:
            services.nodes.deregister(each.id)
    if any(each.why is Why.NOT_ITS_CONTAINER for each in untold):
        # It may have been let in before its container was heard.
        end_leases_on(services, job)
    for each in untold:
        services.audit.record(
            "node-too-many", actor=None, job=job.name, node=each.id, why=each.why.value
        )
    key = f"{job.request}-strangers-{len(job.strangers)}"
    view = views.too_many_nodes(job, untold, texts(job.language))
    post_once(services, job.owner, view, key=key, since=job.created_at, again=again)
    here = texts(services.settings.language)
    view = views.too_many_nodes(job, untold, here)
    tell_admins(services, view, but=job.owner, key=key, since=job.created_at if again else None)


def _with_late_words(services: Services, job: Job) -> Job:
    """What the containers say of their start may be read only when the job is ready already."""
    is_late = services.clock.now() - job.phase_since > WORDS_COME_WITHIN
    if is_late or have_told(job.nodes, job.starting):
        return job
    since = next((step.at for step in job.history if step.phase is Phase.PROBING), job.phase_since)
    starting = followed(job.starting, records_since(services, job, since))
    if starting == job.starting:
        return job

    def heard(stored: Job) -> Job | None:
        same_run = (stored.phase, stored.restarts) == (job.phase, job.restarts)
        return stored.model_copy(update={"starting": starting}) if same_run else None

    return services.jobs.change(job.name, heard) or job


def _noted(stored: Job, roll: Roll) -> Job | None:
    known = {each.id for each in stored.strangers}
    fresh = [Stranger(id=i, why=why) for i, why in sorted(roll.strangers.items()) if i not in known]
    if not fresh:
        return None
    nodes = tuple(node for node in stored.nodes if node.id not in roll.strangers)
    return stored.model_copy(update={"strangers": (*stored.strangers, *fresh), "nodes": nodes})


def _told(stored: Job, told: set[str]) -> Job:
    strangers = tuple(
        each.model_copy(update={"told": True}) if each.id in told else each
        for each in stored.strangers
    )
    return stored.model_copy(update={"strangers": strangers})
