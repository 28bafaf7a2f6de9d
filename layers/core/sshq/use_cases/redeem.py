"""Redeem a ticket: exactly one key gets a lease for it, and that key gets the same one each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.domain import tickets
from sshq.domain.access import LeaseAnswer, NodeAnswer
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

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.access import RedeemBody
    from sshq.domain.jobs import Job, Node
    from sshq.domain.rates import Rate
    from sshq.domain.signatures import Nonce
    from sshq.domain.tickets import Ticket
    from sshq.ports import Services

# Longer than the slowest refusal takes: so how long one took says nothing of the ticket.
REFUSED_AFTER_SECONDS = 0.5


def redeem(services: Services, body: RedeemBody, *, nonce: Nonce, source: str) -> LeaseAnswer:
    """A lease for the key that signed this request with `nonce`.

    Wrong, used, expired and unknown tickets get one and the same refusal, after the same time.
    """
    began = services.clock.monotonic()
    try:
        return _redeem(services, body, nonce, source)
    except Refusal as refusal:
        if refusal.reason is Reason.TICKET_UNUSABLE:
            took = services.clock.monotonic() - began
            services.clock.sleep(max(0.0, REFUSED_AFTER_SECONDS - took))
        raise


def _redeem(services: Services, body: RedeemBody, nonce: Nonce, source: str) -> LeaseAnswer:
    # What can't be a code is looked up like one that can: the same calls, the same time.
    fingerprint = tickets.fingerprint(tickets.normalise(body.ticket) or "")
    rate = refused_tickets(source, services.clock.now())
    ticket = services.tickets.get(fingerprint)
    job, lease = None, None
    if ticket is not None:
        job, member = services.jobs.get_for(ticket.job, ticket.owner)
        # A ticket outlives neither its holder's membership nor the sharing of the job.
        may_enter = entry(services, ticket.owner, job, member) if job else None
        if job and job.nodes and may_enter and may_enter.allowed:
            until = min(job.deadline, may_enter.until or job.deadline)
            wanted = _wanted(services, ticket, body, nonce, until=until, source=source)
            lease = _spend(services, wanted, job, nonce, rate)
    if lease is None or job is None:
        if ticket is not None:
            services.audit.record(
                "ticket-refused", actor=ticket.owner, job=ticket.job, source=source
            )
        raise _refusal(services, rate)
    services.audit.record(
        "redeemed", actor=lease.owner, job=job.name, lease=lease.id, source=source
    )
    return lease_answer(services, lease, job)


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


def _spend(services: Services, lease: Lease, job: Job, nonce: Nonce, rate: Rate) -> Lease | None:
    """The key's lease, new or again; None if there is none for it."""
    shared = not job.owner.is_same(lease.owner)
    now = lease.created_at
    match services.leases.redeem(lease, nonce, source=rate, now=now, shared=shared):
        case Redeemed.NEW:
            return lease
        case Redeemed.SPENT:
            return _again(services, lease, job, nonce)
        case Redeemed.REPLAYED:
            raise Refusal(Reason.BAD_SIGNATURE)
        case Redeemed.TOO_OFTEN:
            raise _too_often(services, rate)
        case Redeemed.NOT_ALLOWED:
            return None


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
