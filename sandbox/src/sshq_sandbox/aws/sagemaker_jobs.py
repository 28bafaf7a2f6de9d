"""SageMaker's training jobs as moto doesn't have them: checked, run, stopped, and told of."""

from __future__ import annotations

import json
import re
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from sshq_sandbox.aws.constraints import validation_message, violations
from sshq_sandbox.aws.iam_trust import trusts
from sshq_sandbox.aws.training_job import TrainingJob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sshq_sandbox.aws.job_runner import JobProgress
    from sshq_sandbox.aws.patches import Patches
    from sshq_sandbox.ports import EventSink

DETAIL_TYPE = "SageMaker Training Job State Change"

NO_CAPACITY = "sandbox:no-capacity"
NO_CAPACITY_HEADER = "X-Sandbox-No-Capacity"

_NOT_FOUND = "Requested resource not found."
_MOST_TAGS = 50


class ContainerRunner(Protocol):
    def start(self, job: TrainingJob, progress: JobProgress) -> None: ...

    def stop(self, job: TrainingJob) -> None: ...

    def interrupt(self, job: TrainingJob) -> bool: ...


def install(patches: Patches, jobs: TrainingJobs) -> None:
    """Put `jobs` in the place of moto's own training jobs.

    They stay in the dictionary of moto's backend, so that its ListTags and DeleteTags, and the
    tagging API's GetResources, find them.
    """
    from moto.core.responses import ActionResult, EmptyResult  # noqa: PLC0415  (slow)
    from moto.sagemaker.models import SageMakerModelBackend  # noqa: PLC0415
    from moto.sagemaker.responses import SageMakerResponse  # noqa: PLC0415

    def answer(method: Callable[[Any, dict[str, Any]], dict[str, Any] | None]) -> Any:  # noqa: ANN401
        def respond(response: Any) -> Any:  # noqa: ANN401  (moto's SageMakerResponse)
            request = json.loads(response.body or "{}")
            if NO_CAPACITY_HEADER in response.headers:
                request[NO_CAPACITY] = True
            result = method(response.sagemaker_backend, request)
            return EmptyResult() if result is None else ActionResult(result)

        return respond

    for name, method in (
        ("create_training_job", jobs.create),
        ("describe_training_job", jobs.describe),
        ("list_training_jobs", jobs.list),
        ("stop_training_job", jobs.stop),
        ("update_training_job", jobs.update),
        ("delete_training_job", jobs.delete),
    ):
        patches.replace(SageMakerResponse, name, answer(method))
    patches.replace(SageMakerModelBackend, "add_tags", _add_tags)


