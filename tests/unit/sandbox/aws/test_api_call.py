from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sshq_sandbox.aws.api_call import ApiCall, identify, without_secrets

KEY_ID = "AKIASANDBOX000000001"


def _identify(
    service: str,
    *,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> ApiCall:
    scope = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20261122/eu-west-1/{service}/aws4_request, Sig"
    return identify(
        method=method,
        path=path,
        query=query,
        headers={"authorization": scope, **(headers or {})},
        body=body,
    )


def test_a_json_call_is_told_by_its_target() -> None:
    call = _identify(
        "sagemaker",
        headers={"x-amz-target": "SageMaker.StopTrainingJob"},
        body=b'{"TrainingJobName": "a"}',
    )

    assert call == ApiCall(
        "sagemaker", "StopTrainingJob", "json", KEY_ID, "eu-west-1", {"TrainingJobName": "a"}
    )


def test_a_query_call_is_told_by_its_action() -> None:
    call = _identify(
        "iam",
        headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        body=b"Action=GetRole&Version=2010-05-08&RoleName=job%2Drole",
    )

    assert call == ApiCall("iam", "GetRole", "query", KEY_ID, "eu-west-1", {"RoleName": "job-role"})


def test_a_cbor_call_is_told_by_its_path() -> None:
    call = _identify("monitoring", path="/service/GraniteServiceVersion20100801/operation/X")

    assert (call.service, call.operation, call.protocol) == (
        "cloudwatch",
        "X",
        "smithy-rpc-v2-cbor",
    )


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/", "", [], "ListBuckets"),
        ("PUT", "/bucket", "", [], "CreateBucket"),
        ("GET", "/bucket", "list-type=2&prefix=a", [], "ListObjectsV2"),
        ("GET", "/bucket/", "prefix=a", [], "ListObjects"),
        ("GET", "/bucket/a/b%20c", "", [], "GetObject"),
        ("HEAD", "/bucket/a", "", [], "HeadObject"),
        ("PUT", "/bucket/a", "", [], "PutObject"),
        ("PUT", "/bucket/a", "", ["x-amz-copy-source"], "CopyObject"),
        ("PUT", "/bucket/a", "partNumber=1&uploadId=u", [], "UploadPart"),
        ("POST", "/bucket/a", "uploads", [], "CreateMultipartUpload"),
        ("DELETE", "/bucket/a", "", [], "DeleteObject"),
        ("POST", "/bucket", "delete", [], "DeleteObjects"),
        ("PATCH", "/bucket", "", [], "unknown"),
    ],
)
def test_a_call_to_s3_is_told_by_its_route(
    method: str, path: str, query: str, headers: list[str], operation: str
) -> None:
    call = _identify(
        "s3", method=method, path=path, query=query, headers=dict.fromkeys(headers, "x")
    )

    assert call.operation == operation
    assert call.protocol == "rest-xml"


def test_the_labels_of_a_path_are_parameters() -> None:
    call = _identify(
        "scheduler",
        path="/schedules/every%20minute",
        query="X-Amz-Date=1",
        body=b'{"State": "ENABLED"}',
    )

    assert (call.operation, call.protocol) == ("CreateSchedule", "rest-json")
    assert call.parameters == {"Name": "every minute", "State": "ENABLED"}


def test_a_presigned_address_tells_its_caller() -> None:
    query = f"X-Amz-Credential={KEY_ID}%2F20261122%2Feu-west-1%2Fs3%2Faws4_request&versionId=1"
    call = identify(method="GET", path="/bucket/key", query=query, headers={}, body=b"")

    assert (call.key_id, call.region, call.operation) == (KEY_ID, "eu-west-1", "GetObject")
    assert call.parameters == {"Bucket": "bucket", "Key": "key", "versionId": "1"}


def test_an_unsigned_call_is_told_by_its_target() -> None:
    headers = {"x-amz-target": "AmazonSSM.RegisterManagedInstance"}
    call = identify(method="POST", path="/", query="", headers=headers, body=b"{}")

    assert (call.service, call.operation, call.key_id) == ("ssm", "RegisterManagedInstance", "")


@settings(deadline=None)  # the first look at a service reads its model
@given(
    service=st.sampled_from(["s3", "iam", "sagemaker", "scheduler", "no-such-service"]),
    method=st.sampled_from(["GET", "PUT", "POST"]),
    path=st.text().map(lambda text: "/" + text),
    query=st.text(),
    headers=st.dictionaries(st.sampled_from(["content-type", "x-amz-target"]), st.text()),
    body=st.binary(),
)
def test_no_request_makes_it_fail(
    *, service: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    call = _identify(service, method=method, path=path, query=query, headers=headers, body=body)
    json.dumps(without_secrets(dict(call.parameters)))


def test_secrets_are_hidden_and_long_texts_cut() -> None:
    shown = without_secrets(
        {
            "SecretId": "slack",
            "SecretString": "xoxb",
            "Environment": {"HF_TOKEN": "hf", "A": "b"},
            "Nested": [{"ActivationCode": "c", "Password": ""}],
            "Text": "x" * 5000,
        }
    )

    assert shown["SecretId"] == "slack"
    assert shown["SecretString"] == "(hidden)"
    assert shown["Environment"] == {"HF_TOKEN": "(hidden)", "A": "b"}
    assert shown["Nested"] == [{"ActivationCode": "(hidden)", "Password": ""}]
    assert shown["Text"] == "x" * 4096 + "…"
