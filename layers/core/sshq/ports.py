"""What the use cases need of the world. Each Protocol has one adapter in `sshq.adapters`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sshq.chat.view import View
    from sshq.domain.agent_pin import AgentPin
    from sshq.domain.approvals import Approval
    from sshq.domain.audit import Entry, Event, Link
    from sshq.domain.budgets import Ledger, Spending
    from sshq.domain.drift import Drift
    from sshq.domain.identity import Actor
    from sshq.domain.job_file import Activation
    from sshq.domain.job_progress import TrainingStatus
    from sshq.domain.jobs import Job, Message, Node
    from sshq.domain.leases import Lease, LeaseEnd, LeaseSession, Redeemed, SessionAdded
    from sshq.domain.log_pages import LogPage
    from sshq.domain.members import IamIdentity, Member, Profile
    from sshq.domain.presets import PresetBook
    from sshq.domain.prices import Price
    from sshq.domain.rates import Rate
    from sshq.domain.records import StageRecord
    from sshq.domain.setup_plan import Actual, Change, Leftovers, Memory, Plan
    from sshq.domain.sharing import Share
    from sshq.domain.signatures import Nonce
    from sshq.domain.tickets import Ticket
    from sshq.domain.waiting import Pool, Turn, WaitingRequest
    from sshq.settings import Settings


class Clock(Protocol):
    """The bot's time. Whole seconds, UTC: so ISO texts of two times compare as the times do."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...

    def monotonic(self) -> float:
        """Seconds from some moment on: for how long something took."""
        ...


class Randomness(Protocol):
    """Random bytes for tickets and prefixes."""

    def token(self, size: int) -> bytes: ...


class Requests(Protocol):
    """Which requests have been worked off: what makes a redelivery harmless."""

    def begin(self, request: str, verb: str, now: datetime) -> bool:
        """False if this request was finished before; True for a new or an unfinished one."""
        ...

    def finish(self, request: str) -> None: ...


class Members(Protocol):
    """The enrolled members."""

    def get(self, actor: Actor) -> Member | None: ...

    def all(self) -> list[Member]: ...

    def add(self, member: Member) -> bool:
        """False if this user is a member already (nothing is overwritten).

        Raises Refusal if the IAM identity is another member's; so does `change`.
        """
        ...

    def change(self, actor: Actor, change: Callable[[Member], Member | None]) -> Member | None:
        """Read, change and write as one step; None, from `change` or as the result, is no change."""
        ...

    def remove(self, member: Member) -> None:
        """Forget the membership and whose the IAM identity was. Twice is success."""
        ...


class Jobs(Protocol):
    """The jobs. `Budgets.commit` makes them."""

    def get(self, name: str) -> Job | None: ...

    def get_for(self, name: str, member: Actor) -> tuple[Job | None, Member | None, Share | None]:
        """A job, the membership of who wants into it, and the share that lets them: one read."""
        ...

    def change(self, name: str, change: Callable[[Job], Job | None]) -> Job | None:
        """Read, change and write as one step; None, from `change` or as the result, is no change."""
        ...

    def open_jobs(self) -> list[Job]:
        """Everybody's, oldest first."""
        ...

    def unsettled(self) -> list[Job]:
        """The open ones, and those that ended without its being shown: what there is to look after."""
        ...

    def open_jobs_of(self, owner: Actor) -> list[Job]:
        """Oldest first."""
        ...

    def ended_jobs_of(self, owner: Actor, *, since: datetime) -> list[Job]:
        """Those that ended since then, the latest first: but for the attempts that a request made in
        vain, of which one that waits long leaves hundreds.
        """
        ...

    def ended_jobs(self, *, since: datetime, until: datetime) -> list[Job]:
        """Everybody's that ended in that time."""
        ...


class Tickets(Protocol):
    """The tickets, by their fingerprints. They are spent by `Leases.redeem`."""

    def add(self, ticket: Ticket) -> None: ...

    def get(self, fingerprint: str) -> Ticket | None: ...


