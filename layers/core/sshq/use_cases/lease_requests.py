"""What the holder of a lease may ask for: sessions, certificates, the state, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.access import (
    CertificateAnswer,
    JobAnswer,
    LeaseStateAnswer,
    ResumeAnswer,
    SessionAnswer,
)
from sshq.domain.jobs import Phase
from sshq.domain.leases import MOST_SESSIONS, SESSION_SETTLES, LeaseEnd, LeaseSession
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_id import request_id
from sshq.use_cases.authorising import entry
from sshq.use_cases.ending import end_lease
from sshq.use_cases.redeem import certificate, lease_facts

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.domain.leases import Lease
    from sshq.ports import Services


def live_lease(services: Services, lease: str) -> tuple[Lease, Job]:
    """The lease and its job, if both still stand."""
    found = services.leases.get(lease)
    if found is None or not found.is_live(services.clock.now()):
        raise Refusal(Reason.LEASE_ENDED)
    job = services.jobs.get(found.job)
    if job is None or not job.is_open or not entry(services, found.owner, job).allowed:
        raise Refusal(Reason.LEASE_ENDED)
    return found, job


def open_session(services: Services, lease: Lease, job: Job, rank: int) -> SessionAnswer:
    """Start an SSM session on one node of the lease's job; it is ended if the lease ended meanwhile."""
    if job.phase is not Phase.READY:
        raise Refusal(Reason.LEASE_ENDED)
    node = next((node for node in job.nodes if node.rank == rank), None)
    if node is None:
        raise Refusal(Reason.UNKNOWN_NODE, rank=str(rank), job=job.name)
    if _open_sessions(services, lease) >= MOST_SESSIONS:
        raise Refusal(Reason.TOO_MANY_SESSIONS, most=str(MOST_SESSIONS))
    access = services.sessions.start(node.id, reason=f"sshq {lease.owner.tag} {lease.id}")
    now = services.clock.now()
    session = LeaseSession(lease=lease.id, id=access.id, node=node.id, started_at=now)
    # Whoever takes the right to enter away does it before they look for sessions to end.
    may_enter = services.leases.add_session(session, now) and entry(services, lease.owner, job)
    if not may_enter or not may_enter.allowed:
        services.sessions.terminate(access.id)
        raise Refusal(Reason.LEASE_ENDED)
    services.audit.record(
        "session-started", actor=lease.owner, job=job.name, lease=lease.id, session=access.id
    )
    return SessionAnswer(
        id=access.id,
        stream_url=access.stream_url,
        token=access.token,
        region=services.settings.region,
        expires_at=lease.expires_at,
    )


def resume_session(services: Services, lease: Lease, session: str) -> ResumeAnswer:
    """A new token and StreamUrl for a session of this lease."""
    _own(services, lease, session)
    access = services.sessions.resume(session)
    return ResumeAnswer(stream_url=access.stream_url, token=access.token)


def close_session(services: Services, lease: Lease, session: str) -> None:
    """End a session of this lease. One that is gone already is success."""
    if any(known.id == session for known in services.leases.sessions(lease.id)):
        services.sessions.terminate(session)
        services.leases.remove_session(lease.id, session)


def close_lease(services: Services, lease: Lease) -> None:
    """The owner gives the lease back."""
    end_lease(services, lease.id, LeaseEnd.BY_OWNER)


def new_certificate(services: Services, lease: Lease) -> CertificateAnswer:
    """Another short certificate, for a lease that outlives the one before."""
    return CertificateAnswer(certificate=certificate(services, lease))


def state(lease: Lease, job: Job) -> LeaseStateAnswer:
    """How things stand."""
    facts = lease_facts(lease, job)
    return LeaseStateAnswer(**facts, job_state=job.phase.value, deadline=job.deadline)


def ask_to_stop(services: Services, lease: Lease, job: Job) -> JobAnswer:
    """Put a `stop` into the commands queue, as if the owner had typed it: this function stops no jobs.

    Until then nobody enters who isn't in already: the worker ends the lease with the job.
    """
    request = request_id(lease.owner.team, services.randomness.token(16).hex())
    message = QueueMessage(
        request=request,
        correlation=request[:12],
        actor=lease.owner,
        verb="stop",
        arguments={"job": job.name},
        answer=Answer(),
        received_at=services.clock.now(),
    )
    services.commands_queue.send(
        message.model_dump_json(), group=message.group, deduplication=request
    )
    return JobAnswer(job=job.name, state=Phase.STOPPING.value)


def _open_sessions(services: Services, lease: Lease) -> int:
    """How many sessions the lease has. At the limit those are forgotten that SSM says are over.

    A connection that ends tells the node's agent, not this API: so rows outlive their sessions.
    """
    known = services.leases.sessions(lease.id)
    if len(known) < MOST_SESSIONS:
        return len(known)
    settled = services.clock.now() - SESSION_SETTLES
    active = {s for node in {row.node for row in known} for s in services.sessions.active(node)}
    over = [row for row in known if row.started_at < settled and row.id not in active]
    for row in over:
        services.leases.remove_session(lease.id, row.id)
    return len(known) - len(over)


def _own(services: Services, lease: Lease, session: str) -> None:
    if not any(known.id == session for known in services.leases.sessions(lease.id)):
        raise Refusal(Reason.LEASE_ENDED)
