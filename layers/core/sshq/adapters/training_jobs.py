"""SageMaker training jobs."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, overload

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code, is_passing, message, refused
from sshq.adapters.new_roles import once_known
from sshq.domain import tags as tag_names
from sshq.domain.job_progress import TrainingStatus, Transition, WarmPool
from sshq.domain.refusals import NOTHING, Reason, Refusal

if TYPE_CHECKING:
    from sshq.ports import Clock, TrainingJob

# Its API's model has an error of its own for a job that isn't there; what one sees is the other.
_NOT_FOUND = "ResourceNotFound"
_NOTHING_TO_DO = {"ValidationException", _NOT_FOUND}
_ABOVE_A_QUOTA = "ResourceLimitExceeded"
_NO_SUCH_TYPE = "at 'resourceConfig.instanceType' failed to satisfy constraint"
_TYPE = re.compile(r"\bml\.[a-z0-9-]+\.[a-z0-9]+")
# "… limit 'ml.g5.xlarge for training job usage' is 2 Instances, with current utilization of 2
# Instances and a request delta of 1 Instances."
_LIMIT = re.compile(r" is (?P<limit>\d+) \w+, with .* delta of (?P<delta>\d+) \w+")
_NOT_IN_REGION = "not available in this region"


class SageMakerTrainingJobs:
    """ports.TrainingJobs. `client` is a boto3 SageMaker client."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        *,
        arn_prefix: str,
        clock: Clock,
    ) -> None:
        self._client = client
        self._arn_prefix = arn_prefix
        self._clock = clock

    def create(self, job: TrainingJob, *, request: str) -> None:
        wanted = create_request(job)
        try:
            once_known(
                lambda: self._client.create_training_job(**wanted),
                role=job.role_arn,
                clock=self._clock,
            )
        except ClientError as error:
            if code(error) == "ResourceInUse":
                self._accept_only_own(job.name, request)
            elif is_passing(error):
                raise
            # It may be this very job that fills the quota: boto3 asks again where an answer was lost.
            elif code(error) != _ABOVE_A_QUOTA or not self.is_there(job.name, request=request):
                raise _refusal(error, job) from error

    def is_there(self, name: str, *, request: str) -> bool:
        if self.describe(name) is None:
            return False
        self._accept_only_own(name, request)
        return True

    def describe(self, name: str) -> TrainingStatus | None:
        try:
            found = self._client.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            if _isnt_there(error):
                return None
            raise
        return TrainingStatus(
            status=found["TrainingJobStatus"],
            secondary=found.get("SecondaryStatus", ""),
            failure=found.get("FailureReason", ""),
            transitions=tuple(
                Transition(step["Status"], _whole_seconds(step["StartTime"]))
                for step in found.get("SecondaryStatusTransitions", [])
            ),
            started_at=_whole_seconds(found.get("TrainingStartTime")),
            billable_seconds=found.get("BillableTimeInSeconds"),
            pool=_warm_pool(found.get("WarmPoolStatus")),
        )

    def stop(self, name: str) -> None:
        try:
            self._client.stop_training_job(TrainingJobName=name)
        except ClientError as error:
            # A job that isn't InProgress any more: what was asked for is so already.
            if code(error) not in _NOTHING_TO_DO:
                raise

    def end_warm_pool(self, name: str) -> None:
        try:
            self._client.update_training_job(
                TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
            )
        except ClientError as error:
            # Over, or in use by the next job: that one ends it.
            if code(error) not in _NOTHING_TO_DO:
                raise

    def _accept_only_own(self, name: str, request: str) -> None:
        """The name follows from the request, so a taken name is ours, unless somebody made it by hand."""
        found = self._client.list_tags(ResourceArn=self._arn_prefix + name)["Tags"]
        if {"Key": tag_names.REQUEST, "Value": request[:64]} not in found:
            raise Refusal(Reason.NAME_TAKEN, job=name)


def _warm_pool(found: dict[str, Any] | None) -> WarmPool | None:
    if not found:
        return None
    return WarmPool(found["Status"], found.get("ResourceRetainedBillableTimeInSeconds"))


@overload
def _whole_seconds(time: datetime) -> datetime: ...
@overload
def _whole_seconds(time: None) -> None: ...
def _whole_seconds(time: datetime | None) -> datetime | None:
    """As all times here are (ports.Clock): botocore gives them in the machine's own zone."""
    return time and time.astimezone(UTC).replace(microsecond=0)


def create_request(job: TrainingJob) -> dict[str, Any]:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"""
    request: dict[str, Any] = {
        "TrainingJobName": job.name,
        "RoleArn": job.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": job.image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": list(job.entrypoint),
        },
        "InputDataConfig": [_channel(name, uri) for name, uri in job.channels.items()],
        "OutputDataConfig": {"S3OutputPath": job.output_uri},
        "ResourceConfig": {
            "InstanceType": job.instance,
            "InstanceCount": job.count,
            "VolumeSizeInGB": job.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_seconds},
        "Tags": [{"Key": key, "Value": value} for key, value in job.tags.items()],
    }
    if job.subnets:
        request["VpcConfig"] = {
            "Subnets": list(job.subnets),
            "SecurityGroupIds": list(job.security_groups),
        }
    if job.warm_pool_seconds:
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = job.warm_pool_seconds
    if job.is_spot:
        request["EnableManagedSpotTraining"] = True
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = job.max_wait_seconds
        # Without one SageMaker ends an interrupted job for good instead of starting it again.
        request["CheckpointConfig"] = {"S3Uri": job.checkpoint_uri}
    return request


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}}


def _refusal(error: ClientError, job: TrainingJob) -> Refusal:
    if code(error) == _ABOVE_A_QUOTA:
        reason = Reason.BEYOND_QUOTA if _never_fits(message(error)) else Reason.QUOTA
        return Refusal(reason, instance=job.instance, detail=message(error))
    if code(error) == "ValidationException" and _NO_SUCH_TYPE in message(error):
        # AWS names hundreds that there are; of use are those that may have been meant.
        near = difflib.get_close_matches(job.instance, _TYPE.findall(message(error)), n=4)
        near = [each for each in dict.fromkeys(near) if each != job.instance]
        return Refusal(
            Reason.UNKNOWN_INSTANCE, instance=job.instance, near=", ".join(near) or NOTHING
        )
    return refused(error)


def _never_fits(detail: str) -> bool:
    """Whether more is asked for than there would be were nothing in use: waiting wouldn't help."""
    found = _LIMIT.search(detail)
    too_much = found is not None and int(found["delta"]) > int(found["limit"])
    return too_much or _NOT_IN_REGION in detail


def _isnt_there(error: ClientError) -> bool:
    is_invalid = code(error) == "ValidationException"
    return code(error) == _NOT_FOUND or (is_invalid and "not found" in message(error).lower())