class Leases(Protocol):
    """The leases and the SSM sessions that were started under them."""

    def redeem(
        self,
        lease: Lease,
        nonce: Nonce,
        *,
        source: Rate,
        now: datetime,
        shared: bool = False,
        session: LeaseSession | None = None,
        events: Sequence[Event] = (),
    ) -> Redeemed:
        """Spend the lease's ticket for its key, store the lease, its first session if it comes with
        one, and record the events: one step, or nothing.

        NEW for exactly one key, only before the ticket's time is up, while the job is ready, its
        owner a member, the nonce new and the source within its rate; with `shared` also only while
        the job is shared with them.
        """
        ...

    def get(self, lease: str) -> Lease | None: ...

    def end(self, lease: str, why: LeaseEnd) -> bool:
        """No session can begin from now on. False if it had been ended before."""
        ...

    def prolong(self, lease: str, until: datetime) -> None:
        """Let a live lease end later; one that has ended stays ended."""
        ...

    def settle(self, lease: Lease) -> None:
        """Nothing is left of an ended lease: `ending` doesn't name it any more."""
        ...

    def ending(self) -> list[Lease]:
        """Ended leases that may have open sessions still. Eventually consistent."""
        ...

    def of_job(self, job: str) -> list[Lease]:
        """Those that aren't settled."""
        ...

    def of_member(self, member: Actor) -> list[Lease]:
        """Those that aren't settled."""
        ...

    def add_session(
        self,
        session: LeaseSession,
        nonce: Nonce,
        *,
        now: datetime,
        events: Sequence[Event] = (),
    ) -> SessionAdded:
        """Store it and record the events: one step, or nothing: then the session must be terminated."""
        ...

    def remove_sessions(self, member: Actor, sessions: Iterable[str]) -> None: ...

    def sessions(self, member: Actor) -> list[LeaseSession]:
        """All of a member's, under whatever lease; the oldest first."""
        ...

    def remember_nonce(self, nonce: Nonce) -> bool:
        """False if this nonce was used with this key before."""
        ...


class Shares(Protocol):
    """Who besides its owner may enter a job."""

    def put(self, share: Share) -> None:
        """Share anew, or change for how long."""
        ...

    def get(self, job: str, member: Actor) -> Share | None: ...

    def of_job(self, job: str) -> list[Share]: ...

    def remove(self, job: str, member: Actor) -> None:
        """What isn't shared any more is success."""
        ...


class Rates(Protocol):
    """How often something was done in a window of time."""

    def count(self, rate: Rate) -> int:
        """Once more; how often it is now."""
        ...


class Plans(Protocol):
    """Setup's plans between being shown and being confirmed."""

    def put(self, plan: Plan) -> None: ...

    def get(self, digest: str) -> Plan | None: ...

    def begin(self, digest: str) -> None:
        """Its changes are being made from now on."""
        ...

    def has_begun(self, digest: str) -> bool: ...

    def discard(self, digest: str) -> None: ...


class SetupMemory(Protocol):
    """What the account itself can't tell of setup."""

    def get(self) -> Memory: ...

    def put(self, memory: Memory) -> None: ...

    def drift(self) -> Drift | None: ...

    def put_drift(self, drift: Drift) -> None: ...


class Approvals(Protocol):
    """The requests that wait for a second person, and where they are shown."""

    def add(self, approval: Approval) -> Approval:
        """Store a new one, or give back the stored one of that id."""
        ...

    def get(self, approval: str) -> Approval | None: ...

    def settle(self, approval: Approval) -> bool:
        """Store it as decided; False if it was decided before (nothing is overwritten)."""
        ...

    def forget_message(self, approval: str) -> None: ...

    def waiting(self) -> list[Approval]: ...

    def add_shown(self, approval: Approval, user: str, message: Message) -> None: ...

    def shown(self, approval: str) -> dict[str, Message]:
        """The message that each user sees it in."""
        ...


class Chat(Protocol):
    """Slack."""

    def direct_message(self, user: str) -> str:
        """The channel id of the bot's conversation with a user."""
        ...

    def post(self, channel: str, view: View, *, key: str = "") -> Message:
        """`key` is put on the message, unseen, so that `find` can tell that it was posted."""
        ...

    def find(self, channel: str, key: str, since: datetime) -> Message | None:
        """The bot's own message with that key. For after a crash: nothing else tells of it."""
        ...

    def update(self, message: Message, view: View) -> None:
        """Change it. One that Slack will never let be changed again, a deleted one say, is let be."""
        ...

    def respond(self, response_url: str, view: View) -> bool:
        """Answer through a response_url, to that person alone. False if Slack wouldn't take it."""
        ...

    def profile(self, user: str) -> Profile | None: ...

    def group_members(self, group: str) -> list[str] | None:
        """The users of a user group; None if Slack knows no such group."""
        ...


