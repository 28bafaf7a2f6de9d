from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from sshq_sandbox.aws.constraints import validation_message, violations


@pytest.fixture(scope="module")
def sagemaker() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


@pytest.mark.parametrize(
    ("shape", "value", "rule"),
    [
        ("TrainingJobName", "a_b", "regular expression pattern"),
        ("TrainingJobName", "a" * 64, "length less than or equal to 63"),
        ("TrainingJobName", "", "length greater than or equal to 1"),
        ("TagKey", "no#hash", "regular expression pattern"),
        ("TrainingInputMode", "Tape", "enum value set: [Pipe, File, FastFile]"),
        ("RetryStrategy", {"MaximumRetryAttempts": 31}, "value less than or equal to 30"),
        ("RetryStrategy", {"MaximumRetryAttempts": 0}, "value greater than or equal to 1"),
        ("RetryStrategy", {}, "Value 'null' at 'maximumRetryAttempts'"),
        ("TagList", [{"Key": "k", "Value": "v"}] * 51, "length less than or equal to 50"),
        ("TrainingEnvironmentMap", {"1": "v"}, "at '.key' failed"),
    ],
)
def test_each_breach_names_its_rule(sagemaker: Any, shape: str, value: Any, rule: str) -> None:
    found = violations(sagemaker.shape_for(shape), value)

    assert rule in "; ".join(found)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ("TrainingJobName", "a--b-" + "9" * 40),
        ("TagList", [{"Key": "sshq:owner", "Value": "T1/Ü 1"}]),
        ("RetryStrategy", {"MaximumRetryAttempts": 30}),
        ("TrainingEnvironmentMap", {"_A1": "any\nthing"}),
        ("CreateTrainingJobRequest", None),
    ],
)
def test_what_is_allowed_passes(sagemaker: Any, shape: str, value: Any) -> None:
    assert violations(sagemaker.shape_for(shape), value) == []


def test_several_breaches_are_one_message() -> None:
    assert validation_message(["a"]) == "1 validation error detected: a"
    assert validation_message(["a", "b"]) == "2 validation errors detected: a; b"
