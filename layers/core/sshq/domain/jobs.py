"""Jobs: what was asked for, how far it has come, and in which order that may change."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from sshq.domain.identity import Actor
from sshq.domain.idleness import Idle, Idleness, judged
from sshq.domain.job_file import ContainerOptions
from sshq.domain.model import Model, Record
from sshq.domain.money import Currency
from sshq.domain.node_starts import NodeStart
from sshq.domain.registrations import Stranger
from sshq.domain.request_id import name_suffix

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
NAME_PATTERN = re.compile(r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
SSH_PORT = 2222
PREFIX_BYTES = 20


class Phase(StrEnum):
    """How far a job is. It only moves forward in this order; a restart of the job begins anew."""

    REQUESTED = "requested"
    SUBMITTED = "submitted"
    STARTING = "starting"
    DOWNLOADING = "downloading"
    PROBING = "probing"
    SSHD = "sshd"
    REGISTERING = "registering"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        return self in {Phase.STOPPED, Phase.COMPLETED, Phase.FAILED}

    @property
    def is_start_up(self) -> bool:
        """Whether the containers run and aren't all reachable yet."""
        return self in {Phase.PROBING, Phase.SSHD, Phase.REGISTERING}

    @property
    def may_fail(self) -> bool:
        """Whether it is a stage on the way, at which a job can fail."""
        return not self.has_ended and self is not Phase.STOPPING

    def may_become(self, later: Phase) -> bool:
        """Events come late, twice and out of order: one that would move a job back is ignored."""
        return not self.has_ended and self.comes_before(later)

    def comes_before(self, later: Phase) -> bool:
        order = list(Phase)
        return order.index(self) < order.index(later)


class JobShape(Model):
    """What a member asked for, with the defaults filled in."""

    instance: str
    image: str
    count: int = Field(default=1, ge=1, le=16)
    hours: float = Field(gt=0)
    command: str = ""
    name: str = "workbench"
    container: ContainerOptions = Field(default_factory=ContainerOptions)
    preset: str = "workbench"
    spot: bool = False
    volume_gb: int = 50
    source: str = ""
    inputs: dict[str, str] = Field(default_factory=dict)
    output: str = ""
    vpc: str = ""
    warm_pool_seconds: int = 0

    @property
    def pool(self) -> str:
        """What SageMaker has capacity and quotas for: the instance type, spot or not."""
        return f"{self.instance} spot" if self.spot else self.instance

    @property
    def digest(self) -> str:
        """The same for the same shape only."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Node(Model):
    """One container of a job as SSM knows it. `algo-1` is rank 0."""

    rank: int
    id: str
    host_keys: tuple[str, ...] = ()
    login_user: str = "root"


class Message(Model):
    """Where a Slack message of the bot's own stands."""

    channel: str
    ts: str


class ResponseUrl(Model):
    """Slack's one-sided door to the person who just acted: 5 answers within 30 minutes."""

    url: str
    issued_at: datetime


class Step(Model):
    """When a job came to a phase."""

    phase: Phase
    at: datetime


class EndReason(StrEnum):
    """Why a job was ended before it came to its end by itself."""

    ASKED = "asked"
    DEADLINE = "deadline"
    HARD_CAP = "hard-cap"
    NO_CAPACITY = "no-capacity"
    IDLE = "idle"
    START_UP_FAILED = "start-up-failed"
    NEVER_SUBMITTED = "never-submitted"
    MEMBER_LEFT = "member-left"