class Identities(Protocol):
    """IAM, as far as members' own identities go. Only the provisioner has the rights."""

    def id_of_user(self, name: str) -> str | None:
        """The UserId (AIDA…); None if IAM has no such user."""
        ...

    def id_of_role(self, name: str) -> str | None:
        """The RoleId (AROA…); None if IAM has no such role."""
        ...

    def join_group(self, user: IamIdentity) -> None:
        """Put an IAM user into the members' group. Who is in it already is success."""
        ...

    def leave_group(self, user: IamIdentity) -> None:
        """Take an IAM user out of it. Who isn't in it, or isn't at all any more, is success."""
        ...


class CommandQueue(Protocol):
    """One of the two FIFO queues between the gateway and the workers."""

    def send(self, body: str, *, group: str, deduplication: str) -> None: ...


class Redelivery(Protocol):
    """When messages that were received and not worked off are delivered again."""

    def bring_back(self, receipts: Sequence[str], *, queue: str, seconds: int) -> None: ...


@dataclass(frozen=True)
class TrainingJob:
    """What CreateTrainingJob is asked for. `channels`: S3 URIs by the input channel's name."""

    name: str
    role_arn: str
    image: str
    instance: str
    count: int
    entrypoint: tuple[str, ...]
    channels: Mapping[str, str]
    output_uri: str
    max_seconds: int
    volume_gb: int = 50
    tags: Mapping[str, str] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    warm_pool_seconds: int = 0
    max_wait_seconds: int = 0
    checkpoint_uri: str = ""

    @property
    def is_spot(self) -> bool:
        return self.max_wait_seconds > 0


class Presets(Protocol):
    """The presets, all at once."""

    def read(self) -> PresetBook: ...

    def change(self, change: Callable[[PresetBook], PresetBook]) -> PresetBook:
        """Read, change and write as one step. What `change` raises passes through."""
        ...


class Prices(Protocol):
    """What instances cost."""

    def hourly(self, instance: str) -> Price | None:
        """One node's price for an hour on demand; None where nobody knows it."""
        ...


class Quotas(Protocol):
    """How many instances training jobs may use at once."""

    def training(self, pool: str, *, wanted: int) -> int | None:
        """Of a pool (`ml.g5.xlarge`, `ml.g5.xlarge spot`); None where that isn't known.

        What is remembered counts unless it is less than `wanted`: it may have been raised since.
        """
        ...


class Budgets(Protocol):
    """What is set aside, by member and month and for the team; and how many jobs a member has."""

    def ledger(self, owner: Actor, month: str) -> Ledger: ...

    def spendings(self, month: str) -> list[Spending]:
        """Of everybody who asked for a job in that month, in one reading however many jobs there were."""
        ...

    def commit(
        self, job: Job, *, member_limit: int | None, team_limit: int | None, max_jobs: int | None
    ) -> tuple[Job, bool] | None:
        """Store a new job and set its reservation aside, as one step.

        Gives back the job as it is stored, and whether it is new: for one that was there nothing is
        set aside again. None if that would be over a limit (micros a month, open jobs).
        """
        ...

    def settle(self, job: Job, cost: int) -> bool:
        """Put what an ended job has cost in place of its reservation; False if that was done."""
        ...

    def correct(self, job: Job, cost: int) -> bool:
        """Put another cost in place of a settled job's `cost_micros`; False if it isn't that any more."""
        ...


class WaitingRoom(Protocol):
    """The requests that wait for capacity."""

    def add(self, entry: WaitingRequest) -> tuple[WaitingRequest, bool]:
        """Store a new entry, or give back the one of that request; and whether it is new."""
        ...

    def get(self, request: str) -> WaitingRequest | None: ...

    def replace(self, entry: WaitingRequest, *, attempt: int) -> bool:
        """Write it if the stored one still stands before that attempt."""
        ...

    def note_place(self, entry: WaitingRequest, place: int) -> bool:
        """The place that its message tells. False if it has moved on, or to another type, meanwhile."""
        ...

    def remove(self, request: str, *, attempt: int) -> None:
        """Take it out of the line, unless it stands before another attempt by now."""
        ...

    def all(self) -> tuple[list[WaitingRequest], dict[str, Pool], list[Turn]]:
        """Who waits, how trying went in each pool, and who had how many turns."""
        ...

    def count_turn(self, entry: WaitingRequest, now: datetime) -> None:
        """Its owner got what it waited for. Counting one twice only makes them wait a little longer."""
        ...

    def tried_in_vain(self, pool: str, now: datetime) -> None: ...

    def let_in(self, pool: str) -> None:
        """A try succeeded, or an instance became free: the next may be called at once."""
        ...


