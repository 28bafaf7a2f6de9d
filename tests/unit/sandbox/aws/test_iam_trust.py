from __future__ import annotations

from typing import Any

import pytest

from sshq_sandbox.aws.iam_trust import trusts

SAGEMAKER = "sagemaker.amazonaws.com"


def _document(**changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": SAGEMAKER}}
    return {"Statement": [statement | changes]}


@pytest.mark.parametrize(
    "document",
    [
        _document(),
        _document(Action=["sts:TagSession", "sts:AssumeRole"]),
        _document(Principal={"Service": ["ssm.amazonaws.com", SAGEMAKER]}),
        _document(Principal="*"),
        {"Statement": _document()["Statement"][0]},
    ],
)
def test_a_service_may_be_named_in_each_of_iams_ways(document: dict[str, Any]) -> None:
    assert trusts(document, SAGEMAKER)


@pytest.mark.parametrize(
    "document",
    [
        {},
        _document(Effect="Deny"),
        _document(Action="sts:TagSession"),
        _document(Principal={"Service": "ssm.amazonaws.com"}),
        _document(Principal={"AWS": "123456789012"}),
    ],
)
def test_others_are_not_trusted(document: dict[str, Any]) -> None:
    assert not trusts(document, SAGEMAKER)
