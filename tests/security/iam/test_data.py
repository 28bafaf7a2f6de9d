"""A job's role moves data in the stack's named locations, and nowhere else in S3."""

from __future__ import annotations

from typing import Any

import pytest

from sshq.domain.desired_state import Kind, desired
from tests.security.iam.evaluator import Request, is_allowed
from tests.security.iam.rendered import ACCOUNT, REGION, names, policy

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
THROUGH_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
GIVEN = {
    "input_locations": "s3://team-data,s3://code/lib",
    "output_locations": "s3://results/runs",
    "data_keys": KEY,
}
S3 = "arn:aws:s3:::"
NEEDED = [
    Request("s3:GetObject", f"{S3}team-data/set/1.csv"),
    Request("s3:ListBucket", f"{S3}team-data", {"s3:prefix": "set/"}),
    Request("s3:ListBucket", f"{S3}team-data"),
    Request("s3:GetObject", f"{S3}code/lib"),
    Request("s3:GetObject", f"{S3}code/lib/a.py"),
    Request("s3:ListBucket", f"{S3}code", {"s3:prefix": "lib/sub/"}),
    Request("s3:PutObject", f"{S3}results/runs/1/model.tar.gz"),
    Request("s3:AbortMultipartUpload", f"{S3}results/runs/1/model.tar.gz"),
    Request("kms:Decrypt", KEY, THROUGH_S3),
    Request("kms:GenerateDataKey", KEY, THROUGH_S3),
]
TOO_MUCH = [
    Request("s3:GetObject", f"{S3}others/x"),
    Request("s3:GetObject", f"{S3}code/library.py"),
    Request("s3:GetObject", f"{S3}code/secret"),
    Request("s3:ListBucket", f"{S3}code"),
    Request("s3:ListBucket", f"{S3}code", {"s3:prefix": ""}),
    Request("s3:ListBucket", f"{S3}code", {"s3:prefix": "secret/"}),
    # To read is not to write, nor the other way round; and nothing is deleted.
    Request("s3:PutObject", f"{S3}team-data/set/1.csv"),
    Request("s3:GetObject", f"{S3}results/runs/1/model.tar.gz"),
    Request("s3:ListBucket", f"{S3}results"),
    Request("s3:PutObject", f"{S3}results/other/x"),
    Request("s3:DeleteObject", f"{S3}results/runs/1/model.tar.gz"),
    Request("s3:DeleteObject", f"{S3}team-data/set/1.csv"),
    Request("kms:Decrypt", KEY),
    Request("kms:Decrypt", KEY, {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}),
    Request("kms:Decrypt", KEY.replace("1234", "5678"), THROUGH_S3),
    Request("kms:DescribeKey", KEY),
]


def job_role(**given: str) -> list[Any]:
    where = names().model_copy(update=given)
    (role,) = [r for r in desired(where) if r.kind is Kind.ROLE and r.name == names().job_role]
    return list(role.spec["inline"].values())


@pytest.mark.parametrize("request_", NEEDED, ids=str)
def test_what_moving_data_takes_is_allowed_only_where_it_is_named(request_: Request) -> None:
    assert is_allowed(request_, job_role(**GIVEN), policy("Boundary"))
    assert not is_allowed(request_, job_role(), policy("Boundary"))


@pytest.mark.parametrize("request_", TOO_MUCH, ids=str)
def test_nothing_is_allowed_beside_the_named_locations(request_: Request) -> None:
    assert not is_allowed(request_, job_role(**GIVEN), policy("Boundary"))


def test_sshqs_own_bucket_stays_apart_whatever_is_named() -> None:
    """Another job's activation lies there: the boundary keeps its folders from being listed or written."""
    own = names().bucket
    everything = job_role(input_locations=f"s3://{own}", output_locations=f"s3://{own}")
    for request in (
        Request("s3:ListBucket", f"{S3}{own}", {"s3:prefix": "jobs/"}),
        Request("s3:ListBucket", f"{S3}{own}"),
        Request("s3:PutObject", f"{S3}{own}/jobs/{'0' * 40}/job.env"),
        Request("s3:PutObject", f"{S3}{own}/container/x/start.sh"),
    ):
        assert not is_allowed(request, everything, policy("Boundary"))


def test_a_partition_has_its_own_names() -> None:
    key = KEY.replace("arn:aws:", "arn:aws-cn:")
    china = {"partition": "aws-cn", "region": "cn-north-1", "data_keys": key}
    (document,) = job_role(**(GIVEN | china))
    (use,) = [each for each in document["Statement"] if each["Sid"] == "UseDataKeys"]

    assert use["Condition"]["StringEquals"]["kms:ViaService"] == "s3.cn-north-1.amazonaws.com.cn"
