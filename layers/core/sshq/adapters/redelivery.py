"""Messages that failed come again soon.

Left alone, SQS hides a failed message until the queue's visibility timeout ends (six minutes and more),
and a FIFO queue gives out nothing else of its group, a user's, while it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.ports import Services

# Before the second try and the third.
_PAUSES_SECONDS = (10, 60)


def bring_back(services: Services, records: Sequence[dict[str, Any]]) -> None:
    """Records of one queue, as Lambda gives them. All of them: one in flight would hold up its group."""
    tries = max(int(record["attributes"]["ApproximateReceiveCount"]) for record in records)
    services.redelivery.bring_back(
        [record["receiptHandle"] for record in records],
        queue=records[0]["eventSourceARN"].rpartition(":")[2],
        seconds=_PAUSES_SECONDS[min(tries, len(_PAUSES_SECONDS)) - 1],
    )


class SqsRedelivery:
    """ports.Redelivery. `client` is a boto3 SQS client, `urls` are the queues'."""

    def __init__(self, client: Any, *, urls: Sequence[str]) -> None:  # noqa: ANN401  boto3 has no types
        self._client = client
        self._urls = {url.rpartition("/")[2]: url for url in urls}

    def bring_back(self, receipts: Sequence[str], *, queue: str, seconds: int) -> None:
        for receipt in receipts:
            self._client.change_message_visibility(
                QueueUrl=self._urls[queue], ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
