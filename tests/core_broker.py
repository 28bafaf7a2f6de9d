"""A ready job, tickets and leases on services in memory: what the broker's tests begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain import tickets
from sshq.domain.access import ClientFacts, LeaseAnswer, RedeemBody
from sshq.domain.job_progress import TrainingStatus
from sshq.domain.queue_message import QueueMessage
from sshq.domain.signatures import NONCE_LIFE, Nonce
from sshq.use_cases import lease_requests
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.redeem import redeem
from tests.core_services import ALICE, MemoryServices

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from sshq.domain.leases import Lease

KEY = "ssh-ed25519 " + "A" * 68


def ready_job(services: MemoryServices, actor: Actor = ALICE, trigger: str = "1") -> Job:
    """A job that its owner asked for, and whose one node is up."""
    before = set(services.jobs.all)
    commands(services, services.message(actor, "run", trigger=trigger))
    (name,) = set(services.jobs.all) - before
    services.training_jobs.status[name] = TrainingStatus("InProgress", "Training")
    activation = services.jobs.all[name].activation
    assert activation
    services.nodes.come_up(activation, f"mi-{len(before) + 1}")
    follow(services, name)
    return services.jobs.all[name]


def a_ticket(services: MemoryServices, job: Job) -> str:
    """The code of a new ticket."""
    code = tickets.ticket_code(services.randomness.token(tickets.ENTROPY_BYTES))
    services.tickets.add(
        tickets.issue(code=code, job=job.name, owner=job.owner, now=services.clock.now())
    )
    return code


def a_nonce(services: MemoryServices, key: str = "key-1") -> Nonce:
    value = services.randomness.token(8).hex()
    return Nonce(key, value, services.clock.now() + NONCE_LIFE)


def redeemed(
    services: MemoryServices,
    code: str,
    key: str = "key-1",
    source: str = "192.0.2.1",
    rank: int | None = None,
) -> LeaseAnswer:
    """The API's answer to a key that came with this code."""
    body = RedeemBody(ticket=code, public_key=KEY, client=ClientFacts(version="0.1.0", os="linux"))
    return redeem(services, body, nonce=a_nonce(services, key), source=source, rank=rank)


def a_lease(services: MemoryServices, job: Job, key: str = "key-1") -> Lease:
    """A live lease on a job."""
    return services.leases.all[redeemed(services, a_ticket(services, job), key).id]


def open_session(services: MemoryServices, lease: Lease, job: Job, rank: int = 0) -> str:
    """The id of a new session."""
    nonce = a_nonce(services, lease.key_fingerprint)
    return lease_requests.open_session(services, lease, job, rank, nonce=nonce).id


def work_off(services: MemoryServices) -> None:
    """What the access API has put into the queue."""
    for body, _, _ in services.commands_queue.sent:
        commands(services, QueueMessage.model_validate_json(body))
