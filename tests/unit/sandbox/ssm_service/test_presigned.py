from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sshq_sandbox.ssm_service.presigned import fault_in

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
GOOD = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIA/20261122/eu-west-1/ssmmessages/aws4_request",
    "X-Amz-Date": "20261122T100000Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "ab" * 32,
}


def test_a_good_query_has_no_fault() -> None:
    assert fault_in(GOOD, NOW) == ""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"X-Amz-Signature": ""}, "missing X-Amz-Signature"),
        ({"X-Amz-Algorithm": "AWS4-ECDSA"}, "unknown algorithm"),
        (
            {"X-Amz-Credential": "AKIA/20261122/eu-west-1/ssm/aws4_request"},
            "the credential is not scoped to ssmmessages",
        ),
        (
            {"X-Amz-Credential": "AKIA/20261121/eu-west-1/ssmmessages/aws4_request"},
            "the credential's date is not the signature's",
        ),
        ({"X-Amz-Date": "yesterday"}, "unreadable date"),
        ({"X-Amz-Expires": "soon"}, "unreadable date"),
        ({"X-Amz-Expires": "29"}, "expired"),
    ],
)
def test_each_fault_is_named(change: dict[str, str], fault: str) -> None:
    assert fault_in(GOOD | change, NOW) == fault


def test_it_holds_up_to_its_last_second() -> None:
    assert fault_in(GOOD, NOW + timedelta(seconds=30)) == ""
    assert fault_in(GOOD, NOW + timedelta(seconds=31)) == "expired"
