"""sshq's ports in memory, for tests of decisions and use cases. The adapters have tests of their own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sshq.domain.agent_pin import AgentPin
from sshq.domain.audit import Entry, Link, appended
from sshq.domain.budgets import Ledger, Spending, jobs_less
from sshq.domain.desired_state import Kind
from sshq.domain.identity import Actor
from sshq.domain.job_file import Activation
from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import Job, Message, Node, Phase, ResponseUrl
from sshq.domain.leases import MOST_SESSIONS, Redeemed, SessionAdded
from sshq.domain.log_pages import LogLine, LogPage, Position
from sshq.domain.members import IamIdentity, Member, Profile
from sshq.domain.presets import PresetBook
from sshq.domain.prices import Price
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.records import parse_record
from sshq.domain.redaction import redacted
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_id import request_id
from sshq.domain.setup_plan import Action, Actual, Change, Leftovers, Memory, Plan
from sshq.domain.waiting import REMEMBERED, Pool, Turn, WaitingRequest
from sshq.ports import OfAJob, RegisteredNode, SessionAccess, TrainingJob
from sshq.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sshq.chat.view import View
    from sshq.domain.approvals import Approval
    from sshq.domain.audit import Event
    from sshq.domain.drift import Drift
    from sshq.domain.leases import Lease, LeaseEnd, LeaseSession
    from sshq.domain.rates import Rate
    from sshq.domain.records import StageRecord
    from sshq.domain.sharing import Share
    from sshq.domain.signatures import Nonce
    from sshq.domain.tickets import Ticket

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADMIN = Actor(team="T0001", user="U0ADMIN")
EVE = Actor(team="T0001", user="U0EVE")
ALICE = Actor(team="T0001", user="U0ALICE")
BOB = Actor(team="T0001", user="U0BOB")
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyOfTheNode"
RESPONSE_URL = "https://hooks.slack.test/commands/1"


class MovedClock:
    """Time that only moves when a test, or a sleep, moves it."""

    def __init__(self) -> None:
        self.time = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time.replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return self.time.timestamp()


class CountedBytes:
    """Different bytes each time, the same in each run of a test."""

    def __init__(self) -> None:
        self.count = 0

    def token(self, size: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(size, "big")


class MemoryRequests:
    def __init__(self) -> None:
        self.begun: dict[str, bool] = {}

    def begin(self, request: str, verb: str, now: datetime) -> bool:
        return not self.begun.setdefault(request, False)

    def finish(self, request: str) -> None:
        self.begun[request] = True


class MemoryMembers:
    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], Member] = {}

    def get(self, actor: Actor) -> Member | None:
        return self.by_key.get((actor.team, actor.user))

    def all(self) -> list[Member]:
        return list(self.by_key.values())

    def add(self, member: Member) -> bool:
        key = (member.actor.team, member.actor.user)
        if key in self.by_key:
            return False
        self._check_identity(member)
        self.by_key[key] = member
        return True

    def change(self, actor: Actor, change: Callable[[Member], Member | None]) -> Member | None:
        member = self.get(actor)
        changed = change(member) if member else None
        if changed is not None:
            self._check_identity(changed)
            self.by_key[actor.team, actor.user] = changed
        return changed

    def remove(self, member: Member) -> None:
        self.by_key.pop((member.actor.team, member.actor.user), None)

    def _check_identity(self, member: Member) -> None:
        for other in self.by_key.values():
            if member.iam and other.iam == member.iam and not other.actor.is_same(member.actor):
                raise Refusal(Reason.IAM_IDENTITY_TAKEN, name=member.iam.name)


class MemoryJobs:
    members: MemoryMembers
    shares: MemoryShares
    """Both set by MemoryServices."""

    latest = datetime.max.replace(tzinfo=UTC)

    def __init__(self) -> None:
        self.all: dict[str, Job] = {}

    def get(self, name: str) -> Job | None:
        return self.all.get(name)

    def get_for(self, name: str, member: Actor) -> tuple[Job | None, Member | None, Share | None]:
        return self.all.get(name), self.members.get(member), self.shares.get(name, member)

    def change(self, name: str, change: Callable[[Job], Job | None]) -> Job | None:
        job = self.all.get(name)
        changed = change(job) if job else None
        if changed is not None:
            self.all[name] = changed
        return changed

    def open_jobs(self) -> list[Job]:
        return [job for job in self.all.values() if job.is_open]

    def unsettled(self) -> list[Job]:
        return [job for job in self.all.values() if not job.is_settled]

    def open_jobs_of(self, owner: Actor) -> list[Job]:
        return [job for job in self.open_jobs() if job.owner == owner]

    def ended_jobs_of(self, owner: Actor, *, since: datetime) -> list[Job]:
        found = self.ended_jobs(since=since, until=self.latest)
        return [job for job in reversed(found) if job.owner == owner and not job.requeued]

    def ended_jobs(self, *, since: datetime, until: datetime) -> list[Job]:
        ended = [(j.ended_at, j) for j in self.all.values() if j.ended_at]
        return [j for at, j in sorted(ended, key=lambda e: e[0]) if since <= at <= until]


class MemoryTickets:
    def __init__(self) -> None:
        self.all: dict[str, Ticket] = {}

    def add(self, ticket: Ticket) -> None:
        self.all[ticket.fingerprint] = ticket

    def get(self, fingerprint: str) -> Ticket | None:
        return self.all.get(fingerprint)


class MemoryLeases:
    """`services` is set by MemoryServices: redeeming looks at tickets, jobs, members and rates."""

    services: MemoryServices

    def __init__(self) -> None:
        self.all: dict[str, Lease] = {}
        self.open: dict[str, LeaseSession] = {}
        self.unsettled: set[str] = set()
        self.nonces: set[tuple[str, str]] = set()

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
        tickets, job = self.services.tickets, self.services.jobs.get(lease.job)
        ticket = tickets.all.get(lease.ticket)
        if self.services.rates.counts.get(source, 0) > source.most:
            return Redeemed.TOO_OFTEN
        if (nonce.key, nonce.value) in self.nonces:
            return Redeemed.REPLAYED
        if ticket is None or ticket.redeemed_by is not None or ticket.expires_at <= now:
            return Redeemed.SPENT
        is_shared = self.services.shares.get(lease.job, lease.owner) is not None
        if (
            job is None
            or job.phase is not Phase.READY
            or self.services.members.get(lease.owner) is None
            or (shared and not is_shared)
        ):
            return Redeemed.NOT_ALLOWED
        if session is not None:
            if len(self.sessions(session.owner)) >= MOST_SESSIONS:
                return Redeemed.NO_ROOM
            self.open[session.id] = session
        spent = {
            "redeemed_by": lease.key_fingerprint,
            "lease": lease.id,
            "redeemed_from": lease.source,
        }
        tickets.all[lease.ticket] = ticket.model_copy(update=spent)
        self.nonces.add((nonce.key, nonce.value))
        self.all[lease.id] = lease
        self.unsettled.add(lease.id)
        self.services.audit.record_all(events)
        return Redeemed.NEW

    def get(self, lease: str) -> Lease | None:
        return self.all.get(lease)

    def end(self, lease: str, why: LeaseEnd) -> bool:
        stored = self.all.get(lease)
        if stored is None or stored.ended is not None:
            return False
        self.all[lease] = stored.model_copy(update={"ended": why})
        return True

    def prolong(self, lease: str, until: datetime) -> None:
        stored = self.all[lease]
        if stored.ended is None and stored.expires_at < until:
            self.all[lease] = stored.model_copy(update={"expires_at": until})

    def settle(self, lease: Lease) -> None:
        self.unsettled.discard(lease.id)

    def ending(self) -> list[Lease]:
        return [lease for lease in self._unsettled() if lease.ended]

    def of_job(self, job: str) -> list[Lease]:
        return [lease for lease in self._unsettled() if lease.job == job]

    def of_member(self, member: Actor) -> list[Lease]:
        return [lease for lease in self._unsettled() if lease.owner == member]

    def add_session(
        self,
        session: LeaseSession,
        nonce: Nonce,
        *,
        now: datetime,
        events: Sequence[Event] = (),
    ) -> SessionAdded:
        if not self.all[session.lease].is_live(now):
            return SessionAdded.LEASE_ENDED
        if (nonce.key, nonce.value) in self.nonces:
            return SessionAdded.REPLAYED
        if len(self.sessions(session.owner)) >= MOST_SESSIONS:
            return SessionAdded.TOO_MANY
        self.nonces.add((nonce.key, nonce.value))
        self.open[session.id] = session
        self.services.audit.record_all(events)
        return SessionAdded.ADDED

    def remove_sessions(self, member: Actor, sessions: Iterable[str]) -> None:
        for session in sessions:
            self.open.pop(session, None)

    def sessions(self, member: Actor) -> list[LeaseSession]:
        return [session for session in self.open.values() if session.owner == member]

    def remember_nonce(self, nonce: Nonce) -> bool:
        if (nonce.key, nonce.value) in self.nonces:
            return False
        self.nonces.add((nonce.key, nonce.value))
        return True

    def _unsettled(self) -> list[Lease]:
        return [lease for lease in self.all.values() if lease.id in self.unsettled]


class MemoryRates:
    def __init__(self) -> None:
        self.counts: dict[Rate, int] = {}

    def count(self, rate: Rate) -> int:
        self.counts[rate] = self.counts.get(rate, 0) + 1
        return self.counts[rate]


class MemoryShares:
    def __init__(self) -> None:
        self.all: dict[tuple[str, str, str], Share] = {}

    def put(self, share: Share) -> None:
        self.all[share.job, share.member.team, share.member.user] = share

    def get(self, job: str, member: Actor) -> Share | None:
        return self.all.get((job, member.team, member.user))

    def of_job(self, job: str) -> list[Share]:
        return [share for share in self.all.values() if share.job == job]

    def remove(self, job: str, member: Actor) -> None:
        self.all.pop((job, member.team, member.user), None)


class MemoryPresets:
    def __init__(self) -> None:
        self.book = PresetBook()

    def read(self) -> PresetBook:
        return self.book

    def change(self, change: Callable[[PresetBook], PresetBook]) -> PresetBook:
        self.book = change(self.book)
        return self.book


class MemoryPrices:
    """Two cents a second, for whatever has a name."""

    def __init__(self) -> None:
        self.known: dict[str, Price | None] = {}

    def hourly(self, instance: str) -> Price | None:
        usual = Price(instance=instance, micros=72_000_000, as_of="2026-11-22")
        return self.known.get(instance, usual)


class MemoryQuotas:
    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def training(self, pool: str, *, wanted: int) -> int | None:
        return self.known.get(pool)


class MemoryBudgets:
    def __init__(self, jobs: MemoryJobs) -> None:
        self.jobs = jobs
        self.committed: dict[str, int] = {}
        self.open: dict[str, int] = {}
        self.by_owner: dict[tuple[str, str], Spending] = {}

    def ledger(self, owner: Actor, month: str) -> Ledger:
        return Ledger(
            member=self.committed.get(f"{owner.tag} {month}", 0),
            team=self.committed.get(month, 0),
            jobs=self.open.get(owner.tag, 0),
        )

    def spendings(self, month: str) -> list[Spending]:
        return [spending for (of, _), spending in self.by_owner.items() if of == month]

    def commit(
        self, job: Job, *, member_limit: int | None, team_limit: int | None, max_jobs: int | None
    ) -> tuple[Job, bool] | None:
        if (stored := self.jobs.get(job.name)) is not None:
            return stored, False
        before = self.ledger(job.owner, job.budget_month)
        for has, limit in ((before.member, member_limit), (before.team, team_limit)):
            if limit is not None and has + job.reserved_micros > limit:
                return None
        if max_jobs is not None and before.jobs >= max_jobs:
            return None
        self._add(job, job.reserved_micros, 1)
        self._count(job, jobs=1, unpriced=int(not job.price_micros))
        self.jobs.all[job.name] = job
        return job, True

    def settle(self, job: Job, cost: int) -> bool:
        if self.jobs.all[job.name].accounted:
            return False
        update = {"accounted": True, "cost_micros": cost}
        self.jobs.all[job.name] = self.jobs.all[job.name].model_copy(update=update)
        self._add(job, cost - job.reserved_micros, -1)
        self._count(job, spent=cost, jobs=-jobs_less(job, cost))
        return True

    def correct(self, job: Job, cost: int) -> bool:
        if self.jobs.all[job.name].cost_micros != job.cost_micros:
            return False
        self.jobs.all[job.name] = self.jobs.all[job.name].model_copy(update={"cost_micros": cost})
        less = cost - (job.cost_micros or 0)
        self._add(job, less, 0)
        self._count(job, spent=less)
        return True

    def _count(self, job: Job, **more: int) -> None:
        key = (job.budget_month, job.payer.tag)
        had = self.by_owner.get(key, Spending(job.payer))
        added = {name: getattr(had, name) + amount for name, amount in more.items()}
        self.by_owner[key] = replace(had, **added)

    def _add(self, job: Job, amount: int, jobs: int) -> None:
        for scope in (f"{job.payer.tag} {job.budget_month}", job.budget_month):
            self.committed[scope] = self.committed.get(scope, 0) + amount
        self.open[job.payer.tag] = self.open.get(job.payer.tag, 0) + jobs


class MemoryWaitingRoom:
    def __init__(self) -> None:
        self.entries: dict[str, WaitingRequest] = {}
        self.pools: dict[str, Pool] = {}
        self.turns: dict[tuple[str, str], Turn] = {}

    def add(self, entry: WaitingRequest) -> tuple[WaitingRequest, bool]:
        is_new = entry.request not in self.entries
        return self.entries.setdefault(entry.request, entry), is_new

    def get(self, request: str) -> WaitingRequest | None:
        return self.entries.get(request)

    def replace(self, entry: WaitingRequest, *, attempt: int) -> bool:
        stored = self.entries.get(entry.request)
        if stored is None or stored.attempt != attempt:
            return False
        self.entries[entry.request] = entry
        return True

    def note_place(self, entry: WaitingRequest, place: int) -> bool:
        stored = self.entries.get(entry.request)
        if stored is None or (stored.attempt, stored.shape) != (entry.attempt, entry.shape):
            return False
        self.entries[entry.request] = stored.model_copy(update={"shown_place": place})
        return True

    def remove(self, request: str, *, attempt: int) -> None:
        stored = self.entries.get(request)
        if stored is not None and stored.attempt == attempt:
            del self.entries[request]

    def all(self) -> tuple[list[WaitingRequest], dict[str, Pool], list[Turn]]:
        return list(self.entries.values()), dict(self.pools), list(self.turns.values())

    def count_turn(self, entry: WaitingRequest, now: datetime) -> None:
        key = (entry.shape.pool, entry.owner.tag)
        last = self.turns.get(key)
        had = last.instances if last and now - last.had_at < REMEMBERED else 0
        self.turns[key] = Turn(
            of_pool=key[0], owner=key[1], instances=had + entry.shape.count, had_at=now
        )

    def tried_in_vain(self, pool: str, now: datetime) -> None:
        before = self.pools.get(pool, Pool(of_pool=pool))
        if before.tried_at is None or before.tried_at < now:
            update = {"failures": before.failures + 1, "tried_at": now}
            self.pools[pool] = before.model_copy(update=update)

    def let_in(self, pool: str) -> None:
        if pool in self.pools:
            self.pools[pool] = self.pools[pool].model_copy(update={"failures": 0})


class MemoryPlans:
    def __init__(self) -> None:
        self.all: dict[str, Plan] = {}
        self.begun: set[str] = set()

    def put(self, plan: Plan) -> None:
        self.all[plan.digest] = plan

    def get(self, digest: str) -> Plan | None:
        return self.all.get(digest)

    def begin(self, digest: str) -> None:
        self.begun.add(digest)

    def has_begun(self, digest: str) -> bool:
        return digest in self.begun

    def discard(self, digest: str) -> None:
        self.all.pop(digest, None)
        self.begun.discard(digest)


class MemorySetupMemory:
    def __init__(self) -> None:
        self.memory = Memory()
        self.dates: Drift | None = None

    def get(self) -> Memory:
        return self.memory

    def put(self, memory: Memory) -> None:
        self.memory = memory

    def drift(self) -> Drift | None:
        return self.dates

    def put_drift(self, drift: Drift) -> None:
        self.dates = drift


class MemoryApprovals:
    def __init__(self) -> None:
        self.all: dict[str, Approval] = {}
        self.messages: dict[tuple[str, str], Message] = {}

    def add(self, approval: Approval) -> Approval:
        return self.all.setdefault(approval.id, approval)

    def get(self, approval: str) -> Approval | None:
        return self.all.get(approval)

    def settle(self, approval: Approval) -> bool:
        if self.all[approval.id].outcome is not None:
            return False
        self.all[approval.id] = approval
        return True

    def forget_message(self, approval: str) -> None:
        self.all[approval] = self.all[approval].model_copy(update={"message": None})

    def waiting(self) -> list[Approval]:
        return [approval for approval in self.all.values() if approval.outcome is None]

    def add_shown(self, approval: Approval, user: str, message: Message) -> None:
        self.messages[approval.id, user] = message

    def shown(self, approval: str) -> dict[str, Message]:
        return {user: shown for (held, user), shown in self.messages.items() if held == approval}


class MemoryChat:
    """What was said: `said` in order, `shown` the messages as they stand now."""

    def __init__(self) -> None:
        self.said: list[tuple[str, View]] = []
        self.shown: dict[str, View] = {}
        self.profiles = {
            a.user: Profile(user=a.user, team=a.team, name=a.user[2:].lower())
            for a in (ADMIN, EVE, ALICE, BOB)
        }
        self.groups: dict[str, list[str]] = {}
        self.urls_work = True
        self.keyed: list[tuple[str, Message]] = []

    def direct_message(self, user: str) -> str:
        return f"D-{user}"

    def post(self, channel: str, view: View, *, key: str = "") -> Message:
        self.said.append((channel, view))
        ts = f"{len(self.said)}.000"
        self.shown[ts] = view
        message = Message(channel=channel, ts=ts)
        if key:
            self.keyed.append((key, message))
        return message

    def find(self, channel: str, key: str, since: datetime) -> Message | None:
        found = (m for posted, m in self.keyed if (posted, m.channel) == (key, channel))
        return next(found, None)

    def update(self, message: Message, view: View) -> None:
        self.said.append((message.channel, view))
        self.shown[message.ts] = view

    def respond(self, response_url: str, view: View) -> bool:
        if self.urls_work:
            self.said.append((response_url, view))
        return self.urls_work

    def profile(self, user: str) -> Profile | None:
        return self.profiles.get(user)

    def group_members(self, group: str) -> list[str] | None:
        return self.groups.get(group)

    def everything(self) -> str:
        """All that was said, as one text."""
        return "\n".join(f"{where}: {view.text} {view.blocks}" for where, view in self.said)


class MemoryQueue:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, body: str, *, group: str, deduplication: str) -> None:
        self.sent.append((body, group, deduplication))


class MemoryRedelivery:
    def __init__(self) -> None:
        self.brought_back: list[tuple[list[str], str, int]] = []

    def bring_back(self, receipts: Sequence[str], *, queue: str, seconds: int) -> None:
        self.brought_back.append((list(receipts), queue, seconds))


class MemoryTrainingJobs:
    def __init__(self) -> None:
        self.created: dict[str, TrainingJob] = {}
        self.status: dict[str, TrainingStatus] = {}
        self.stopped: list[str] = []
        self.pools_ended: list[str] = []
        self.error: Exception | None = None

    def create(self, job: TrainingJob, *, request: str) -> None:
        if self.error is not None:
            raise self.error
        self.created.setdefault(job.name, job)
        self.status.setdefault(job.name, TrainingStatus("InProgress", "Starting"))

    def is_there(self, name: str, *, request: str) -> bool:
        return name in self.created

    def describe(self, name: str) -> TrainingStatus | None:
        return self.status.get(name)

    def stop(self, name: str) -> None:
        self.stopped.append(name)

    def end_warm_pool(self, name: str) -> None:
        self.pools_ended.append(name)


class MemoryNodes:
    clock: MovedClock
    """Set by MemoryServices."""

    def __init__(self) -> None:
        self.activations: dict[str, str] = {}
        self.made_for: dict[str, str] = {}
        self.limits: dict[str, int] = {}
        self.nodes: dict[str, list[RegisteredNode]] = {}
        self.connected: set[str] = set()
        self.probes: dict[str, Node] = {}
        self.told: list[tuple[str, str, str]] = []
        self.deregistered: list[str] = []

    def create_activation(
        self, *, job: str, limit: int, expires: datetime, tags: Mapping[str, str]
    ) -> Activation:
        activation = f"act-{len(self.made_for) + 1}-{job}"
        self.activations[activation] = self.made_for[activation] = job
        self.limits[activation] = limit
        return Activation(id=activation, code="the-activation-code", region="eu-west-1")

    def delete_activation(self, activation: str) -> None:
        self.activations.pop(activation, None)

    def activations_of(self, job: str) -> list[str]:
        return [a for a, made_for in self.activations.items() if made_for == job]

    def registered(self, activation: str) -> list[RegisteredNode]:
        return self.nodes.get(activation, [])

    def is_connected(self, node: str) -> bool:
        return node in self.connected

    def probe(self, node: str) -> Node | None:
        return self.probes.get(node)

    def tell(self, node: str, verb: str, argument: str = "0") -> bool:
        self.told.append((node, verb, argument))
        return node in self.connected

    def deregister(self, node: str) -> None:
        self.deregistered.append(node)
        for activation, nodes in self.nodes.items():
            self.nodes[activation] = [each for each in nodes if each.id != node]

    def all_activations(self) -> list[OfAJob]:
        return [OfAJob(a, job, START) for a, job in self.activations.items()]

    def all_nodes(self) -> list[OfAJob]:
        return [
            OfAJob(node.id, self.made_for[activation], node.registered_at, node.online)
            for activation, nodes in self.nodes.items()
            for node in nodes
        ]

    def come_up(self, activation: str, *ids: str) -> None:
        """The nodes of these ids register, connect and answer; they are all that there are."""
        known = {node.id: node.registered_at for node in self.nodes.get(activation, [])}
        now = self.clock.now()
        self.nodes[activation] = [RegisteredNode(i, True, known.get(i, now)) for i in ids]
        for rank, node in enumerate(ids):
            self.connected.add(node)
            self.probes[node] = Node(rank=rank, id=node, host_keys=(HOST_KEY,))


class MemorySessions:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.terminated: list[str] = []
        self.over: list[str] = []
        self.unlisted: set[str] = set()
        """Of those SSM's lists say nothing yet."""
        self.refusals: dict[str, int] = {}
        """How often AWS won't end a session yet."""
        self.on_start: Callable[[], None] = lambda: None

    def start(self, node: str, *, reason: str) -> SessionAccess:
        self.started.append(node)
        self.on_start()
        return SessionAccess(id=f"s-{len(self.started)}", stream_url="wss://x", token="t")

    def resume(self, session: str) -> SessionAccess:
        return SessionAccess(id=session, stream_url="wss://y", token="t2")

    def active(self, node: str) -> set[str]:
        return {f"s-{n + 1}" for n in range(len(self.started))} - set(self.over) - self.unlisted

    def ended(self, node: str, *, since: datetime) -> set[str]:
        return set(self.over) - self.unlisted

    def terminate(self, session: str) -> None:
        self.terminated.append(session)

    def terminate_all(self, sessions: Sequence[str]) -> list[str]:
        left = [session for session in sessions if self.refusals.get(session, 0) > 0]
        for session in sessions:
            if session in left:
                self.refusals[session] -= 1
            else:
                self.terminate(session)
        return left


