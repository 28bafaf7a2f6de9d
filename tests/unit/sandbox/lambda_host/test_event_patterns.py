from __future__ import annotations

from typing import Any

import pytest

from sshq_sandbox.lambda_host.event_patterns import matches

EVENT = {
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Training Job State Change",
    "resources": ["arn:a", "arn:b"],
    "detail": {"TrainingJobName": "sshq-alice-1", "TrainingJobStatus": "Failed", "n": 0},
}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({}, True),
        ({"source": ["aws.sagemaker", "aws.ssm"]}, True),
        ({"source": ["aws.ssm"]}, False),
        ({"resources": ["arn:b"]}, True),
        ({"detail": {"TrainingJobName": [{"prefix": "sshq-"}]}}, True),
        ({"detail": {"TrainingJobName": [{"prefix": "other-"}]}}, False),
        ({"detail": {"TrainingJobName": [{"suffix": "-1"}]}}, True),
        ({"detail": {"TrainingJobStatus": [{"equals-ignore-case": "failed"}]}}, True),
        ({"detail": {"TrainingJobStatus": [{"anything-but": ["Completed"]}]}}, True),
        ({"detail": {"TrainingJobStatus": [{"anything-but": "Failed"}]}}, False),
        ({"detail": {"Missing": [{"anything-but": "Failed"}]}}, False),
        ({"detail": {"Missing": [{"exists": False}]}}, True),
        ({"detail": {"n": [{"exists": True}]}}, True),
        ({"detail": {"n": [0]}}, True),
        ({"detail": {"Missing": ["x"]}}, False),
        ({"source": {"not-a-mapping": ["x"]}}, False),
        ({"source": ["aws.sagemaker"], "detail": {"TrainingJobStatus": ["Completed"]}}, False),
    ],
)
def test_an_event_fits_or_not(pattern: dict[str, Any], *, fits: bool) -> None:
    assert matches(pattern, EVENT) is fits


def test_an_unknown_operator_never_matches_by_mistake() -> None:
    with pytest.raises(ValueError, match="cidr"):
        matches({"source": [{"cidr": "10.0.0.0/8"}]}, EVENT)
