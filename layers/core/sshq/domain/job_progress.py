"""What SageMaker, SSM and the containers say of a job, and what the job is after that: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq.domain.idleness import Idleness
from sshq.domain.jobs import EndReason, Job, Node, Phase
from sshq.domain.records import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sshq.domain.node_starts import NodeStart
    from sshq.domain.records import StageRecord

_ENDED = {"Completed": Phase.COMPLETED, "Failed": Phase.FAILED, "Stopped": Phase.STOPPED}
_IN_PROGRESS = {
    "Pending": Phase.STARTING,
    "Starting": Phase.STARTING,
    "LaunchingMLInstances": Phase.STARTING,
    "PreparingTrainingStack": Phase.STARTING,
    "Interrupted": Phase.STARTING,
    "Restarting": Phase.STARTING,
    "Downloading": Phase.DOWNLOADING,
    "DownloadingTrainingImage": Phase.DOWNLOADING,
    "Training": Phase.PROBING,
    # The containers are gone, and what they made is put into S3.
    "Uploading": Phase.STOPPING,
}
_CUT_SHORT = {
    "MaxRuntimeExceeded": EndReason.HARD_CAP,
    "MaxWaitTimeExceeded": EndReason.NO_CAPACITY,
}
# What a container's last record says of why it ended, beside that its command was over.
_BY_THEMSELVES = {"deadline": EndReason.DEADLINE, "idle": EndReason.IDLE}
# Each of them is followed by a new start with new nodes.
_RESTARTS = {"Interrupted", "Restarting"}


@dataclass(frozen=True)
class Transition:
    """One entry of SecondaryStatusTransitions."""

    status: str
    since: datetime


@dataclass(frozen=True)
class WarmPool:
    """What WarmPoolStatus tells. `kept_seconds`: for how long its instances were kept, and are billed."""

    status: str
    kept_seconds: int | None = None

    @property
    def is_over(self) -> bool:
        return self.status in {"Reused", "Terminated"}


@dataclass(frozen=True)
class TrainingStatus:
    """What DescribeTrainingJob tells, as far as it matters here. Billable seconds are one node's."""

    status: str
    secondary: str
    failure: str = ""
    transitions: tuple[Transition, ...] = ()
    started_at: datetime | None = None
    billable_seconds: int | None = None
    pool: WarmPool | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in _ENDED

    @property
    def billed_seconds(self) -> int | None:
        """0 for a job that never began on a machine: AWS bills from TrainingStartTime on."""
        return 0 if self.started_at is None and not self.billable_seconds else self.billable_seconds

    @property
    def containers_run(self) -> bool:
        return self.status == "InProgress" and self.secondary == "Training"

    @property
    def restarts(self) -> int:
        return sum(step.status in _RESTARTS for step in self.transitions)

    @property
    def run(self) -> tuple[Transition, ...]:
        """The transitions since the last restart."""
        begins = [n for n, step in enumerate(self.transitions) if step.status in _RESTARTS]
        return self.transitions[begins[-1] :] if begins else self.transitions

    @property
    def run_since(self) -> datetime | None:
        """Before that no machine of this run had the job's files; None if SageMaker doesn't tell."""
        return self._since({"Downloading"} | _RESTARTS)

    @property
    def containers_since(self) -> datetime | None:
        """When SageMaker says that this run's containers began."""
        return self._since({"Training"})

    def _since(self, statuses: set[str]) -> datetime | None:
        return next((step.since for step in self.run if step.status in statuses), None)


@dataclass(frozen=True)
class NodeState:
    """One of a job's nodes. `probed` is the node's own answer to the `probe` verb, or None.

    `Online` alone isn't ready: it can come 90 seconds before a session can be opened.
    """

    id: str
    online: bool
    connected: bool
    probed: Node | None

    @property
    def is_ready(self) -> bool:
        return self.online and self.connected and self.probed is not None


@dataclass(frozen=True)
class Look:
    """One look at a job: what SageMaker and SSM say now, and what the containers' records told."""

    status: TrainingStatus
    nodes: Sequence[NodeState] = ()
    starting: tuple[NodeStart, ...] = ()
    ended_by: EndReason | None = None


