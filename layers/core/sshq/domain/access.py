"""What the access API takes and gives: the JSON bodies, typed. Its OpenAPI document is made of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from sshq.domain.model import Model
from sshq.domain.money import Currency


class ClientFacts(Model):
    """What the client says of itself; kept for the audit, trusted for nothing."""

    version: Annotated[str, StringConstraints(max_length=40)] = ""
    os: Annotated[str, StringConstraints(max_length=40)] = ""


class RedeemBody(Model):
    """POST /v1/redeem"""

    ticket: Annotated[str, StringConstraints(max_length=64)]
    public_key: Annotated[
        str,
        StringConstraints(pattern=r"^ssh-ed25519 [A-Za-z0-9+/=]{68}( .*)?$", max_length=300),
    ]
    client: ClientFacts = ClientFacts()


class SessionBody(Model):
    """POST /v1/leases/{id}/sessions"""

    rank: int = Field(default=0, ge=0, le=64)


class NodeAnswer(Model):
    """A node that the lease reaches, and the host keys to pin."""

    rank: int
    alias: str
    id: str
    host_keys: tuple[str, ...]


class LeaseFacts(Model):
    """What both answers about a lease say of it."""

    id: str
    job: str
    owner: str
    expires_at: datetime
    nodes: tuple[NodeAnswer, ...]
    login_user: str
    ports: dict[str, int]


class SessionAnswer(Model):
    """POST /v1/leases/{id}/sessions: enough to open the data channel without AWS credentials.

    `node` is the one that it leads to: after SageMaker took instances back it is another than the
    lease was redeemed for, with other host keys to pin.
    """

    id: str
    stream_url: str
    token: str
    region: str
    expires_at: datetime
    node: NodeAnswer


class LeaseAnswer(LeaseFacts):
    """A lease as the laptop keeps it.

    `session` is one on the node that the request preferred: the client then needs no second request
    for its first connection. None if it preferred none, if the lease was given before, or if the
    session couldn't be had: the lease stands all the same.
    """

    certificate: str
    session: SessionAnswer | None = None


class LeaseStateAnswer(LeaseFacts):
    """GET /v1/leases/{id}. `cost_so_far`, in `currency`, is None where no price is known."""

    job_state: str
    deadline: datetime
    cost_so_far: float | None = None
    currency: Currency = Currency.USD


class SessionFacts(Model):
    """An open session, without what opens its data channel."""

    id: str
    rank: int
    node: str
    started_at: datetime


class SessionsAnswer(Model):
    """GET /v1/leases/{id}/sessions"""

    sessions: tuple[SessionFacts, ...]


class ResumeAnswer(Model):
    """POST /v1/leases/{id}/sessions/{sid}/resume"""

    stream_url: str
    token: str


class CertificateAnswer(Model):
    """POST /v1/leases/{id}/certificate"""

    certificate: str


class Problem(Model):
    """Every refusal (RFC 9457). `type` is stable; `detail` says what happened and why, `next` what
    to do now.
    """

    type: Annotated[str, StringConstraints(pattern=r"^urn:sshq:refusal:[a-z-]+$")]
    title: str
    status: int
    detail: str
    next: str


class JobAnswer(Model):
    """POST /v1/leases/{id}/stop and /extend"""

    job: str
    state: str
    deadline: datetime


class ExtendBody(Model):
    """POST /v1/leases/{id}/extend"""

    until: AwareDatetime


class LogLineAnswer(Model):
    """A line that a container printed; `node` is its host name: algo-1, …"""

    at: datetime
    node: str
    text: str


class LogAnswer(Model):
    """GET /v1/leases/{id}/logs. `next` is the `after` of a request for what comes later."""

    lines: tuple[LogLineAnswer, ...]
    next: str


class CheckAnswer(Model):
    """One thing that was looked at. `next` is empty where all is well; `code` is stable."""

    name: str
    verdict: str
    code: str
    what: str
    next: str


class HealthAnswer(Model):
    """GET /v1/leases/{id}/health"""

    job: str
    job_state: str
    checks: tuple[CheckAnswer, ...]
