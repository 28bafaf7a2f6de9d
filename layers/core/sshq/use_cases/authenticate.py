"""Who sent a request to the access API: the holder of a lease's key, or of a new key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.keys import key_fingerprint
from sshq.domain.preferences import session_rank
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_signatures import Signature, SignedRequest, verify
from sshq.domain.signatures import NONCE_LIFE, Nonce, check_created, check_nonce
from sshq.use_cases.lease_requests import live_lease

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.domain.leases import Lease
    from sshq.ports import Services

REDEEM_KEY_ID = "redeem"


def holder_of(services: Services, request: SignedRequest, lease: str) -> tuple[Lease, Job]:
    """The live lease whose key signed the request. An unknown lease and a wrong key look alike."""
    found, job, nonce = opener_of(services, request, lease)
    if not services.leases.remember_nonce(nonce):
        raise Refusal(Reason.BAD_SIGNATURE)
    return found, job


def opener_of(services: Services, request: SignedRequest, lease: str) -> tuple[Lease, Job, Nonce]:
    """The same for who remembers the nonce with the write that it guards."""
    stored = services.leases.get(lease)
    if stored is None:
        raise Refusal(Reason.BAD_SIGNATURE)
    signature = verify(request, lambda key_id: stored.public_key if key_id == lease else None)
    nonce = _fresh(services, signature, stored.key_fingerprint)
    return *live_lease(services, stored), nonce


def bearer_of(
    services: Services, request: SignedRequest, public_key: str
) -> tuple[Nonce, int | None]:
    """The nonce of a new key (by its fingerprint), which has shown that it holds its private half;
    and the rank of the node on which it prefers a session at once. Only a `Prefer` that is signed
    counts.
    """
    signature = verify(request, lambda key_id: public_key if key_id == REDEEM_KEY_ID else None)
    nonce = _fresh(services, signature, key_fingerprint(public_key))
    return nonce, session_rank(signature.covered.get("prefer", ""))


def _fresh(services: Services, signature: Signature, key: str) -> Nonce:
    now = services.clock.now()
    check_created(signature.created, now)
    check_nonce(signature.nonce)
    return Nonce(key=key, value=signature.nonce, until=now + NONCE_LIFE)
