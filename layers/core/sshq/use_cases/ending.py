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
        services.nodes.delete_activation(job.activation)
    services.startup_files.delete(job.prefix)
    services.audit.record("cleaned-up", actor=job.owner, job=job.name)


def end_lease(services: Services, lease: str, why: LeaseEnd) -> None:
    """End a lease first, so that no new session can begin; then the sessions that it has."""
    if services.leases.end(lease, why):
        services.audit.record("lease-ended", actor=None, lease=lease, why=why.value)
    for session in services.leases.sessions(lease):
        services.sessions.terminate(session.id)
        services.leases.remove_session(lease, session.id)
