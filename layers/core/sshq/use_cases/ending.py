"""What is taken away when a job ends or is stopped: leases, sessions, nodes, the activation, the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.leases import LeaseEnd

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.ports import Services


def clean_up(services: Services, job: Job) -> None:
    """Leave nothing through which the job could be entered. Doing it twice does no harm."""
    for lease in services.leases.of_job(job.name):
        end_lease(services, lease.id, LeaseEnd.JOB_ENDED)
    if job.activation is not None:
        nodes = {node.id for node in services.nodes.registered(job.activation)}
        for node in sorted(nodes | {node.id for node in job.nodes}):
            services.nodes.deregister(node)
    close_door(services, job)
    services.audit.record("cleaned-up", actor=job.owner, job=job.name)


def leave_nodes(services: Services, job: Job) -> None:
    """SageMaker took the job's instances away and will give others: the old nodes go, leases stay."""
    gone = {node.id for node in job.nodes}
    for lease in services.leases.of_job(job.name):
        for session in services.leases.sessions(lease.id):
            if session.node in gone:
                services.sessions.terminate(session.id)
                services.leases.remove_session(lease.id, session.id)
    for node in sorted(gone):
        services.nodes.deregister(node)


def close_door(services: Services, job: Job) -> None:
    """All nodes are in: nobody else may register, and the code has no reason to lie in S3."""
    if job.activation is not None:
        services.nodes.delete_activation(job.activation)
    services.startup_files.delete(job.prefix)


def end_lease(services: Services, lease: str, why: LeaseEnd) -> None:
    """End a lease first, so that no new session can begin; then the sessions that it has."""
    if services.leases.end(lease, why):
        services.audit.record("lease-ended", actor=None, lease=lease, why=why.value)
    for session in services.leases.sessions(lease):
        services.sessions.terminate(session.id)
        services.leases.remove_session(lease, session.id)
