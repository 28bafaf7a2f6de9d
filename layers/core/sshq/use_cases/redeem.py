"""Redeem a ticket: exactly one key gets a lease for it, and that key gets the same one each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain import tickets
from sshq.domain.access import LeaseAnswer, NodeAnswer
from sshq.domain.jobs import SSH_PORT, Phase
from sshq.domain.leases import CERTIFICATE_BACKDATE, Lease, LeaseEnd, certificate_expiry, lease_id
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.authorising import entry
from sshq.use_cases.ending import end_lease

if TYPE_CHECKING:
    from sshq.domain.access import RedeemBody
    from sshq.domain.jobs import Job
    from sshq.domain.tickets import Ticket
    from sshq.ports import Services


def redeem(
    services: Services, body: RedeemBody, *, key_fingerprint: str, source: str
) -> LeaseAnswer:
    """A lease for the key that signed this request.

    Wrong, used, expired and unknown tickets get one and the same refusal.
    """
    code = tickets.normalise(body.ticket)
    ticket = services.tickets.get(tickets.fingerprint(code)) if code else None
    if ticket is None:
        raise Refusal(Reason.TICKET_UNUSABLE)
    lease = _spend(services, ticket, body, key_fingerprint, source)
    job = services.jobs.get(ticket.job)
    if job is None or job.phase is not Phase.READY or not lease.is_live(services.clock.now()):
        raise Refusal(Reason.TICKET_UNUSABLE)
    services.audit.record(
        "redeemed", actor=lease.owner, job=job.name, lease=lease.id, source=source
    )
    return lease_answer(services, lease, job)


def _spend(services: Services, ticket: Ticket, body: RedeemBody, key: str, source: str) -> Lease:
    now = services.clock.now()
    wanted = lease_id(ticket.fingerprint, key)
    job = services.jobs.get(ticket.job)
    if job is None or job.phase is not Phase.READY:
        raise Refusal(Reason.TICKET_UNUSABLE)
    # A ticket outlives neither its holder's membership nor the sharing of the job.
    may_enter = entry(services, ticket.owner, job)
    if not may_enter.allowed:
        raise Refusal(Reason.TICKET_UNUSABLE)
    spent = services.tickets.spend(ticket.fingerprint, key=key, lease=wanted, now=now)
    if not spent:
        stored = services.tickets.get(ticket.fingerprint)
        if stored is None or stored.redeemed_by is None:
            raise Refusal(Reason.TICKET_UNUSABLE)
        if stored.redeemed_by != key:
            _alarm(services, stored, job, source)
            raise Refusal(Reason.TICKET_UNUSABLE)
    return services.leases.add(
        Lease(
            id=wanted,
            job=ticket.job,
            owner=ticket.owner,
            public_key=body.public_key,
            key_fingerprint=key,
            ticket=ticket.fingerprint,
            created_at=now,
            expires_at=min(job.deadline, may_enter.until or job.deadline),
            client=f"{body.client.version} {body.client.os}".strip(),
            source=source,
        )
    )


def _alarm(services: Services, ticket: Ticket, job: Job, source: str) -> None:
    """Another key on a spent ticket: one of the two isn't the owner, so both are out."""
    if ticket.lease is not None:
        end_lease(services, ticket.lease, LeaseEnd.TICKET_REUSED)
    services.audit.record("ticket-reused", actor=ticket.owner, job=job.name, source=source)
    services.chat.post(
        services.chat.direct_message(ticket.owner.user),
        views.ticket_reused(job, source, texts(job.language)),
    )


def lease_answer(services: Services, lease: Lease, job: Job) -> LeaseAnswer:
    """The lease with its nodes and a new certificate."""
    return LeaseAnswer(**lease_facts(lease, job), certificate=certificate(services, lease))


def lease_facts(lease: Lease, job: Job) -> dict[str, Any]:
    """The fields of access.LeaseFacts. Images of one job share their login user."""
    return {
        "id": lease.id,
        "job": job.name,
        "owner": lease.owner.tag,
        "expires_at": lease.expires_at,
        "nodes": tuple(
            NodeAnswer(rank=n.rank, alias=job.alias(n.rank), id=n.id, host_keys=n.host_keys)
            for n in job.nodes
        ),
        "login_user": job.nodes[0].login_user if job.nodes else "root",
        "ports": {"ssh": SSH_PORT},
    }


def certificate(services: Services, lease: Lease) -> str:
    """A short SSH certificate: principal = the job, id = who and which job."""
    now = services.clock.now()
    return services.ca.sign_user(
        lease.public_key,
        principal=lease.job,
        key_id=f"{lease.owner.tag} {lease.job} {lease.id}",
        valid_after=now - CERTIFICATE_BACKDATE,
        valid_before=certificate_expiry(lease, now),
    )
