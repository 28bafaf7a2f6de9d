"""What can be done about a job that SageMaker failed."""

from __future__ import annotations

import pytest

from sshq.chat.catalogue import LANGUAGES
from sshq.domain.failure_hints import failure_hint


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "ClientError: Cannot pull algorithm container. Either the image does not exist or …",
            "image",
        ),
        ("ClientError: Data download failed:Access denied when calling HeadObject", "input"),
        ("ClientError: Data download failed: no S3 objects found under s3://a/b", "input"),
        ("ClientError: Artifact upload failed: AccessDenied", "output"),
        ("ClientError: SageMaker was unable to assume the role 'arn:aws:iam::1:role/x'", "role"),
        (
            "ClientError: TrainingHostAgent … SageMaker is unable to perform: sts:AssumeRole on …",
            "role",
        ),
        ("ClientError: AccessDenied: kms:Decrypt", "denied"),
        ("ClientError: x is not authorized to perform: ec2:CreateNetworkInterface", "denied"),
        ("AlgorithmError: , exit code: 137", "memory"),
        ("AlgorithmError: , exit code: 1", "command"),
        ("AlgorithmError: , exit code: 13", "command"),
        ("", None),
    ],
)
def test_a_reason_has_its_hint(reason: str, hint: str | None) -> None:
    assert failure_hint(reason) == hint
    assert hint is None or all(f"job.hint.{hint}" in texts for texts in LANGUAGES.values())
