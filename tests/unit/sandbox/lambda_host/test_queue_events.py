from __future__ import annotations

import json

import pytest

from sshq_sandbox.lambda_host.queue_events import failed_ids, to_event


def test_a_batch_has_lambdas_names() -> None:
    message = {
        "MessageId": "m1",
        "ReceiptHandle": "r1",
        "Body": "{}",
        "MD5OfBody": "99",
        "Attributes": {"MessageGroupId": "alice"},
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}},
    }

    event = to_event([message], queue_arn="arn:q", region="eu-west-1")

    (record,) = event["Records"]
    assert record["messageId"] == "m1"
    assert record["receiptHandle"] == "r1"
    assert record["attributes"] == {"MessageGroupId": "alice"}
    assert record["messageAttributes"]["kind"]["stringValue"] == "x"
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", "arn:q")


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": "stranger"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"wrong": "b"}]}, {"a", "b"}),
        ({"batchItemFailures": ["b"]}, {"a", "b"}),
        ("text", {"a", "b"}),
    ],
)
def test_which_messages_stay(answer: object, failed: set[str]) -> None:
    payload = json.dumps(answer).encode()

    assert failed_ids(["a", "b"], payload, reports_item_failures=True) == failed


def test_without_the_report_the_answer_says_nothing() -> None:
    payload = b'{"batchItemFailures": [{"itemIdentifier": "a"}]}'

    assert failed_ids(["a"], payload, reports_item_failures=False) == set()
