"""What is taken away when a job ends or is stopped, a member leaves, or access is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from sshq.domain.leases import LeaseEnd

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from sshq.domain.leases import Lease
    from sshq.ports import Services

# Revoking reaches a live connection within ten seconds: until then throttled calls are repeated,
# later it is the caretaker's.
REVOKE_SECONDS = 8.0
_PAUSE_SECONDS = 0.5


def clean_up(services: Services, job: Job) -> None:
    """Leave nothing through which the job could be entered. Doing it twice does no harm."""
    end_leases_on(services, job)
    if job.activation is not None:
        nodes = {node.id for node in services.nodes.registered(job.activation)}
        for node in sorted(nodes | {node.id for node in job.nodes}):
            services.nodes.deregister(node)
    close_door(services, job)
    services.audit.record("cleaned-up", actor=job.owner, job=job.name)


def leave_nodes(services: Services, job: Job) -> None:
    """SageMaker took the job's instances away and will give others: the old nodes go, leases stay."""
    gone = {node.id for node in job.nodes}
    for member in {lease.owner for lease in services.leases.of_job(job.name)}:
        there = [each.id for each in services.leases.sessions(member) if each.node in gone]
        # One that AWS won't end now ends with its node.
        services.sessions.terminate_all(there)
        services.leases.remove_sessions(member, there)
    for node in sorted(gone):
        services.nodes.deregister(node)


def close_door(services: Services, job: Job) -> None:
    """All nodes are in: nobody else may register, and the code has no reason to lie in S3."""
    if job.activation is not None:
        services.nodes.delete_activation(job.activation)
    if not job.requeued:  # then they are the next attempt's
        services.startup_files.delete(job.prefix)


def end_leases_on(services: Services, job: Job) -> None:
    """Every lease on a job, whoever's."""
    _end(services, services.leases.of_job(job.name), LeaseEnd.JOB_ENDED)


def end_lapsed_leases(services: Services, job: Job) -> None:
    """Those whose own time is up before the job's: the job was shared for so long."""
    now = services.clock.now()
    lapsed = [each for each in services.leases.of_job(job.name) if now >= each.expires_at]
    _end(services, lapsed, LeaseEnd.EXPIRED)


def end_leases_of(
    services: Services, member: Actor, why: LeaseEnd = LeaseEnd.MEMBER_REMOVED
) -> int:
    """Every lease of a member, on whatever job; how many. A removed member gets no new one: call it
    when the membership is gone from the table.
    """
    leases = services.leases.of_member(member)
    _end(services, leases, why)
    return len(leases)


def end_lease(services: Services, lease: str, why: LeaseEnd) -> None:
    """One lease and the sessions that it has."""
    found = services.leases.get(lease)
    if found is not None:
        _end(services, [found], why)


def end_session(services: Services, lease: Lease, session: str) -> bool:
    """One session of a lease. False if the lease has none such (it may be over already)."""
    if not is_of(services, lease, session):
        return False
    if _terminate(services, [session]):
        raise RuntimeError(f"AWS wouldn't end {session}")
    services.leases.remove_sessions(lease.owner, [session])
    services.audit.record("session-ended", actor=lease.owner, lease=lease.id, session=session)
    return True


def is_of(services: Services, lease: Lease, session: str) -> bool:
    """Whether a session was started under this lease, and not ended since."""
    known = services.leases.sessions(lease.owner)
    return any((each.id, each.lease) == (session, lease.id) for each in known)


def finish_endings(services: Services) -> None:
    """The caretaker's: sessions of ended leases that AWS wouldn't end when it was asked."""
    _take_sessions(services, services.leases.ending())


def _end(services: Services, leases: list[Lease], why: LeaseEnd) -> None:
    """First no new session can begin under any of them; then those go that there are.

    AWS's refusals are repeated for a few seconds, and then left to the caretaker: they must not
    keep the caller from what else it ends.
    """
    for lease in leases:
        if services.leases.end(lease.id, why):
            services.audit.record("lease-ended", actor=lease.owner, lease=lease.id, why=why.value)
    _take_sessions(services, leases)


def _take_sessions(services: Services, leases: list[Lease]) -> None:
    open_ones = {
        session.id: session
        for owner in {lease.owner for lease in leases}
        for session in services.leases.sessions(owner)
        if session.lease in {lease.id for lease in leases}
    }
    left = _terminate(services, list(open_ones))
    for lease in leases:
        own = [session.id for session in open_ones.values() if session.lease == lease.id]
        services.leases.remove_sessions(lease.owner, [each for each in own if each not in left])
        if not set(own) & set(left):
            services.leases.settle(lease)


def _terminate(services: Services, sessions: list[str]) -> list[str]:
    """End sessions, again and again for a few seconds; those that AWS wouldn't end."""
    until = services.clock.monotonic() + REVOKE_SECONDS
    left = sessions
    while left := services.sessions.terminate_all(left):
        if services.clock.monotonic() + _PAUSE_SECONDS > until:
            Logger(child=True).error("sessions could not be ended", extra={"sessions": left})
            break
        services.clock.sleep(_PAUSE_SECONDS)
    return left