class Job(Record):
    """A job as it is stored. `prefix` is the path of its input channel in the bucket (160 bits).

    `history` are the phases of the present run, `started_at` is when SageMaker began to bill,
    `deadline_untold` says that its containers know an older deadline, and `shown` is a digest of what
    the living message says.
    """

    name: str
    owner: Actor
    request: str
    shape: JobShape
    prefix: str
    phase: Phase = Phase.REQUESTED
    created_at: datetime
    phase_since: datetime
    cap_seconds: int
    deadline: datetime
    activation: str | None = None
    nodes: tuple[Node, ...] = ()
    message: Message | None = None
    response_url: ResponseUrl | None = None
    language: str = "en"
    failure: str | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    history: tuple[Step, ...] = ()
    restarts: int = 0
    starting: tuple[NodeStart, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    """Nodes that registered for it and are no containers of it, or can't be told from one."""
    started_at: datetime | None = None
    billable_seconds: int | None = None
    deadline_untold: bool = False
    extended_by: str = ""
    extended_from: datetime | None = None
    """The deadline before: leases that ended with it end with the later one."""
    kept_until: datetime | None = None
    idleness: Idleness = Idleness()
    shown: str = ""
    settled: bool = False
    ca_keys: tuple[str, ...] = ()
    """Ids of the CA's keys that its nodes trust."""
    attempt: int = 1
    # It ended for want of capacity, and its request waits for the next attempt.
    requeued: bool = False
    pool_given_back: bool = False
    """Somebody asked for the end of its warm pool before its time."""
    pool_seconds: int | None = None
    """For how long its instances were kept after its end, once that is over."""
    asked_at: datetime | None = None
    max_wait_seconds: int = 0
    reason: str = ""
    approved_by: Actor | None = None
    # Money is in micros of `currency`; a price is one node's for an hour, 0 if unknown.
    currency: Currency = Currency.USD
    price_micros: int = 0
    price_as_of: str = ""
    reserved_micros: int = 0
    budget_month: str = ""
    accounted: bool = False
    cost_micros: int | None = None
    paid_by: Actor | None = None
    """Whose account it is set aside in, where that isn't its owner's: it was handed over."""

    @property
    def payer(self) -> Actor:
        """Who asked for it: their budget and their number of open jobs it counts against to its end."""
        return self.paid_by or self.owner

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it: it has ended, its message says so, and it costs no more."""
        return self.settled and not self.is_open and not self.may_keep_pool

    @property
    def is_open(self) -> bool:
        return not self.phase.has_ended

    @property
    def may_go_on(self) -> bool:
        """Whether it runs or will, and nobody has ended it yet."""
        return self.is_open and self.phase is not Phase.STOPPING

    @property
    def restarts_anew(self) -> bool:
        """Whether SageMaker may take its instances and give others, whose nodes register again."""
        return self.shape.spot

    @property
    def may_keep_pool(self) -> bool:
        """Whether it has ended, and SageMaker may still keep (and bill) its instances for the next job."""
        has_run = self.started_at is not None and self.ended_at is not None
        return has_run and self.shape.warm_pool_seconds > 0 and self.pool_seconds is None

    @property
    def pool_until(self) -> datetime | None:
        """Until when its instances are kept, if nobody takes or ends them before; None: they aren't."""
        if self.ended_at is None or not self.may_keep_pool or self.pool_given_back:
            return None
        return self.ended_at + timedelta(seconds=self.shape.warm_pool_seconds)

    @property
    def is_workbench(self) -> bool:
        """Whether it only waits for its user: it has no command of its own."""
        return not self.shape.command

    @property
    def is_warned(self) -> bool:
        """Whether its owner was told that it is about to be ended for being idle."""
        return self.phase is Phase.READY and self.idleness.warned_at is not None

    def idle(self, now: datetime) -> Idle:
        """For how long it has been idle, and what follows from that."""
        return judged(
            self.idleness,
            count=self.shape.count,
            limit=timedelta(seconds=self.shape.container.idle_seconds),
            kept_until=self.kept_until,
            now=now,
        )

    def entered(self, phase: Phase, at: datetime, **changes: Any) -> Job:  # noqa: ANN401
        """The job in another phase since then; the step is kept."""
        step = {
            "phase": phase,
            "phase_since": at,
            "history": (*self.history, Step(phase=phase, at=at)),
        }
        return self.model_copy(update=step | changes)

    def alias(self, rank: int) -> str:
        """The SSH alias on the laptop; a job's name already begins with `sshq-`."""
        return self.name if rank == 0 else f"{self.name}-{rank}"


def job_name(*, member_slug: str, label: str, request: str, attempt: int) -> str:
    """`sshq-<member>-<label>-<8 of base32>`, at most 63 characters, a name that SageMaker takes."""
    suffix = name_suffix(request, attempt)
    stem = f"sshq-{member_slug}-{label}"[: 63 - 1 - len(suffix)].rstrip("-")
    return f"{stem}-{suffix}"


def own_prefix(entropy: bytes) -> str:
    """A folder in the bucket that nobody can guess, of `PREFIX_BYTES` random bytes."""
    return f"jobs/{entropy.hex()}"


def has_prefix(name: str, prefix: str) -> bool:
    """Whether a job's name begins so, or one of the parts between its hyphens: all of `sshq-al`,
    `workb` and `k3v9` mean `sshq-alice-workbench-k3v9qz2a`.
    """
    return f"-{prefix}" in f"-{name}"