class MemoryFiles:
    def __init__(self) -> None:
        self.stored: dict[str, Mapping[str, bytes]] = {}
        self.shared: dict[str, Mapping[str, bytes]] = {}

    def put(self, prefix: str, files: Mapping[str, bytes]) -> None:
        self.stored[prefix] = files

    def put_shared(self, prefix: str, files: Mapping[str, bytes]) -> None:
        self.shared.setdefault(prefix, files)

    def get(self, prefix: str, name: str) -> bytes | None:
        return self.stored.get(prefix, {}).get(name)

    def delete(self, prefix: str) -> None:
        self.stored.pop(prefix, None)

    def uri(self, prefix: str) -> str:
        return f"s3://bucket/{prefix}/"


class MemoryAgentMirror:
    def __init__(self) -> None:
        self.pin: AgentPin | None = None

    def pinned(self) -> AgentPin | None:
        return self.pin

    def is_current(self, pin: AgentPin) -> bool:
        return True

    def mirror(self, version: str) -> AgentPin:
        self.pin = AgentPin(version=version, signed_by="A" * 40, sha256={"x86_64.tar.gz": "0" * 64})
        return self.pin


class MemoryJobLogs:
    """`lines` of each job, in order; sshq's own records are among them."""

    def __init__(self) -> None:
        self.lines: dict[str, list[tuple[datetime, str, str]]] = {}
        self.reads = 0

    def tail(self, job: str, most: int) -> LogPage:
        lines = self._own(job)
        return LogPage(tuple(lines[-most:]), f"algo-1=f/{len(lines)}")

    def after(self, job: str, position: str, most: int) -> LogPage:
        begin = int((Position.of(position).token("algo-1") or "f/0").split("/")[1])
        lines = self._own(job)[begin : begin + most]
        return LogPage(tuple(lines), f"algo-1=f/{begin + len(lines)}")

    def records(self, job: str, since: datetime) -> list[StageRecord]:
        self.reads += 1
        found = [parse_record(text) for at, _, text in self.lines.get(job, []) if at >= since]
        return [record for record in found if record]

    def print(self, job: str, at: datetime, *texts: str, node: str = "algo-1") -> None:
        """A container prints."""
        self.lines.setdefault(job, []).extend((at, node, text) for text in texts)

    def _own(self, job: str) -> list[LogLine]:
        return [
            LogLine(at, node, redacted(text))
            for at, node, text in self.lines.get(job, [])
            if parse_record(text) is None
        ]


