"""What the holder of a lease may ask for: sessions, certificates, the state, the end."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from sshq.domain import extending
from sshq.domain.access import (
    CertificateAnswer,
    JobAnswer,
    LeaseStateAnswer,
    LogAnswer,
    LogLineAnswer,
    ResumeAnswer,
    SessionFacts,
    SessionsAnswer,
)
from sshq.domain.costs import cost_so_far
from sshq.domain.jobs import Phase
from sshq.domain.leases import (
    MOST_SESSIONS,
    SESSION_SETTLES,
    LeaseEnd,
    SessionAdded,
    not_active,
)
from sshq.domain.money import MICROS
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_id import request_id
from sshq.use_cases.authorising import entry
from sshq.use_cases.ending import end_lease, end_session, is_of
from sshq.use_cases.redeem import certificate, lease_facts, node_answer
from sshq.use_cases.starting_sessions import session_answer, session_started, start_on

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.access import SessionAnswer
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job, Node
    from sshq.domain.leases import Lease, LeaseSession
    from sshq.domain.signatures import Nonce
    from sshq.ports import Services, SessionAccess


def live_lease(services: Services, lease: Lease) -> tuple[Lease, Job]:
    """The lease and its job, if both still stand."""
    if not lease.is_live(services.clock.now()):
        raise Refusal(Reason.LEASE_ENDED)
    job, member, share = services.jobs.get_for(lease.job, lease.owner)
    may = entry(services, lease.owner, job, member, share) if job else None
    if not job or not job.is_open or not may or not may.allowed:
        raise Refusal(Reason.LEASE_ENDED)
    return lease, job


def open_session(
    services: Services, lease: Lease, job: Job, rank: int, *, nonce: Nonce
) -> SessionAnswer:
    """Start an SSM session on one node of the lease's job.

    It is ended again if the lease ended meanwhile, or if the member has as many as they may.
    """
    if job.phase is not Phase.READY:
        raise Refusal(Reason.LEASE_ENDED)
    node = next((node for node in job.nodes if node.rank == rank), None)
    if node is None:
        raise Refusal(Reason.UNKNOWN_NODE, rank=str(rank), job=job.name)
    access, outcome = _start(services, lease, node, nonce)
    if outcome is SessionAdded.TOO_MANY and forget_those_over(services, lease.owner):
        access, outcome = _start(services, lease, node, nonce)
    match outcome:
        case SessionAdded.ADDED:
            pass
        case SessionAdded.LEASE_ENDED:
            raise Refusal(Reason.LEASE_ENDED)
        case SessionAdded.REPLAYED:
            raise Refusal(Reason.BAD_SIGNATURE)
        case SessionAdded.TOO_MANY:
            raise Refusal(Reason.TOO_MANY_SESSIONS, most=str(MOST_SESSIONS))
    return session_answer(services, lease, access, node_answer(job, node))


def _start(
    services: Services, lease: Lease, node: Node, nonce: Nonce
) -> tuple[SessionAccess, SessionAdded]:
    access, session = start_on(services, lease, node)
    outcome = services.leases.add_session(
        session, nonce, now=session.started_at, events=[session_started(session)]
    )
    if outcome is not SessionAdded.ADDED:
        # Nobody has its token: one that AWS wouldn't end now ends by itself.
        services.sessions.terminate_all([access.id])
    return access, outcome


def forget_those_over(services: Services, member: Actor) -> list[LeaseSession]:
    """Forget a member's sessions that SSM says are over; those that are forgotten."""
    known = services.leases.sessions(member)
    active = {
        each for node in {row.node for row in known} for each in services.sessions.active(node)
    }
    young, over = not_active(known, active, services.clock.now())
    # One that isn't listed yet and one that is over already look alike, but for SSM's history.
    since = min((row.started_at for row in young), default=services.clock.now()) - SESSION_SETTLES
    ended = {
        each
        for node in {row.node for row in young}
        for each in services.sessions.ended(node, since=since)
    }
    over += [row for row in young if row.id in ended]
    services.leases.remove_sessions(member, [row.id for row in over])
    return over


