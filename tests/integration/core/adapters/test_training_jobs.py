"""CreateTrainingJob and its kin: one request buys one job, whatever answer is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sshq.adapters.new_roles import PAUSE_SECONDS
from sshq.adapters.training_jobs import SageMakerTrainingJobs
from sshq.composition import Live
from sshq.domain import tags
from sshq.domain.refusals import Reason, Refusal
from sshq.ports import TrainingJob
from tests.core_aws import FixedClock, RoleComesLate
from tests.sandbox_aws import TRUST_SAGEMAKER
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.domain.job_progress import TrainingStatus, WarmPool
    from tests.core_aws import CoreAws

REQUEST = "a" * 64
BUCKET = "sshq-jobs"


@pytest.fixture(scope="module")
def job(aws: CoreAws) -> Iterator[TrainingJob]:
    """A job that waits until it is told to end."""
    role = aws.client("iam").create_role(
        RoleName="job-role", AssumeRolePolicyDocument=json.dumps(TRUST_SAGEMAKER)
    )
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key="jobs/0/start.sh", Body=b"exec sleep 300\n")
    yield TrainingJob(
        name="sshq-alice-x",
        role_arn=role["Role"]["Arn"],
        image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/pytorch:1",
        instance="ml.m5.large",
        count=1,
        entrypoint=("/bin/sh", "/opt/ml/input/data/sshq/start.sh"),
        channels={"sshq": f"s3://{BUCKET}/jobs/0/"},
        output_uri=f"s3://{BUCKET}/output/x",
        max_seconds=3600,
        tags={tags.REQUEST: REQUEST, tags.STACK: "sshq"},
    )
    sagemaker = aws.client("sagemaker")
    for summary in sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=100)[
        "TrainingJobSummaries"
    ]:
        sagemaker.stop_training_job(TrainingJobName=summary["TrainingJobName"])


def test_a_job_is_submitted_as_it_was_asked_for(aws: CoreAws, live: Live, job: TrainingJob) -> None:
    live.training_jobs.create(job, request=REQUEST)

    found = aws.client("sagemaker").describe_training_job(TrainingJobName=job.name)
    assert found["RoleArn"] == job.role_arn
    assert found["AlgorithmSpecification"]["TrainingImage"] == job.image
    assert found["AlgorithmSpecification"]["ContainerEntrypoint"] == list(job.entrypoint)
    (channel,) = found["InputDataConfig"]
    assert channel["ChannelName"] == "sshq"
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == job.channels["sshq"]
    assert found["ResourceConfig"]["InstanceType"] == job.instance
    assert found["StoppingCondition"]["MaxRuntimeInSeconds"] == job.max_seconds
    stored = aws.client("sagemaker").list_tags(ResourceArn=found["TrainingJobArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in stored} == dict(job.tags)
    status = live.training_jobs.describe(job.name)
    assert status is not None
    assert status.status == "InProgress"


def test_a_name_that_our_request_has_taken_is_success(live: Live, job: TrainingJob) -> None:
    own = replace(job, name="sshq-alice-own")

    assert not live.training_jobs.is_there(own.name, request=REQUEST)
    live.training_jobs.create(own, request=REQUEST)
    live.training_jobs.create(own, request=REQUEST)
    assert live.training_jobs.is_there(own.name, request=REQUEST)


def test_a_name_that_another_request_has_taken_is_refused(live: Live, job: TrainingJob) -> None:
    foreign = replace(job, name="sshq-alice-foreign", tags={tags.REQUEST: "b" * 64})
    live.training_jobs.create(foreign, request="b" * 64)

    with pytest.raises(Refusal) as refused:
        live.training_jobs.create(foreign, request=REQUEST)
    with pytest.raises(Refusal, match="name-taken"):
        live.training_jobs.is_there(foreign.name, request=REQUEST)

    assert refused.value.reason is Reason.NAME_TAKEN


def test_a_name_that_somebody_took_by_hand_is_refused(live: Live, job: TrainingJob) -> None:
    by_hand = replace(job, name="sshq-alice-by-hand", tags={})
    live.training_jobs.create(by_hand, request=REQUEST)

    with pytest.raises(Refusal, match="name-taken"):
        live.training_jobs.create(by_hand, request=REQUEST)


@pytest.mark.parametrize("kind", ["throttle", "5xx", "timeout-before", "timeout-after"])
def test_an_answer_that_is_lost_buys_no_second_job(
    aws: CoreAws, live: Live, job: TrainingJob, kind: str
) -> None:
    named = replace(job, name=f"sshq-alice-{kind}")
    aws.fault("CreateTrainingJob", kind)

    live.training_jobs.create(named, request=REQUEST)

    jobs = aws.client("sagemaker").list_training_jobs(NameContains=named.name)
    assert [j["TrainingJobName"] for j in jobs["TrainingJobSummaries"]] == [named.name]


def test_what_aws_denies_is_a_refusal_with_its_words(
    aws: CoreAws, live: Live, job: TrainingJob
) -> None:
    aws.fault("CreateTrainingJob", "denial")

    with pytest.raises(Refusal) as refused:
        live.training_jobs.create(replace(job, name="sshq-alice-denied"), request=REQUEST)

    assert refused.value.reason is Reason.REFUSED_BY_AWS
    assert "sagemaker:CreateTrainingJob" in refused.value.facts["detail"]


def test_a_type_that_isnt_there_is_answered_with_those_that_may_be_meant(
    live: Live, job: TrainingJob
) -> None:
    with pytest.raises(Refusal) as refused:
        live.training_jobs.create(
            replace(job, name="sshq-alice-slip", instance="ml.g5.xlagre"), request=REQUEST
        )

    assert refused.value.reason is Reason.UNKNOWN_INSTANCE
    assert "ml.g5.xlarge" in refused.value.facts["near"].split(", ")
    assert len(refused.value.facts["near"].split(", ")) <= 4


INSTANCES = "ml.g5.xlarge for training job usage"
IN_ALL = "Number of instances across all training jobs"


def limited(what: str, limit: int, used: int, wanted: int) -> str:
    """In SageMaker's own words, as its users have reported them."""
    return (
        f"The account-level service limit '{what}' is {limit} Instances, with current utilization "
        f"of {used} Instances and a request delta of {wanted} Instances. Please contact AWS support."
    )


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        (limited(INSTANCES, 2, 2, 1), Reason.QUOTA),
        (limited(INSTANCES, 0, 0, 1), Reason.BEYOND_QUOTA),
        (limited(IN_ALL, 4, 3, 11), Reason.BEYOND_QUOTA),
        ("The resource ml.p2.xlarge is not available in this region", Reason.BEYOND_QUOTA),
        ("Something else that AWS may say", Reason.QUOTA),
    ],
)
def test_what_never_fits_isnt_waited_for(
    job: TrainingJob, detail: str, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = answering({"Error": {"Code": "ResourceLimitExceeded", "Message": detail}})
    monkeypatch.setattr(full, "describe", lambda _: None)
    with pytest.raises(Refusal) as refused:
        full.create(job, request=REQUEST)

    assert refused.value.reason is reason
    assert refused.value.facts["detail"] == detail


def test_a_job_that_fills_the_quota_itself_was_taken(
    aws: CoreAws, live: Live, job: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, boto3 asked again, and SageMaker may look at quotas before names."""
    mine = replace(job, name="sshq-alice-fills")
    live.training_jobs.create(mine, request=REQUEST)
    error = {"Error": {"Code": "ResourceLimitExceeded", "Message": limited(INSTANCES, 1, 1, 1)}}
    client = aws.client("sagemaker")

    def full(**_: Any) -> Any:
        raise ClientError(error, "CreateTrainingJob")

    monkeypatch.setattr(client, "create_training_job", full)
    prefix = aws.settings.training_job_arn_prefix
    jobs = SageMakerTrainingJobs(client, arn_prefix=prefix, clock=FixedClock())
    jobs.create(mine, request=REQUEST)

    for other, request, reason in (
        (replace(mine, name="sshq-alice-none"), REQUEST, Reason.QUOTA),
        (mine, "b" * 64, Reason.NAME_TAKEN),
    ):
        with pytest.raises(Refusal) as refused:
            jobs.create(other, request=request)
        assert refused.value.reason is reason


def test_the_error_that_the_api_s_model_names_is_as_good(job: TrainingJob) -> None:
    gone = answering({"Error": {"Code": "ResourceNotFound", "Message": "Requested resource"}})

    assert gone.describe(job.name) is None
    gone.stop(job.name)
    gone.end_warm_pool(job.name)


def test_any_other_error_is_raised(job: TrainingJob) -> None:
    broken = answering({"Error": {"Code": "InternalFailure", "Message": "not found"}})

    for call in (broken.describe, broken.stop, broken.end_warm_pool):
        with pytest.raises(ClientError):
            call(job.name)


def answering(error: dict[str, Any]) -> SageMakerTrainingJobs:
    """SageMaker that answers every call with one error."""
    client = boto3.client("sagemaker", region_name="eu-west-1")

    def answer(**_: Any) -> Any:
        raise ClientError(error, "Any")

    for call in ("create", "describe", "stop", "update"):
        setattr(client, f"{call}_training_job", answer)
    return SageMakerTrainingJobs(client, arn_prefix="arn:", clock=FixedClock())


def test_a_throttle_that_stays_is_no_refusal(aws: CoreAws, live: Live, job: TrainingJob) -> None:
    """The queue will deliver the request again; the user hears nothing of it."""
    aws.fault("CreateTrainingJob", "throttle", times=4)

    with pytest.raises(Exception, match="Rate exceeded") as raised:
        live.training_jobs.create(replace(job, name="sshq-alice-throttled"), request=REQUEST)

    assert not isinstance(raised.value, Refusal)


def test_a_role_that_setup_hasnt_made_yet_is_named(live: Live, job: TrainingJob) -> None:
    missing = "arn:aws:iam::123456789012:role/missing"

    with pytest.raises(Refusal) as refused:
        live.training_jobs.create(
            replace(job, name="sshq-alice-no-role", role_arn=missing), request=REQUEST
        )

    assert refused.value.reason is Reason.NOT_SET_UP
    assert refused.value.facts["missing"] == missing


def test_a_role_that_is_seconds_old_is_waited_for(aws: CoreAws, job: TrainingJob) -> None:
    clock = RoleComesLate(aws, "late-job-role", TRUST_SAGEMAKER)
    late = replace(job, name="sshq-alice-late", role_arn=clock.role)

    Live(aws.settings, clock).training_jobs.create(late, request=REQUEST)

    assert clock.slept == [PAUSE_SECONDS] * 2
    found = aws.client("sagemaker").describe_training_job(TrainingJobName=late.name)
    assert found["RoleArn"] == late.role_arn


def test_a_job_that_isnt_there_has_no_state(live: Live) -> None:
    assert live.training_jobs.describe("sshq-nobody") is None


def test_a_job_stops_and_stopping_it_again_does_no_harm(live: Live, job: TrainingJob) -> None:
    named = replace(job, name="sshq-alice-stopped")
    live.training_jobs.create(named, request=REQUEST)

    live.training_jobs.stop(named.name)
    live.training_jobs.stop(named.name)

    def is_over() -> bool:
        status = live.training_jobs.describe(named.name)
        return status is not None and status.status == "Stopped"

    until(is_over)
    live.training_jobs.stop(named.name)
    live.training_jobs.stop("sshq-nobody")


def test_a_warm_pool_is_told_until_it_is_given_back(live: Live, job: TrainingJob) -> None:
    named = replace(job, name="sshq-alice-warm", warm_pool_seconds=1800)
    live.training_jobs.create(named, request=REQUEST)

    def status() -> TrainingStatus:
        found = live.training_jobs.describe(named.name)
        assert found is not None
        return found

    def pool() -> WarmPool:
        found = status().pool
        assert found is not None
        return found

    until(lambda: status().containers_run)
    assert (pool().status, pool().is_over) == ("InUse", False)
    live.training_jobs.stop(named.name)
    until(lambda: status().has_ended)
    assert (pool().status, pool().is_over) == ("Available", False)

    live.training_jobs.end_warm_pool(named.name)
    live.training_jobs.end_warm_pool(named.name)

    over = pool()
    assert (over.status, over.is_over) == ("Terminated", True)
    assert over.kept_seconds is not None
    assert over.kept_seconds < 1800


@pytest.mark.parametrize("kind", ["throttle", "timeout-before", "timeout-after"])
def test_a_stop_whose_answer_is_lost_has_stopped(
    aws: CoreAws, live: Live, job: TrainingJob, kind: str
) -> None:
    named = replace(job, name=f"sshq-alice-stop-{kind}")
    live.training_jobs.create(named, request=REQUEST)
    aws.fault("StopTrainingJob", kind)

    live.training_jobs.stop(named.name)

    status = live.training_jobs.describe(named.name)
    assert status is not None
    assert status.status in {"Stopping", "Stopped"}