@dataclass
class MemoryClientPackage:
    content: bytes | None = b"PK\x03\x04\xff"

    def read(self) -> bytes | None:
        return self.content


class MemoryCa:
    key_ids = ("ca-1",)

    def public_keys(self) -> tuple[str, ...]:
        return ("ecdsa-sha2-nistp256 AAAA sshq-ca",)

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
        return f"cert {principal} {key_id} until {valid_before.isoformat()}"


class MemoryAccount:
    """An account that has what was applied to it. `fails_at` raises at that change."""

    def __init__(self) -> None:
        self.specs: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.fails_at: dict[str, Exception] = {}
        self.left = Leftovers()

    def leftovers(self) -> Leftovers:
        return self.left

    def read(self) -> Actual:
        return Actual(account="123456789012", region="eu-west-1", specs=dict(self.specs))

    def apply(self, change: Change) -> None:
        error = self.fails_at.pop(change.resource.key, None)
        if error is not None:
            raise error
        self.writes.append(change.resource.key)
        if change.action is Action.DELETE and change.resource.kind is Kind.SETTING:
            self.specs[change.resource.key] = {"value": "standard"}
        elif change.action is Action.DELETE:
            del self.specs[change.resource.key]
        else:
            self.specs[change.resource.key] = change.resource.spec