class TrainingJobs(Protocol):
    """SageMaker training jobs."""

    def create(self, job: TrainingJob, *, request: str) -> None:
        """Submit it. A job of that name that bears the tag of this request is success.

        Raises Refusal (quota, capacity, refused by AWS) when SageMaker won't take it.
        """
        ...

    def is_there(self, name: str, *, request: str) -> bool:
        """Whether it was submitted before, for this request. Raises Refusal if for another's."""
        ...

    def describe(self, name: str) -> TrainingStatus | None: ...

    def stop(self, name: str) -> None:
        """Ask for the end. A job that isn't running any more is left alone."""
        ...

    def end_warm_pool(self, name: str) -> None:
        """Give back the instances that are kept after a job's end, if they still are."""
        ...


@dataclass(frozen=True)
class RegisteredNode:
    """A hybrid node as DescribeInstanceInformation lists it."""

    id: str
    online: bool
    registered_at: datetime


@dataclass(frozen=True)
class OfAJob:
    """An activation or a node that bears this stack's tag, and the job it was made for."""

    id: str
    job: str
    made_at: datetime
    online: bool = False


class Nodes(Protocol):
    """SSM's hybrid nodes."""

    def create_activation(
        self, *, job: str, limit: int, expires: datetime, tags: Mapping[str, str]
    ) -> Activation: ...

    def delete_activation(self, activation: str) -> None: ...

    def activations_of(self, job: str) -> list[str]:
        """Ids of the activations that were made for a job (to find one that a crash orphaned)."""
        ...

    def registered(self, activation: str) -> list[RegisteredNode]: ...

    def is_connected(self, node: str) -> bool: ...

    def probe(self, node: str) -> Node | None:
        """Ask the node itself, over SSM: its rank, login user and host keys. None: no answer yet."""
        ...

    def tell(self, node: str, verb: str, argument: str = "0") -> bool:
        """Ask a node to `start` its command, to `keep` itself from being idle for so many seconds, or
        to move its `deadline` (epoch seconds). False if it didn't confirm that soon.
        """
        ...

    def deregister(self, node: str) -> None: ...

    def all_activations(self) -> list[OfAJob]:
        """Every activation of this stack."""
        ...

    def all_nodes(self) -> list[OfAJob]:
        """Every node of this stack, whatever became of it."""
        ...


@dataclass(frozen=True)
class SessionAccess:
    """What a client needs to open a data channel. The token serves one connection."""

    id: str
    stream_url: str
    token: str


class Sessions(Protocol):
    """SSM sessions with our session document."""

    def start(self, node: str, *, reason: str) -> SessionAccess: ...

    def resume(self, session: str) -> SessionAccess: ...

    def active(self, node: str) -> set[str]:
        """Ids of the sessions on a node that haven't ended. A brand-new one may be missing yet."""
        ...

    def ended(self, node: str, *, since: datetime) -> set[str]:
        """Ids of those that started since then and have ended. The latest may be missing yet."""
        ...

    def terminate(self, session: str) -> None:
        """End it; one that has ended already is success."""
        ...

    def terminate_all(self, sessions: Sequence[str]) -> list[str]:
        """End them side by side; those that AWS wouldn't end now (it throttles, it fails)."""
        ...


class StartupFiles(Protocol):
    """The bucket's folder that becomes a job's input channel."""

    def put(self, prefix: str, files: Mapping[str, bytes]) -> None: ...

    def put_shared(self, prefix: str, files: Mapping[str, bytes]) -> None:
        """Put files whose prefix follows from their content, unless they are there already."""
        ...

    def delete(self, prefix: str) -> None: ...

    def get(self, prefix: str, name: str) -> bytes | None: ...

    def uri(self, prefix: str) -> str: ...


