"""From a ticket to a lease: the key is saved first, so a lost answer or a crash loses nothing."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from sshq_local.api import AccessApi
from sshq_local.atomic_write import write_atomically
from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.first_session import first_session_file
from sshq_local.keys import (
    certificate_valid_before,
    generate_key,
    load_key,
    private_key_file,
    public_key_line,
)
from sshq_local.lease import certificate_from_answer, lease_from_answer
from sshq_local.version import VERSION

if TYPE_CHECKING:
    from sshq_local.lease import Lease
    from sshq_local.lease_store import LeaseStore
    from sshq_local.ticket import Ticket


def redeem(
    ticket: Ticket, store: LeaseStore, *, ca_file: str, now: float, rank: int | None = None
) -> tuple[Lease, bool]:
    """The lease for this ticket, and whether it is new.

    rank: the machine that is connected to next, whose first session may come with the lease.

    A lease that this computer already holds for it is taken up again. Two runs with one ticket take
    turns. Raises Refusal; after one that a retry could mend, the key waits for the retry.
    """
    with store.redeeming(ticket.sha256) as key_file:
        held = store.by_ticket(ticket.sha256, now=now)
        if held is not None:
            store.forget_pending(ticket.sha256)
            return held, False
        if not key_file.exists():
            write_atomically(key_file, private_key_file(generate_key()))
        key = load_key(key_file)
        api = AccessApi(ticket.api, key=key, key_id="redeem", ca_file=ca_file)
        try:
            answer = api.redeem(
                ticket.code, public_key_line(key), version=VERSION, system=sys.platform, rank=rank
            )
        except Refusal as refusal:
            if refusal.exit_code is Exit.REFUSED and refusal.reason != Reason.CLOCK_SKEW:
                store.forget_pending(ticket.sha256)
            raise
        certificate = certificate_from_answer(answer)
        lease = lease_from_answer(
            answer,
            api=ticket.api,
            ticket_sha256=ticket.sha256,
            ca_file=ca_file,
            certificate_expires_at=_valid_before(certificate),
            taken_at=int(now),
        )
        store.add(
            lease,
            private_key=key_file.read_bytes(),
            certificate=certificate,
            first_session=first_session_file(answer.get("session"), rank, received_at=time.time()),
        )
        return lease, True


def renew_certificate(lease: Lease, store: LeaseStore, api: AccessApi) -> Lease:
    """Fetch and keep a new certificate; the lease as it stands then. Raises Refusal."""
    certificate = certificate_from_answer(api.certificate())
    return store.renew(lease, certificate, valid_before=_valid_before(certificate))


def _valid_before(certificate: str) -> int:
    try:
        # "For ever" is 2**64 - 1: more than a lease lasts, and than JSON's readers take.
        return min(certificate_valid_before(certificate), 1 << 40)
    except ValueError as error:
        raise refusal(Reason.BAD_ANSWER, "lease.bad-certificate", why=error) from error