class MemoryIdentities:
    """IAM users and roles by name, and the members' group."""

    def __init__(self) -> None:
        self.users = {"alice": "AIDAALICE", "bob": "AIDABOB"}
        self.roles = {"alice-role": "AROAALICE", "AWSReservedSSO_ds_1": "AROASSO"}
        self.group: set[str] = set()

    def id_of_user(self, name: str) -> str | None:
        return self.users.get(name)

    def id_of_role(self, name: str) -> str | None:
        return self.roles.get(name)

    def join_group(self, user: IamIdentity) -> None:
        self.group.add(user.name)

    def leave_group(self, user: IamIdentity) -> None:
        self.group.discard(user.name)


class MemoryAudit:
    """The chain in a list; `events` are its records as they were asked for."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Actor | None, dict[str, str]]] = []
        self.chain: list[Entry] = []
        self.clock = MovedClock()
        self.request = ""

    def begin(self, request: str) -> None:
        self.request = request

    def record_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self.record(event.name, actor=event.actor, **event.facts)

    def record(self, event: str, *, actor: Actor | None, **facts: str) -> None:
        self.events.append((event, actor, facts))
        entry = Entry(
            seq=0,
            at=self.clock.now(),
            event=event,
            who=actor.tag if actor else "sshq",
            facts=facts,
            request=self.request,
            previous="",
        )
        self.chain.append(appended(self.head() or Link(), entry))

    def entries(self, *, latest_first: bool = False) -> Iterator[Entry | None]:
        return iter(self.chain[::-1] if latest_first else self.chain)

    def head(self) -> Link | None:
        return Link(self.chain[-1].seq, self.chain[-1].digest) if self.chain else None

    def names(self) -> list[str]:
        return [event for event, _, _ in self.events]


SETTINGS = Settings(
    stack="sshq",
    admins=ADMIN.tag,
    region="eu-west-1",
    account="123456789012",
    api_host="api.test",
    bucket="sshq-123456789012-eu-west-1",
    job_role="sshhelper-for-sagemaker-role",
    job_policy="sshhelper-for-sagemaker-policy",
    node_role="sshq-node-role",
    group="SSHHelperUserGroup",
    boundary_arn="arn:aws:iam::123456789012:policy/sshq-boundary",
    client_policy_arn="arn:aws:iam::123456789012:policy/sshq-client",
    session_document="sshq-session",
    command_document="sshq-command",
    default_instance="ml.m5.large",
    default_image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/pytorch:1",
)


@dataclass
class MemoryServices:
    """ports.Services, all in memory."""

    settings: Settings = SETTINGS
    clock: MovedClock = field(default_factory=MovedClock)
    randomness: CountedBytes = field(default_factory=CountedBytes)
    requests: MemoryRequests = field(default_factory=MemoryRequests)
    members: MemoryMembers = field(default_factory=MemoryMembers)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    tickets: MemoryTickets = field(default_factory=MemoryTickets)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    shares: MemoryShares = field(default_factory=MemoryShares)
    rates: MemoryRates = field(default_factory=MemoryRates)
    presets: MemoryPresets = field(default_factory=MemoryPresets)
    prices: MemoryPrices = field(default_factory=MemoryPrices)
    quotas: MemoryQuotas = field(default_factory=MemoryQuotas)
    waiting_room: MemoryWaitingRoom = field(default_factory=MemoryWaitingRoom)
    plans: MemoryPlans = field(default_factory=MemoryPlans)
    setup_memory: MemorySetupMemory = field(default_factory=MemorySetupMemory)
    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    chat: MemoryChat = field(default_factory=MemoryChat)
    commands_queue: MemoryQueue = field(default_factory=MemoryQueue)
    redelivery: MemoryRedelivery = field(default_factory=MemoryRedelivery)
    provisioning_queue: MemoryQueue = field(default_factory=MemoryQueue)
    training_jobs: MemoryTrainingJobs = field(default_factory=MemoryTrainingJobs)
    nodes: MemoryNodes = field(default_factory=MemoryNodes)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    startup_files: MemoryFiles = field(default_factory=MemoryFiles)
    agent_mirror: MemoryAgentMirror = field(default_factory=MemoryAgentMirror)
    job_logs: MemoryJobLogs = field(default_factory=MemoryJobLogs)
    client_package: MemoryClientPackage = field(default_factory=MemoryClientPackage)
    ca: MemoryCa = field(default_factory=MemoryCa)
    account: MemoryAccount = field(default_factory=MemoryAccount)
    identities: MemoryIdentities = field(default_factory=MemoryIdentities)
    audit: MemoryAudit = field(default_factory=MemoryAudit)

    def __post_init__(self) -> None:
        self.leases.services = self
        self.audit.clock = self.nodes.clock = self.clock
        self.jobs.members, self.jobs.shares = self.members, self.shares

    @cached_property
    def budgets(self) -> MemoryBudgets:
        return MemoryBudgets(self.jobs)

    def enrol(self, actor: Actor, slug: str, language: str = "en") -> Member:
        """Make someone a member."""
        member = Member(
            actor=actor, slug=slug, language=language, added_by=ADMIN, added_at=self.clock.now()
        )
        self.members.add(member)
        return member

    def message(
        self,
        actor: Actor,
        verb: str,
        *,
        trigger: str = "1.1",
        shown: Message | None = None,
        with_url: bool = True,
        **arguments: Any,
    ) -> QueueMessage:
        """What the gateway would have queued."""
        url = ResponseUrl(url=RESPONSE_URL, issued_at=self.clock.now()) if with_url else None
        return QueueMessage(
            request=request_id(actor.team, trigger),
            correlation="c0ffee",
            actor=actor,
            verb=verb,
            arguments=arguments,
            answer=Answer(channel="C1", response_url=url, message=shown),
            received_at=self.clock.now(),
        )

    def with_settings(self, **changes: Any) -> MemoryServices:
        """The same with other settings."""
        return replace(self, settings=self.settings.model_copy(update=changes))