class TrainingJobs:
    """The operations on training jobs. `backend` is moto's of one account and region."""

    def __init__(
        self,
        *,
        events: EventSink,
        clock: Callable[[], datetime],
        runner: ContainerRunner,
        quota: int | None = None,
    ) -> None:
        """`quota`: instances of each type that may be in use at once, spot ones apart; None: any."""
        self._events = events
        self._clock = clock
        self._runner = runner
        self._quota = quota
        self._known: dict[str, TrainingJob] = {}
        self._lock = threading.RLock()

    def create(self, backend: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        from moto.sagemaker.exceptions import ResourceInUseException  # noqa: PLC0415

        lacks_capacity = request.pop(NO_CAPACITY, False)
        _check(request)
        _check_role(request["RoleArn"], backend.account_id)
        name = request["TrainingJobName"]
        prefix = f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}"
        arn = f"{prefix}:training-job/{name}"
        with self._lock:
            if name in backend.training_jobs:
                raise ResourceInUseException(
                    "Training job names must be unique within an AWS account and region, "
                    f"and a training job with this name already exists ({arn})"
                )
            job = TrainingJob(
                name=name,
                arn=arn,
                account_id=backend.account_id,
                region=backend.region_name,
                request=request,
                created=self._clock(),
                tags=list(request.get("Tags") or []),
                lacks_capacity=lacks_capacity,
            )
            self._check_quota(backend, job)
            for other in self._known.values():
                if other.pool_is_available(job.created) and other.matches(job):
                    other.pool_ended, other.pool_reused_by = job.created, name
                    break
            backend.training_jobs[name] = self._known[name] = job
            self._tell(job)
        self._runner.start(job, self)
        return {"TrainingJobArn": arn}

    def describe(self, backend: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        with self._lock:
            return _find(backend, request).describe(self._clock())

    def list(self, backend: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        _check_shape("ListTrainingJobs", request)
        with self._lock:
            jobs = [job for job in backend.training_jobs.values() if _matches(job, request)]
            key = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(
                request.get("SortBy") or "", "CreationTime"
            )
            found = sorted(
                (job.summary() for job in jobs),
                key=lambda summary: summary[key],
                reverse=request.get("SortOrder") == "Descending",
            )
        first = int(request.get("NextToken") or 0)
        last = first + int(request.get("MaxResults") or 10)
        page: dict[str, Any] = {"TrainingJobSummaries": found[first:last]}
        if last < len(found):
            page["NextToken"] = str(last)
        return page

    def stop(self, backend: Any, request: dict[str, Any]) -> None:  # noqa: ANN401
        with self._lock:
            job = _find(backend, request)
            if job.status != "InProgress":
                raise _validation(
                    f"The request was rejected because the training job is in status {job.status}."
                )
            job.move("Stopping", self._clock(), status="Stopping")
            self._tell(job)
        self._runner.stop(job)

    def update(self, backend: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        """Of what may be updated only the warm pool's time, and of that only its end."""
        _check_shape("UpdateTrainingJob", request)
        seconds = (request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds")
        with self._lock:
            job = _find(backend, request)
            if seconds != 0 or not job.pool_is_available(self._clock()):
                raise _validation("The training job has no warm pool that could be updated so.")
            job.pool_ended = self._clock()
            return {"TrainingJobArn": job.arn}

    def delete(self, backend: Any, request: dict[str, Any]) -> None:  # noqa: ANN401
        from moto.sagemaker.exceptions import ResourceInUseException  # noqa: PLC0415

        with self._lock:
            job = _find(backend, request)
            if not job.has_ended:
                raise ResourceInUseException(f"The training job is in status {job.status}.")
            del backend.training_jobs[job.name]

    def interrupt(self, name: str) -> None:
        """AWS takes a spot job's instances back. LookupError with a sentence if it can't."""
        with self._lock:
            job = self._known.get(name)
        if job is None or job.has_ended:
            raise LookupError(f"No job {name} is running.")
        if not job.is_spot:
            raise LookupError(f"{name} isn't a spot job (run --spot): nobody takes its instances.")
        if not self._runner.interrupt(job):
            raise LookupError(f"{name} has no instances yet.")

    # What the runner tells.

    def entered(self, job: TrainingJob, secondary_status: str) -> None:
        with self._lock:
            if job.status == "InProgress" and job.move(secondary_status, self._clock()):
                self._tell(job)

    def completed(self, job: TrainingJob) -> None:
        with self._lock:
            status = "Stopped" if job.status == "Stopping" else "Completed"
            if job.move(status, self._clock(), status=status):
                self._tell(job)

    def failed(self, job: TrainingJob, reason: str) -> None:
        with self._lock:
            if job.fail(reason, self._clock()):
                self._tell(job)

    def stopping(self, job: TrainingJob) -> None:
        with self._lock:
            if job.status == "InProgress":
                job.move("Stopping", self._clock(), status="Stopping")
                self._tell(job)

    def stopped(self, job: TrainingJob, secondary_status: str) -> None:
        with self._lock:
            if job.move(secondary_status, self._clock(), status="Stopped"):
                self._tell(job)

    def _check_quota(self, backend: Any, wanted: TrainingJob) -> None:  # noqa: ANN401
        """Service Quotas has the same figure (price_list)."""
        if self._quota is None:
            return
        used = sum(
            job.instance_count
            for job in backend.training_jobs.values()
            if isinstance(job, TrainingJob) and not job.has_ended and job.pool == wanted.pool
        )
        if used + wanted.instance_count > self._quota:
            raise _above_quota(wanted, self._quota, used)

    def _tell(self, job: TrainingJob) -> None:
        # Under the lock: events leave in the order of the changes.
        self._events.put(source="aws.sagemaker", detail_type=DETAIL_TYPE, detail=job.event_detail())


def _check(request: Mapping[str, Any]) -> None:
    _check_shape("CreateTrainingJob", request)
    algorithm = request.get("AlgorithmSpecification") or {}
    if bool(algorithm.get("TrainingImage")) == bool(algorithm.get("AlgorithmName")):
        raise _validation("You must specify either an algorithm name or a training image.")
    resource = request.get("ResourceConfig") or {}
    if not resource.get("InstanceGroups") and not resource.get("InstanceCount"):
        raise _validation("InstanceCount must be at least 1.")
    condition = request.get("StoppingCondition") or {}
    longest = condition.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if longest is None or longest < condition.get("MaxRuntimeInSeconds", 86_400):
            raise _validation(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal "
                "to MaxRuntimeInSeconds"
            )
    elif longest is not None:
        raise _validation("MaxWaitTimeInSeconds above 0 is supported only for spot training")
    keys = [tag["Key"] for tag in request.get("Tags") or []]
    if any(key.lower().startswith("aws:") for key in keys):
        raise _validation("Tag keys can't start with the reserved prefix aws:")
    if len(set(keys)) != len(keys):
        raise _validation("Duplicate tag keys")


def _check_shape(operation: str, request: Mapping[str, Any]) -> None:
    found = violations(_model().operation_model(operation).input_shape, dict(request))
    if found:
        raise _validation(validation_message(found))


@cache
def _model() -> Any:  # noqa: ANN401  (botocore's ServiceModel)
    import botocore.session  # noqa: PLC0415  (slow: not at import)

    return botocore.session.get_session().get_service_model("sagemaker")


def _check_role(arn: str, account_id: str) -> None:
    from moto.iam.exceptions import NotFoundException  # noqa: PLC0415  (slow: not at import)
    from moto.iam.models import iam_backends  # noqa: PLC0415

    partition = arn.split(":")[1]
    try:
        role = iam_backends[account_id][partition].get_role_by_arn(arn)
        trusted = trusts(json.loads(role.assume_role_policy_document), "sagemaker.amazonaws.com")
    except NotFoundException:
        trusted = False
    if not trusted:
        raise _validation(
            f"Could not assume role {arn}. Please ensure that the role exists and allows "
            "principal 'sagemaker.amazonaws.com' to assume the role."
        )


def _validation(message: str) -> Exception:
    from moto.sagemaker.exceptions import AWSValidationException  # noqa: PLC0415  (slow)

    error: Exception = AWSValidationException(message)
    return error


def _above_quota(wanted: TrainingJob, quota: int, used: int) -> Exception:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415  (slow)

    error: Exception = JsonRESTError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{wanted.pool}' is {quota} Instances, with current "
        f"utilization of {used} Instances and a request delta of {wanted.instance_count} Instances. "
        "Please use AWS Service Quotas to request an increase for this quota.",
    )
    return error


def _find(backend: Any, request: Mapping[str, Any]) -> TrainingJob:  # noqa: ANN401
    job = backend.training_jobs.get(request.get("TrainingJobName"))
    if not isinstance(job, TrainingJob):
        raise _validation(_NOT_FOUND)
    return job


def _matches(job: TrainingJob, request: Mapping[str, Any]) -> bool:
    """Times come as epoch seconds."""
    created, modified = job.created.timestamp(), job.modified.timestamp()
    return (
        re.search(re.escape(request.get("NameContains") or ""), job.name, re.IGNORECASE) is not None
        and request.get("StatusEquals") in (None, job.status)
        and created > (request.get("CreationTimeAfter") or 0)
        and created < (request.get("CreationTimeBefore") or float("inf"))
        and modified > (request.get("LastModifiedTimeAfter") or 0)
        and modified < (request.get("LastModifiedTimeBefore") or float("inf"))
    )


def _add_tags(backend: Any, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:  # noqa: ANN401
    """moto appends; SageMaker overwrites the value of a key that is there."""
    resource = backend._get_resource_from_arn(arn)  # noqa: SLF001  (moto offers nothing else)
    if resource is None:
        raise _validation(_NOT_FOUND)
    merged = {tag["Key"]: tag["Value"] for tag in [*resource.tags, *tags]}
    if len(merged) > _MOST_TAGS:
        raise _validation(f"A resource can have at most {_MOST_TAGS} tags.")
    resource.tags[:] = [{"Key": key, "Value": value} for key, value in merged.items()]
    result: list[dict[str, str]] = resource.tags
    return result
