"""Redeem a ticket: exactly one key gets a lease for it, and that key gets the same one each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from sshq.domain import tickets
from sshq.domain.access import LeaseAnswer, NodeAnswer
from sshq.domain.audit import Event
from sshq.domain.jobs import SSH_PORT, Phase
from sshq.domain.leases import (
    CERTIFICATE_BACKDATE,
    Lease,
    LeaseEnd,
    Redeemed,
    certificate_expiry,
    lease_id,
)
from sshq.domain.rates import refused_tickets
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases import reuse
from sshq.use_cases.authorising import entry
from sshq.use_cases.starting_sessions import session_answer, session_started, start_on

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.access import RedeemBody
    from sshq.domain.jobs import Job, Node
    from sshq.domain.leases import LeaseSession
    from sshq.domain.rates import Rate
    from sshq.domain.signatures import Nonce
    from sshq.domain.tickets import Ticket
    from sshq.ports import Services, SessionAccess

    _First = tuple[SessionAccess, LeaseSession]

# Longer than the slowest refusal takes: so how long one took says nothing of the ticket.
REFUSED_AFTER_SECONDS = 0.5


def redeem(
    services: Services, body: RedeemBody, *, nonce: Nonce, source: str, rank: int | None = None
) -> LeaseAnswer:
    """A lease for the key that signed this request with `nonce`; with `rank` a session as well, on
    the node of that rank.

    Wrong, used, expired and unknown tickets get one and the same refusal, after the same time.
    """
    began = services.clock.monotonic()
    try:
        return _redeem(services, body, nonce, source, rank)
    except Refusal as refusal:
        if refusal.reason is Reason.TICKET_UNUSABLE:
            took = services.clock.monotonic() - began
            services.clock.sleep(max(0.0, REFUSED_AFTER_SECONDS - took))
        raise


def _redeem(
    services: Services, body: RedeemBody, nonce: Nonce, source: str, rank: int | None
) -> LeaseAnswer:
    # What can't be a code is looked up like one that can: the same calls, the same time.
    fingerprint = tickets.fingerprint(tickets.normalise(body.ticket) or "")
    rate = refused_tickets(source, services.clock.now())
    ticket = services.tickets.get(fingerprint)
    job, lease, access = None, None, None
    if ticket is not None:
        job, member, share = services.jobs.get_for(ticket.job, ticket.owner)
        # A ticket outlives neither its holder's membership nor the sharing of the job.
        may_enter = entry(services, ticket.owner, job, member, share) if job else None
        if job and job.nodes and may_enter and may_enter.allowed:
            until = min(job.deadline, may_enter.until or job.deadline)
            wanted = _wanted(services, ticket, body, nonce, until=until, source=source)
            first = _first_session(services, ticket, wanted, job, rank)
            lease, access = _spend(services, wanted, job, nonce, first)
    if lease is None or job is None:
        if ticket is not None:
            services.audit.record(
                "ticket-refused", actor=ticket.owner, job=ticket.job, source=source
            )
        raise _refusal(services, rate)
    answer = lease_answer(services, lease, job)
    if access is None:
        return answer
    node = next(node for node in answer.nodes if node.rank == rank)
    return answer.model_copy(update={"session": session_answer(services, lease, access, node)})


def _wanted(
    services: Services,
    ticket: Ticket,
    body: RedeemBody,
    nonce: Nonce,
    *,
    until: datetime,
    source: str,
) -> Lease:
    return Lease(
        id=lease_id(ticket.fingerprint, nonce.key),
        job=ticket.job,
        owner=ticket.owner,
        public_key=body.public_key,
        key_fingerprint=nonce.key,
        ticket=ticket.fingerprint,
        created_at=services.clock.now(),
        expires_at=until,
        client=f"{body.client.version} {body.client.os}".strip(),
        source=source,
    )


def _first_session(
    services: Services, ticket: Ticket, lease: Lease, job: Job, rank: int | None
) -> _First | None:
    """A session, before the ticket is spent: so that both are stored in one step.

    The lease matters more than its first session: the client can ask for another.
    """
    node = next((node for node in job.nodes if node.rank == rank), None)
    is_fresh = ticket.redeemed_by is None and lease.created_at < ticket.expires_at
    if node is None or not is_fresh or job.phase is not Phase.READY:
        return None
    try:
        return start_on(services, lease, node)
    except Exception:  # noqa: BLE001  whatever AWS says
        Logger(child=True).warning("no first session", extra={"lease": lease.id}, exc_info=True)
        return None


def _spend(
    services: Services, lease: Lease, job: Job, nonce: Nonce, first: _First | None
) -> tuple[Lease | None, SessionAccess | None]:
    """The key's lease, new or again, and the first session if it was stored with it."""
    outcome = _store(services, lease, job, nonce, first[1] if first else None)
    if first and outcome is not Redeemed.NEW:
        # Nobody has its token: one that AWS wouldn't end now ends by itself.
        services.sessions.terminate_all([first[0].id])
        first = None
        if outcome is Redeemed.NO_ROOM:
            outcome = _store(services, lease, job, nonce, None)
    match outcome:
        case Redeemed.NEW:
            return lease, first[0] if first else None
        case Redeemed.SPENT:
            return _again(services, lease, job, nonce), None
        case Redeemed.REPLAYED:
            raise Refusal(Reason.BAD_SIGNATURE)
        case Redeemed.TOO_OFTEN:
            raise _too_often(services, refused_tickets(lease.source, lease.created_at))
        case Redeemed.NOT_ALLOWED | Redeemed.NO_ROOM:
            return None, None