class AgentMirror(Protocol):
    """The SSM agent in the stack's bucket, so that jobs need no internet."""

    def pinned(self) -> AgentPin | None:
        """What jobs get; None if nothing was mirrored yet."""
        ...

    def is_current(self, pin: AgentPin) -> bool:
        """Whether the pin has the packages that this deployment brings along."""
        ...

    def mirror(self, version: str) -> AgentPin:
        """Fetch AWS's packages, check who signed them, keep them, and pin them.

        Raises Refusal if they can't be had or aren't signed by AWS.
        """
        ...


class JobLogs(Protocol):
    """What the containers of jobs print. Secrets are taken out of the lines."""

    def tail(self, job: str, most: int) -> LogPage:
        """The last lines of all containers, without sshq's own records, in the order of time."""
        ...

    def after(self, job: str, position: str, most: int) -> LogPage:
        """What was printed since an earlier page, at most about so many lines."""
        ...

    def records(self, job: str, since: datetime) -> list[StageRecord]:
        """The records of all containers since then."""
        ...


class CertificateAuthority(Protocol):
    """The SSH CA whose keys KMS holds. There are two while a rotation overlaps."""

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The key that signs for new jobs comes first. New jobs trust all of them."""
        ...

    def public_keys(self) -> tuple[str, ...]:
        """OpenSSH lines, in the order of `key_ids`."""
        ...

    def sign_user(
        self,
        public_key: str,
        *,
        principal: str,
        key_id: str,
        valid_after: datetime,
        valid_before: datetime,
        trusted: tuple[str, ...],
    ) -> str:
        """A certificate by the first of our keys that is `trusted` (ids; none given: by any).

        Raises Refusal (a CA that was retired too early) if there is none.
        """
        ...


class Account(Protocol):
    """The AWS account, as far as setup reads and writes it."""

    def read(self) -> Actual: ...

    def leftovers(self) -> Leftovers:
        """What stands in the way of taking everything down."""
        ...

    def apply(self, change: Change) -> None:
        """Make one change. Raises Refusal; its reason AWS_BUSY is worth another try."""
        ...


class Audit(Protocol):
    """The append-only record of decisions and effects."""

    def begin(self, request: str) -> None:
        """What is recorded from now on is done for this request ("": for none of a person's)."""
        ...

    def record(self, event: str, *, actor: Actor | None, **facts: str) -> None:
        """Append a record: this event, the request, and what AWS was made to do since the last one."""
        ...

    def entries(self, *, latest_first: bool = False) -> Iterator[Entry | None]:
        """The records in the order in which they stand; None for what is no record any more."""
        ...

    def head(self) -> Link | None:
        """The chain's end, as it was noted apart from it."""
        ...


class ClientPackage(Protocol):
    """The wheel of sshq-local that belongs to this stack."""

    def read(self) -> bytes | None:
        """The file's content; None if the stack was built without it."""
        ...


class Services(Protocol):
    """All ports, as the composition root wires them. Made when first used, never at import."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def randomness(self) -> Randomness: ...
    @property
    def requests(self) -> Requests: ...
    @property
    def members(self) -> Members: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def rates(self) -> Rates: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def setup_memory(self) -> SetupMemory: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def chat(self) -> Chat: ...
    @property
    def commands_queue(self) -> CommandQueue: ...
    @property
    def provisioning_queue(self) -> CommandQueue: ...
    @property
    def redelivery(self) -> Redelivery: ...
    @property
    def presets(self) -> Presets: ...
    @property
    def prices(self) -> Prices: ...
    @property
    def quotas(self) -> Quotas: ...
    @property
    def budgets(self) -> Budgets: ...
    @property
    def waiting_room(self) -> WaitingRoom: ...
    @property
    def training_jobs(self) -> TrainingJobs: ...
    @property
    def nodes(self) -> Nodes: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def startup_files(self) -> StartupFiles: ...
    @property
    def agent_mirror(self) -> AgentMirror: ...
    @property
    def job_logs(self) -> JobLogs: ...
    @property
    def client_package(self) -> ClientPackage: ...
    @property
    def ca(self) -> CertificateAuthority: ...
    @property
    def account(self) -> Account: ...
    @property
    def identities(self) -> Identities: ...
    @property
    def audit(self) -> Audit: ...
