"""Writes every event that it gets into the table, and does what the event's order says."""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    boto3.client("dynamodb").put_item(
        TableName=os.environ["TABLE"],
        Item={
            "pk": {"S": str(uuid.uuid4())},
            "at": {"N": str(time.time_ns())},
            "function": {"S": context.function_name},
            "event": {"S": json.dumps(event)},
        },
    )
    if "Records" in event:
        failed = [record for record in event["Records"] if record["body"].startswith("poison")]
        return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in failed]}
    match event.get("order") or json.loads(event.get("body") or "{}").get("order"):
        case "raise":
            raise ValueError("as ordered")
        case "exit":
            os._exit(7)
        case "pid":
            return {"pid": os.getpid()}
        case "identity":
            return boto3.client("sts").get_caller_identity()["Arn"]
    return {"statusCode": 200, "body": json.dumps(event)}