def _store(
    services: Services,
    lease: Lease,
    job: Job,
    nonce: Nonce,
    session: LeaseSession | None,
) -> Redeemed:
    return services.leases.redeem(
        lease,
        nonce,
        source=refused_tickets(lease.source, lease.created_at),
        now=lease.created_at,
        shared=not job.owner.is_same(lease.owner),
        session=session,
        events=[_redeemed(lease), *([session_started(session)] if session else [])],
    )


def _redeemed(lease: Lease) -> Event:
    facts = {"job": lease.job, "lease": lease.id, "source": lease.source}
    return Event("redeemed", lease.owner, facts)


def _again(services: Services, lease: Lease, job: Job, nonce: Nonce) -> Lease | None:
    """The ticket can't be spent now: this key may have spent it before, and lost the answer."""
    ticket = services.tickets.get(lease.ticket)
    if ticket is None or ticket.redeemed_by is None:
        return None
    if ticket.redeemed_by != nonce.key:
        _another_key(services, ticket, lease)
        return None
    if not services.leases.remember_nonce(nonce):
        raise Refusal(Reason.BAD_SIGNATURE)
    stored = services.leases.get(lease.id)
    if stored is None or not stored.is_live(services.clock.now()) or job.phase is not Phase.READY:
        return None
    event = _redeemed(stored)
    facts = dict(event.facts) | {"source": lease.source}
    services.audit.record(event.name, actor=event.actor, **facts)
    return stored


def _another_key(services: Services, ticket: Ticket, thief: Lease) -> None:
    """One of the two keys isn't the owner's, so both are out. The worker does what takes longer."""
    if ticket.lease is not None and services.leases.end(ticket.lease, LeaseEnd.TICKET_REUSED):
        services.audit.record(
            "lease-ended",
            actor=None,
            lease=ticket.lease,
            why=LeaseEnd.TICKET_REUSED.value,
            source=thief.source,
        )
    reuse.report(services, ticket, thief)


def _refusal(services: Services, rate: Rate) -> Refusal:
    if services.rates.count(rate) > rate.most:
        return _too_often(services, rate)
    return Refusal(Reason.TICKET_UNUSABLE)


def _too_often(services: Services, rate: Rate) -> Refusal:
    minutes = rate.minutes_left(services.clock.now())
    return Refusal(Reason.TOO_MANY_ATTEMPTS, minutes=minutes)


def lease_answer(services: Services, lease: Lease, job: Job) -> LeaseAnswer:
    """The lease with its nodes and a new certificate."""
    return LeaseAnswer(**lease_facts(lease, job), certificate=certificate(services, lease, job))


def lease_facts(lease: Lease, job: Job) -> dict[str, Any]:
    """The fields of access.LeaseFacts. Images of one job share their login user."""
    return {
        "id": lease.id,
        "job": job.name,
        "owner": lease.owner.tag,
        "expires_at": lease.expires_at,
        "nodes": tuple(node_answer(job, node) for node in job.nodes),
        "login_user": job.nodes[0].login_user if job.nodes else "root",
        "ports": {"ssh": SSH_PORT},
    }


def node_answer(job: Job, node: Node) -> NodeAnswer:
    """A node as a laptop needs to know it."""
    return NodeAnswer(
        rank=node.rank, alias=job.alias(node.rank), id=node.id, host_keys=node.host_keys
    )


def certificate(services: Services, lease: Lease, job: Job) -> str:
    """A short SSH certificate: principal = the job, id = who and which job."""
    now = services.clock.now()
    return services.ca.sign_user(
        lease.public_key,
        principal=lease.job,
        key_id=f"{lease.owner.tag} {lease.job} {lease.id}",
        valid_after=now - CERTIFICATE_BACKDATE,
        valid_before=certificate_expiry(lease, now),
        trusted=job.ca_keys,
    )
