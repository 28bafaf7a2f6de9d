"""One training job, as SageMaker tells it: what was asked for, and the way it has gone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ENDED = frozenset({"Completed", "Failed", "Stopped"})

_LONGEST_REASON = 1024
_STATUS_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "Training job interrupted",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job exceeded MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "Training job exceeded MaxWaitTimeInSeconds",
}
_IN_USE = frozenset({"Training", "Uploading", "Stopping"})
# What CreateTrainingJob takes and DescribeTrainingJob doesn't give back as it stands.
_NOT_ECHOED = frozenset({"Tags", "SessionChainingConfig"})


@dataclass
class TrainingJob:
    """Mutable: whoever holds it holds the lock too.

    `request` is CreateTrainingJob's body. `tags` are SageMaker's Key/Value pairs; moto's own tag
    operations change them in place.
    """

    name: str
    arn: str
    account_id: str
    region: str
    request: Mapping[str, Any]
    created: datetime
    tags: list[dict[str, str]] = field(default_factory=list)
    status: str = "InProgress"
    secondary_status: str = "Starting"
    failure_reason: str | None = None
    modified: datetime = field(init=False)
    training_started: datetime | None = None
    training_ended: datetime | None = None
    transitions: list[dict[str, Any]] = field(default_factory=list)
    lacks_capacity: bool = False
    pool_ended: datetime | None = None
    pool_reused_by: str = ""

    def __post_init__(self) -> None:
        self.modified = self.created
        self._open_transition("Starting", self.created)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def max_runtime_seconds(self) -> int:
        condition = self.request.get("StoppingCondition") or {}
        return int(condition.get("MaxRuntimeInSeconds") or 86_400)

    @property
    def max_wait_seconds(self) -> int | None:
        """How long a spot job may wait and run, all in all; None for other jobs."""
        condition = self.request.get("StoppingCondition") or {}
        seconds: int | None = condition.get("MaxWaitTimeInSeconds")
        return seconds

    @property
    def instance_count(self) -> int:
        return int(self.request["ResourceConfig"].get("InstanceCount") or 1)

    @property
    def pool(self) -> str:
        """The quota that it counts against, by its name in Service Quotas."""
        spot = "spot " if self.is_spot else ""
        return f"{self.request['ResourceConfig'].get('InstanceType')} for {spot}training job usage"

    def move(self, secondary_status: str, now: datetime, *, status: str | None = None) -> bool:
        """Enter a secondary status (and a status, if given); False when the job has ended."""
        if self.has_ended:
            return False
        if self.status != "Stopping" or status in ENDED:
            self.status = status or self.status
        if secondary_status == "Training":
            self.training_started = self.training_started or now
        if self.status in ENDED and self.training_started:
            self.training_ended = now
        self.secondary_status = secondary_status
        self.modified = now
        self.transitions[-1]["EndTime"] = now
        self._open_transition(secondary_status, now)
        if self.status in ENDED:
            self.transitions[-1]["EndTime"] = now
        return True

    def fail(self, reason: str, now: datetime) -> bool:
        if self.has_ended:
            return False
        self.failure_reason = reason[:_LONGEST_REASON]
        return self.move("Failed", now, status="Failed")

    @property
    def keep_alive_seconds(self) -> int:
        return int(self.request["ResourceConfig"].get("KeepAlivePeriodInSeconds") or 0)

    def pool_is_available(self, now: datetime) -> bool:
        """Whether its instances wait for another job."""
        return bool(
            self.has_ended
            and self.training_ended
            and not self.pool_ended
            and now < self.training_ended + timedelta(seconds=self.keep_alive_seconds)
        )

    def matches(self, other: TrainingJob) -> bool:
        """Whether another job may start on its instances, as far as the sandbox looks.

        https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html#train-warm-pools-matching-criteria
        """
        return self._of_pool(self.request) == self._of_pool(other.request)

    @staticmethod
    def _of_pool(request: Mapping[str, Any]) -> tuple[Any, ...]:
        resource = request["ResourceConfig"]
        return (
            request["RoleArn"],
            request.get("VpcConfig"),
            resource.get("InstanceType"),
            resource.get("InstanceCount"),
            resource.get("VolumeSizeInGB"),
        )

    def warm_pool(self, now: datetime) -> dict[str, Any] | None:
        """DescribeTrainingJob's WarmPoolStatus; None for a job without one."""
        if not self.keep_alive_seconds:
            return None
        if not self.has_ended:
            return {"Status": "InUse"}
        if self.training_ended is None:
            return {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 0}
        available = self.pool_is_available(now)
        over = self.training_ended + timedelta(seconds=self.keep_alive_seconds)
        until = now if available else self.pool_ended or over
        found: dict[str, Any] = {
            "Status": "Available"
            if available
            else "Reused"
            if self.pool_reused_by
            else "Terminated",
            "ResourceRetainedBillableTimeInSeconds": int(
                (until - self.training_ended).total_seconds()
            ),
        }
        if self.pool_reused_by:
            found["ReusedByJob"] = self.pool_reused_by
        return found

    def describe(self, now: datetime | None = None) -> dict[str, Any]:
        """DescribeTrainingJob's output. Times are datetimes. `now`: with how its warm pool is."""
        echoed = {k: v for k, v in self.request.items() if k not in _NOT_ECHOED and v is not None}
        output = {
            "EnableNetworkIsolation": False,
            "EnableInterContainerTrafficEncryption": False,
            "EnableManagedSpotTraining": False,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_seconds},
            **echoed,
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary_status,
            "FailureReason": self.failure_reason,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "TrainingStartTime": self.training_started,
            "TrainingEndTime": self.training_ended,
            "SecondaryStatusTransitions": [dict(step) for step in self.transitions],
            "ModelArtifacts": {"S3ModelArtifacts": self.model_artifacts},
            "WarmPoolStatus": self.warm_pool(now) if now else None,
        }
        if self.training_started and self.training_ended:
            seconds = max(1, math.ceil(self._seconds_in_use()))
            output["TrainingTimeInSeconds"] = seconds
            output["BillableTimeInSeconds"] = seconds  # of one instance
        return {name: value for name, value in output.items() if value is not None}

    def _seconds_in_use(self) -> float:
        """While it waits for other instances, an interrupted job costs nothing."""
        spans = (
            step["EndTime"] - step["StartTime"]
            for step in self.transitions
            if step["Status"] in _IN_USE and "EndTime" in step
        )
        return sum(spans, timedelta()).total_seconds()

    def summary(self) -> dict[str, Any]:
        """A TrainingJobSummary of ListTrainingJobs."""
        described = self.describe()
        names = (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
        )
        return {name: described[name] for name in names if name in described}

    def event_detail(self) -> dict[str, Any]:
        """The detail of "SageMaker Training Job State Change": the description with times in epoch
        milliseconds, and the tags as a map.

        https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
        """
        detail: dict[str, Any] = _with_epoch_milliseconds(self.describe())
        detail["Tags"] = {tag["Key"]: tag["Value"] for tag in self.tags}
        return detail

    @property
    def model_artifacts(self) -> str:
        prefix = str(self.request["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
        return f"{prefix}/{self.name}/output/model.tar.gz"

    @property
    def is_spot(self) -> bool:
        return bool(self.request.get("EnableManagedSpotTraining"))

    @property
    def checkpoints(self) -> str:
        """Where in S3 its checkpoints lie; empty if it keeps none."""
        return str((self.request.get("CheckpointConfig") or {}).get("S3Uri", "")).rstrip("/")

    def _open_transition(self, status: str, now: datetime) -> None:
        message = self.failure_reason if status == "Failed" else None
        self.transitions.append(
            {
                "Status": status,
                "StartTime": now,
                "StatusMessage": message or _STATUS_MESSAGES[status],
            }
        )


def _with_epoch_milliseconds(value: Any) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, dict):
        return {name: _with_epoch_milliseconds(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_epoch_milliseconds(member) for member in value]
    return int(value.timestamp() * 1000) if hasattr(value, "timestamp") else value
