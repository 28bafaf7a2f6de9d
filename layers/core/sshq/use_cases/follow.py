"""Follow a job: ask SageMaker and SSM how far it is, write that down, and show it.

Called for an event, for every tick of the caretaker, and again and again while a job starts. Each
call is one look; all that it does can be done twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.domain.job_progress import NodeState, TrainingStatus, phase_of, ready_nodes
from sshq.domain.jobs import Phase
from sshq.use_cases.ending import clean_up
from sshq.use_cases.mint import show_ticket

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.ports import Services

LOOK_AGAIN_SECONDS = 2.0


def follow(services: Services, name: str) -> Job | None:
    """One look at one job. Returns it as it is now; None for a job that isn't this stack's."""
    job = services.jobs.get(name)
    if job is None or not job.is_open:
        return job
    status = services.training_jobs.describe(name)
    if status is None:
        return job
    nodes = _look_at_nodes(services, job, status)
    phase = phase_of(status, nodes, wanted=job.shape.count)
    if phase.has_ended:
        # Before the job counts as ended: nobody looks at it afterwards, and this can be done twice.
        clean_up(services, job)
    moved = services.jobs.change(
        name, lambda stored: _moved(stored, phase, status, nodes, services)
    )
    if moved is None:
        return services.jobs.get(name)
    _react(services, moved)
    return moved


def follow_until_ready(services: Services, name: str, *, seconds: float) -> None:
    """Look every two seconds while the job's container starts, at most for `seconds`."""
    until = services.clock.now().timestamp() + seconds
    while True:
        job = follow(services, name)
        if job is None or job.phase is not Phase.REGISTERING:
            return
        if services.clock.now().timestamp() + LOOK_AGAIN_SECONDS > until:
            return
        services.clock.sleep(LOOK_AGAIN_SECONDS)


def _look_at_nodes(services: Services, job: Job, status: TrainingStatus) -> list[NodeState]:
    if status.secondary != "Training" or job.phase is Phase.READY or job.activation is None:
        return []
    return [
        _look_at_node(services, node.id, online=node.online)
        for node in services.nodes.registered(job.activation)
    ]


def _look_at_node(services: Services, node: str, *, online: bool) -> NodeState:
    connected = online and services.nodes.is_connected(node)
    probed = services.nodes.probe(node) if connected else None
    return NodeState(id=node, online=online, connected=connected, probed=probed)


def _moved(
    job: Job, phase: Phase, status: TrainingStatus, nodes: list[NodeState], services: Services
) -> Job | None:
    if not job.phase.may_become(phase):
        return None
    now = services.clock.now()
    update: dict[str, object] = {"phase": phase, "phase_since": now}
    if phase is Phase.READY:
        update["nodes"] = ready_nodes(nodes)
    if phase.has_ended:
        update |= {"ended_at": now, "failure": status.failure or None, "settled": True}
    return job.model_copy(update=update)


def _react(services: Services, job: Job) -> None:
    if job.phase is Phase.READY:
        # All nodes are in: nobody else may register, and the code has no reason to lie in S3.
        if job.activation:
            services.nodes.delete_activation(job.activation)
        services.startup_files.delete(job.prefix)
        services.audit.record(
            "ready", actor=job.owner, job=job.name, nodes=",".join(n.id for n in job.nodes)
        )
    show(services, job)
    if job.phase is Phase.READY:
        show_ticket(services, job, job.response_url)


def show(services: Services, job: Job) -> None:
    """Bring the job's living message up to date."""
    if job.message is not None:
        services.chat.update(job.message, views.job(job, services.clock.now()))
