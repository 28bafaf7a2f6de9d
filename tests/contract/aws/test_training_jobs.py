"""The sandbox's training jobs against botocore's model of SageMaker."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.aws.modelled import Recorded, breaches

if TYPE_CHECKING:
    from tests.sandbox_aws import Account


def test_answers_are_as_modelled(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    recorded = Recorded(sagemaker)
    name = "modelled"
    account.run(name, "exit 0")
    account.events.wait(name, "Completed")

    described = sagemaker.describe_training_job(TrainingJobName=name)
    sagemaker.list_training_jobs(NameContains=name)
    sagemaker.add_tags(
        ResourceArn=described["TrainingJobArn"], Tags=[{"Key": "sshq:owner", "Value": "T1/U2"}]
    )
    tags = sagemaker.list_tags(ResourceArn=described["TrainingJobArn"])["Tags"]
    sagemaker.create_training_job(**account.request("modelled-2"))

    assert tags == [{"Key": "sshq:owner", "Value": "T1/U2"}]
    assert recorded.operations == {
        "DescribeTrainingJob",
        "ListTrainingJobs",
        "AddTags",
        "ListTags",
        "CreateTrainingJob",
    }


def test_describe_echoes_what_was_asked_for(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    asked = {
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "RemoteDebugConfig": {"EnableRemoteDebug": True},
        "HyperParameters": {"lr": "0.1"},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        "CheckpointConfig": {"S3Uri": "s3://jobs/checkpoints/"},
    }
    request = account.request("echoed", **asked)
    account.run("echoed", "exit 0", **asked)

    described = sagemaker.describe_training_job(TrainingJobName="echoed")

    assert "Tags" not in described
    assert {name: described[name] for name in request if name != "Tags"} == {
        name: value for name, value in request.items() if name != "Tags"
    }


def test_the_event_carries_the_description_with_times_in_milliseconds(account: Account) -> None:
    account.run("told", "exit 0")

    detail = account.events.wait("told", "Completed")

    shape = (
        account.client("sagemaker")
        .meta.service_model.operation_model("DescribeTrainingJob")
        .output_shape
    )
    tags = detail.pop("Tags")
    assert tags == {"sshq:owner": "T1/U1"}
    assert list(breaches(shape, detail, "detail")) == []
    assert detail["TrainingEndTime"] > 10**12


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"TrainingJobName": "under_score"}, "at 'trainingJobName' failed"),
        ({"TrainingJobName": "a" * 64}, "length less than or equal to 63"),
        ({"Environment": {"1A": "x"}}, "at 'environment.key' failed"),
        ({"Environment": {"A": "x" * 513}}, "length less than or equal to 512"),
        ({"Environment": {f"K{n}": "" for n in range(101)}}, "less than or equal to 100"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "less than or equal to 50"),
        ({"Tags": [{"Key": "no#hash", "Value": ""}]}, "at 'tags.1.member.key' failed"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "reserved prefix"),
        ({"ResourceConfig": {"InstanceType": "ml.none"}}, "Member must satisfy enum value set"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large"}}, "InstanceCount must be at least 1"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "Could not assume role"),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 9}}, "only for spot"),
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
    ],
)
def test_a_bad_request_is_refused_as_sagemaker_does(
    account: Account, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ClientError, match="ValidationException") as refused:
        account.client("sagemaker").create_training_job(**account.request("bad", **changes))
    assert complaint in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("part", ["ContainerEntrypoint", "ContainerArguments"])
def test_the_words_of_the_entrypoint_are_limited(account: Account, part: str) -> None:
    for words in (["x" * 257], ["x"] * 101):
        request = account.request("bad")
        request["AlgorithmSpecification"][part] = words
        with pytest.raises(ClientError, match="length less than or equal to"):
            account.client("sagemaker").create_training_job(**request)


def test_a_name_serves_once(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    account.run("once", "exit 0")
    account.events.wait("once", "Completed")

    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="names must be unique"):
        sagemaker.create_training_job(**account.request("once"))


def test_a_role_that_does_not_trust_sagemaker_is_refused(account: Account) -> None:
    role = account.client("iam").create_role(
        RoleName="other",
        AssumeRolePolicyDocument='{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
        ' "Principal": {"Service": "ssm.amazonaws.com"}}]}',
    )
    request = account.request("bad", RoleArn=role["Role"]["Arn"])

    with pytest.raises(ClientError, match=r"allows principal 'sagemaker\.amazonaws\.com'"):
        account.client("sagemaker").create_training_job(**request)


def test_stopping_a_job_that_has_ended_is_a_validation_error(account: Account) -> None:
    account.run("ended", "exit 0")
    account.events.wait("ended", "Completed")

    with pytest.raises(ClientError, match="the training job is in status Completed"):
        account.client("sagemaker").stop_training_job(TrainingJobName="ended")


@pytest.mark.parametrize(
    "operation", ["describe_training_job", "stop_training_job", "delete_training_job"]
)
def test_an_unknown_job_is_not_found(account: Account, operation: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found\."):
        getattr(account.client("sagemaker"), operation)(TrainingJobName="nowhere")


def test_only_an_ended_job_can_be_deleted(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    account.run("short-lived", "trap 'exit 0' TERM; sleep 60 & wait")
    account.events.wait("short-lived", "Training")
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.delete_training_job(TrainingJobName="short-lived")
    sagemaker.stop_training_job(TrainingJobName="short-lived")
    account.events.wait("short-lived", "Stopped")

    sagemaker.delete_training_job(TrainingJobName="short-lived")

    assert sagemaker.list_training_jobs(NameContains="short-lived")["TrainingJobSummaries"] == []


def test_jobs_are_listed_by_filter_and_page(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    for number in range(3):
        account.run(f"listed-{number}", "exit 0")
        account.events.wait(f"listed-{number}", "Completed")

    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="LISTED", StatusEquals="Completed", SortOrder="Descending", MaxResults=2
    )
    names = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]

    assert names == [["listed-2", "listed-1"], ["listed-0"]]
    created = sagemaker.describe_training_job(TrainingJobName="listed-0")["CreationTime"]
    for outside in (
        {"CreationTimeAfter": created + timedelta(hours=1)},
        {"CreationTimeBefore": created - timedelta(hours=1)},
        {"LastModifiedTimeAfter": created + timedelta(hours=1)},
        {"LastModifiedTimeBefore": created - timedelta(hours=1)},
        {"StatusEquals": "Failed"},
    ):
        found = sagemaker.list_training_jobs(NameContains="listed", **outside)
        assert found["TrainingJobSummaries"] == []
