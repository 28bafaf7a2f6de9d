"""SQS as Lambda sees it: the batch's event, and what the answer says about each message. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def to_event(
    messages: Sequence[Mapping[str, Any]], *, queue_arn: str, region: str
) -> dict[str, Any]:
    """Return the event for a batch, from ReceiveMessage's messages."""
    return {"Records": [_record(message, queue_arn, region) for message in messages]}


def failed_ids(
    message_ids: Sequence[str], payload: bytes, *, reports_item_failures: bool
) -> frozenset[str]:
    """Return the ids of the messages that stay in the queue, after an invocation without an error.

    Without ReportBatchItemFailures the whole batch has succeeded. With it, an answer that can't be
    read, or names an unknown message, fails the whole batch (the Lambda Developer Guide's rule).
    """
    if not reports_item_failures:
        return frozenset()
    everything = frozenset(message_ids)
    try:
        failures = (json.loads(payload) or {}).get("batchItemFailures") or []
        named = frozenset(item["itemIdentifier"] for item in failures)
    except (ValueError, TypeError, AttributeError, KeyError):
        return everything
    if named - everything:
        return everything
    return named


def _record(message: Mapping[str, Any], queue_arn: str, region: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