def after(job: Job, look: Look, now: datetime) -> Job | None:
    """The job as it is after a look at it. None if nothing is new, or the look came too late."""
    if not job.is_open:
        return None
    seen = job
    if look.status.restarts > job.restarts and job.phase is not Phase.STOPPING:
        seen = _restarted(job, look.status)
    if look.starting and seen.phase is not Phase.READY:
        seen = seen.model_copy(update={"starting": look.starting})
    if look.status.started_at and seen.started_at is None:
        seen = seen.model_copy(update={"started_at": look.status.started_at})
    seen = _forward(seen, look, phase_of(look, seen), now)
    return None if seen == job else seen


def ended_by(records: Iterable[StageRecord]) -> EndReason | None:
    """Why the containers ended themselves, if they said so."""
    codes = [record.code for record in records if record.stage is Stage.END]
    return next((_BY_THEMSELVES[code] for code in codes if code in _BY_THEMSELVES), None)


def phase_of(look: Look, job: Job) -> Phase:
    """The phase that these facts mean; whether the job may move there is `Phase.may_become`'s."""
    status = look.status
    if status.status in _ENDED:
        failed = job.end_reason is EndReason.START_UP_FAILED
        return Phase.FAILED if failed else _ENDED[status.status]
    if status.status == "Stopping":
        return Phase.STOPPING
    phase = _IN_PROGRESS.get(status.secondary, Phase.SUBMITTED)
    if phase is not Phase.PROBING:
        return phase
    if len(ready_nodes(look.nodes)) >= job.shape.count:
        return Phase.READY
    return _start_up_phase(look, job.shape.count)


def ready_nodes(nodes: Sequence[NodeState]) -> tuple[Node, ...]:
    """The nodes that can be entered, by rank. Of those that are let in none claims another's rank."""
    by_rank = {
        state.probed.rank: state.probed for state in nodes if state.is_ready and state.probed
    }
    return tuple(by_rank[rank] for rank in sorted(by_rank))


def _start_up_phase(look: Look, count: int) -> Phase:
    """Where the slowest container is. Records come late: a node that SSM knows is past them."""
    if len(look.nodes) >= count:
        return Phase.REGISTERING
    if len(look.starting) < count:
        return Phase.PROBING
    has_sshd = all(start.has_sshd for start in look.starting)
    return Phase.REGISTERING if has_sshd else Phase.SSHD


def _restarted(job: Job, status: TrainingStatus) -> Job:
    """SageMaker took the instances away and will give others: new nodes, under the same job."""
    anew = {
        "restarts": status.restarts,
        "phase": Phase.SUBMITTED,
        "history": (),
        "nodes": (),
        "starting": (),
        # They read the deadline that was set when the job was asked for, and of no [Keep].
        "deadline_untold": True,
        "keep_untold": job.kept_until is not None,
        "idleness": Idleness(),
    }
    return job.model_copy(update=anew)


def _forward(job: Job, look: Look, phase: Phase, now: datetime) -> Job:
    if not job.phase.may_become(phase):
        return job
    for step in look.status.run:
        # Also those that came and went between two looks.
        passed = _IN_PROGRESS.get(step.status)
        if passed and job.phase.may_become(passed) and passed.comes_before(phase):
            job = job.entered(passed, step.since)
    changes: dict[str, object] = {}
    if phase is Phase.READY:
        changes["nodes"] = ready_nodes(look.nodes)
    if phase.has_ended:
        changes = _end(job, look, now)
    return job.entered(phase, _since(look.status, phase, now), **changes)


def _since(status: TrainingStatus, phase: Phase, now: datetime) -> datetime:
    """When SageMaker says that it came there; what it doesn't tell began when it was seen."""
    times = [step.since for step in status.run if _IN_PROGRESS.get(step.status) is phase]
    return times[-1] if times else now


def _end(job: Job, look: Look, now: datetime) -> dict[str, object]:
    status = look.status
    return {
        "ended_at": now,
        "failure": status.failure or job.failure,
        "end_reason": _CUT_SHORT.get(status.secondary) or job.end_reason or look.ended_by,
        "billable_seconds": status.billed_seconds,
    }
