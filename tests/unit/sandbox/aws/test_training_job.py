from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sshq_sandbox.aws.training_job import TrainingJob

CREATED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _job() -> TrainingJob:
    return TrainingJob(
        name="job",
        arn="arn:aws:sagemaker:eu-west-1:123456789012:training-job/job",
        account_id="123456789012",
        region="eu-west-1",
        request={
            "TrainingJobName": "job",
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {"InstanceCount": 2},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "VpcConfig": None,
        },
        created=CREATED,
        tags=[{"Key": "sshq:job", "Value": "job"}],
    )


def _at(seconds: float) -> datetime:
    return CREATED + timedelta(seconds=seconds)


def test_transitions_are_closed_one_by_one() -> None:
    job = _job()
    for second, status in enumerate(("Downloading", "Training", "Uploading"), start=1):
        assert job.move(status, _at(second))
    assert job.move("Completed", _at(4), status="Completed")

    described = job.describe()

    steps = [
        (step["Status"], step["StartTime"], step["EndTime"])
        for step in described["SecondaryStatusTransitions"]
    ]
    assert steps == [
        ("Starting", CREATED, _at(1)),
        ("Downloading", _at(1), _at(2)),
        ("Training", _at(2), _at(3)),
        ("Uploading", _at(3), _at(4)),
        ("Completed", _at(4), _at(4)),
    ]
    assert described["TrainingStartTime"] == _at(2)
    assert described["TrainingEndTime"] == _at(4)
    assert described["TrainingTimeInSeconds"] == 2
    assert described["BillableTimeInSeconds"] == 2
    assert "VpcConfig" not in described


def test_an_ended_job_moves_no_more() -> None:
    job = _job()
    job.move("Stopped", _at(1), status="Stopped")

    assert not job.move("Training", _at(2))
    assert not job.fail("too late", _at(2))
    assert (job.status, job.secondary_status, job.modified) == ("Stopped", "Stopped", _at(1))
    assert "TrainingEndTime" not in job.describe()


def test_a_stopping_job_stays_so_until_its_end() -> None:
    job = _job()
    job.move("Stopping", _at(1), status="Stopping")
    job.move("Uploading", _at(2))
    assert job.status == "Stopping"

    job.move("Stopped", _at(3), status="Stopped")
    assert job.status == "Stopped"


def test_a_failure_is_told_within_sagemakers_limit() -> None:
    job = _job()
    job.fail("x" * 2000, _at(1))

    described = job.describe()

    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "x" * 1024
    assert described["SecondaryStatusTransitions"][-1]["StatusMessage"] == "x" * 1024


def test_the_events_times_are_epoch_milliseconds_and_its_tags_a_map() -> None:
    detail = _job().event_detail()

    assert detail["CreationTime"] == 1_795_348_800_000
    assert detail["SecondaryStatusTransitions"][0]["StartTime"] == 1_795_348_800_000
    assert detail["Tags"] == {"sshq:job": "job"}
