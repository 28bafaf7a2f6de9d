"""What a job's phase is, given what SageMaker and SSM say of it: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

from sshq.domain.jobs import Node, Phase

_ENDED = {"Completed": Phase.COMPLETED, "Failed": Phase.FAILED, "Stopped": Phase.STOPPED}
_IN_PROGRESS = {
    "Pending": Phase.STARTING,
    "Starting": Phase.STARTING,
    "LaunchingMLInstances": Phase.STARTING,
    "PreparingTrainingStack": Phase.STARTING,
    "Downloading": Phase.DOWNLOADING,
    "DownloadingTrainingImage": Phase.DOWNLOADING,
    "Training": Phase.REGISTERING,
}


@dataclass(frozen=True)
class TrainingStatus:
    """TrainingJobStatus, SecondaryStatus and FailureReason as SageMaker gives them."""

    status: str
    secondary: str
    failure: str = ""


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


def phase_of(status: TrainingStatus, nodes: list[NodeState], wanted: int) -> Phase:
    """The phase that these facts mean; whether the job may move there is `Phase.may_become`'s."""
    if status.status in _ENDED:
        return _ENDED[status.status]
    if status.status == "Stopping":
        return Phase.STOPPING
    phase = _IN_PROGRESS.get(status.secondary, Phase.SUBMITTED)
    if phase is Phase.REGISTERING and len(ready_nodes(nodes)) >= wanted:
        return Phase.READY
    return phase


def ready_nodes(nodes: list[NodeState]) -> tuple[Node, ...]:
    """The nodes that can be entered, by rank; a restarted container's newest node is last to win."""
    by_rank = {
        state.probed.rank: state.probed for state in nodes if state.is_ready and state.probed
    }
    return tuple(by_rank[rank] for rank in sorted(by_rank))
