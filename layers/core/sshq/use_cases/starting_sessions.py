"""An SSM session under a lease: started, and what is written down and answered of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.access import SessionAnswer
from sshq.domain.audit import Event
from sshq.domain.leases import LeaseSession

if TYPE_CHECKING:
    from sshq.domain.access import NodeAnswer
    from sshq.domain.jobs import Node
    from sshq.domain.leases import Lease
    from sshq.ports import Services, SessionAccess


def start_on(services: Services, lease: Lease, node: Node) -> tuple[SessionAccess, LeaseSession]:
    """A session that runs, and is to be stored before anybody gets its token."""
    access = services.sessions.start(node.id, reason=f"sshq {lease.owner.tag} {lease.id}")
    return access, LeaseSession(
        id=access.id,
        lease=lease.id,
        owner=lease.owner,
        job=lease.job,
        node=node.id,
        rank=node.rank,
        started_at=services.clock.now(),
    )


def session_started(session: LeaseSession) -> Event:
    """For the audit."""
    facts = {"job": session.job, "lease": session.lease, "session": session.id}
    return Event("session-started", session.owner, facts)


def session_answer(
    services: Services, lease: Lease, access: SessionAccess, node: NodeAnswer
) -> SessionAnswer:
    """Enough to open the session's data channel."""
    return SessionAnswer(
        id=access.id,
        stream_url=access.stream_url,
        token=access.token,
        region=services.settings.region,
        expires_at=lease.expires_at,
        node=node,
    )
