"""What CreateTrainingJob is asked for, with every option, against botocore's model of SageMaker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from pydantic import ValidationError

from sshq.adapters.training_jobs import create_request
from sshq.container import AGENT_CHANNEL, CODE_CHANNEL, JOB_CHANNEL
from sshq.domain.job_options import MOST_INPUTS, Options
from sshq.domain.job_source import CHANNEL as SOURCE_CHANNEL
from sshq.ports import TrainingJob
from tests.contract.aws.modelled import breaches

PLAIN = TrainingJob(
    name="sshq-alice-workbench-k3v9qz2a",
    role_arn="arn:aws:iam::123456789012:role/sshhelper-for-sagemaker-role",
    image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/pytorch:1",
    instance="ml.g5.xlarge",
    count=4,
    entrypoint=("/bin/sh", "/opt/ml/input/data/sshq/start.sh"),
    channels={
        "sshq": "s3://sshq-jobs/jobs/0/",
        "source": "s3://code/train/",
        "data": "s3://data/imagenet/",
    },
    output_uri="s3://results/alice/",
    max_seconds=3600,
    volume_gb=500,
    tags={"sshq:stack": "sshq", "sshq:owner": "T1/U2"},
    subnets=("subnet-0a", "subnet-0b"),
    security_groups=("sg-0c",),
)
# SageMaker keeps no warm pool for a spot job, so these two are never asked for together.
WARM = replace(PLAIN, warm_pool_seconds=1800)
SPOT = replace(PLAIN, max_wait_seconds=7200, checkpoint_uri="s3://sshq-jobs/checkpoints/k3v9qz2a/")


@pytest.fixture(scope="module")
def model() -> Any:
    service = botocore.session.get_session().get_service_model("sagemaker")
    return service.operation_model("CreateTrainingJob").input_shape


@pytest.mark.parametrize("job", [WARM, SPOT], ids=["warm pool", "spot"])
def test_a_request_with_every_option_is_as_modelled(model: Any, job: TrainingJob) -> None:
    request = create_request(job)

    assert ParamValidator().validate(request, model).generate_report() == ""
    # botocore checks neither enumerations nor names that the model lacks further down.
    assert list(breaches(model, request, "CreateTrainingJob")) == []


def test_every_option_is_where_the_model_has_it() -> None:
    warm, spot = create_request(WARM), create_request(SPOT)

    assert warm["ResourceConfig"] == {
        "InstanceType": "ml.g5.xlarge",
        "InstanceCount": 4,
        "VolumeSizeInGB": 500,
        "KeepAlivePeriodInSeconds": 1800,
    }
    assert warm["VpcConfig"] == {
        "Subnets": ["subnet-0a", "subnet-0b"],
        "SecurityGroupIds": ["sg-0c"],
    }
    assert {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in warm["InputDataConfig"]
    } == dict(WARM.channels)
    assert warm["OutputDataConfig"] == {"S3OutputPath": "s3://results/alice/"}
    assert warm["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert not {"EnableManagedSpotTraining", "CheckpointConfig"} & warm.keys()
    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert spot["CheckpointConfig"] == {"S3Uri": "s3://sshq-jobs/checkpoints/k3v9qz2a/"}
    assert "KeepAlivePeriodInSeconds" not in spot["ResourceConfig"]


def test_all_inputs_and_what_is_sshqs_own_are_as_many_channels_as_sagemaker_takes() -> None:
    own = {JOB_CHANNEL, CODE_CHANNEL, AGENT_CHANNEL, SOURCE_CHANNEL}
    service = botocore.session.get_session().get_service_model("sagemaker")

    assert MOST_INPUTS + len(own) == service.shape_for("InputDataConfig").metadata["max"]
    for name in own:
        with pytest.raises(ValidationError, match="own-channel"):
            Options.model_validate({"input": {name: "s3://data/imagenet/"}})