def list_sessions(services: Services, lease: Lease) -> SessionsAnswer:
    """The open sessions of this lease."""
    forget_those_over(services, lease.owner)
    return SessionsAnswer(
        sessions=tuple(
            SessionFacts(id=each.id, rank=each.rank, node=each.node, started_at=each.started_at)
            for each in services.leases.sessions(lease.owner)
            if each.lease == lease.id
        )
    )


def resume_session(services: Services, lease: Lease, session: str) -> ResumeAnswer:
    """A new token and StreamUrl for a session of this lease."""
    if not is_of(services, lease, session):
        raise Refusal(Reason.LEASE_ENDED)
    access = services.sessions.resume(session)
    return ResumeAnswer(stream_url=access.stream_url, token=access.token)


def close_session(services: Services, lease: Lease, session: str) -> None:
    """End a session of this lease. One that is gone already is success."""
    end_session(services, lease, session)


def close_lease(services: Services, lease: Lease) -> None:
    """The owner gives the lease back."""
    end_lease(services, lease.id, LeaseEnd.BY_OWNER)


def new_certificate(services: Services, lease: Lease, job: Job) -> CertificateAnswer:
    """Another short certificate, for a lease that outlives the one before."""
    services.audit.record("certificate", actor=lease.owner, job=job.name, lease=lease.id)
    return CertificateAnswer(certificate=certificate(services, lease, job))


def state(services: Services, lease: Lease, job: Job) -> LeaseStateAnswer:
    """How things stand."""
    facts = lease_facts(lease, job)
    cost = cost_so_far(job, services.clock.now())
    return LeaseStateAnswer(
        **facts,
        job_state=job.phase.value,
        deadline=job.deadline,
        cost_so_far=None if cost is None else cost / MICROS,
        currency=job.currency,
    )


def ask_to_stop(services: Services, lease: Lease, job: Job) -> JobAnswer:
    """Ask for a `stop` as if the owner had typed it: this function stops no jobs.

    Until then nobody enters who isn't in already: the worker ends the lease with the job.
    """
    _ask(services, lease, "stop", job=job.name)
    return JobAnswer(job=job.name, state=Phase.STOPPING.value, deadline=job.deadline)


def ask_to_extend(services: Services, lease: Lease, job: Job, until: datetime) -> JobAnswer:
    """Ask for an `extend`, once it is sure that nothing speaks against it."""
    if not job.owner.is_same(lease.owner):
        # Whoever was let in by a share may enter, and no more.
        raise Refusal(Reason.NOT_YOUR_JOB, job=job.name)
    try:
        deadline = until.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        # In the first and the last year there are moments that UTC has no name for.
        raise Refusal(Reason.BAD_REQUEST, problem=f"until: {until} is no deadline") from None
    extending.check(job, deadline)
    _ask(services, lease, "extend", job=job.name, until=deadline.isoformat())
    return JobAnswer(job=job.name, state=job.phase.value, deadline=deadline)


def read_log(services: Services, job: Job, *, tail: int, after: str) -> LogAnswer:
    """The last lines of the job's log; with `after`, what was printed since an earlier answer."""
    logs = services.job_logs
    page = logs.after(job.name, after, tail) if after else logs.tail(job.name, tail)
    lines = tuple(LogLineAnswer(at=line.at, node=line.node, text=line.text) for line in page.lines)
    return LogAnswer(lines=lines, next=page.next)


def _ask(services: Services, lease: Lease, verb: str, **arguments: str) -> None:
    """Put a command of the lease's holder into the queue."""
    request = request_id(lease.owner.team, services.randomness.token(16).hex())
    message = QueueMessage(
        request=request,
        correlation=request[:12],
        actor=lease.owner,
        verb=verb,
        arguments=arguments,
        answer=Answer(),
        received_at=services.clock.now(),
    )
    services.commands_queue.send(
        message.model_dump_json(), group=message.group, deduplication=request
    )
