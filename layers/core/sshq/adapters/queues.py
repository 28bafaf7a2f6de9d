"""SQS FIFO queues."""

from __future__ import annotations

from typing import Any


class SqsQueue:
    """ports.CommandQueue. `client` is a boto3 SQS client."""

    def __init__(self, client: Any, *, url: str) -> None:  # noqa: ANN401  boto3 has no types
        self._client = client
        self._url = url

    def send(self, body: str, *, group: str, deduplication: str) -> None:
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=deduplication,
        )
