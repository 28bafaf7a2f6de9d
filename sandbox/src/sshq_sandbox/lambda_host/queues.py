"""SQS event source mappings: messages go from the queues in moto to the functions."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sshq_sandbox.lambda_host.queue_events import failed_ids, to_event

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from sshq_sandbox.lambda_host.functions import Functions
    from sshq_sandbox.lambda_host.template import Function, QueueSource

_LOG = logging.getLogger(__name__)
_WAIT_SECONDS = 1
_LARGEST_RECEIVE = 10
_BATCHES_AT_ONCE = 4
_PAUSE_AFTER_ERROR_SECONDS = 0.5
# AWS hides a failed message for as long as the worker asks (10 s, then a minute), or until its visibility
# timeout ends if the worker itself died; here a person waits.
RETRY_SECONDS = 2


class QueuePumps:
    """One poller per mapping.

    The queue keeps the order: while a group has a message in flight, SQS gives out no other of it.
    """

    def __init__(
        self,
        sqs: Any,  # noqa: ANN401 - a boto3 client
        functions: Functions,
        *,
        region: str,
        executor: Executor,
        retry_seconds: int = RETRY_SECONDS,
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._region = region
        self._executor = executor
        self._retry_seconds = retry_seconds
        self._queue_urls: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, functions: Iterable[Function]) -> None:
        """Start a poller for every queue that the template maps to a function."""
        for function in functions:
            for source in function.queues:
                task = asyncio.create_task(
                    self._poll(function, source), name=f"poll-{source.queue_arn}"
                )
                self._tasks.append(task)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def waiting(self) -> int:
        """Messages in all mapped queues: visible, delayed or in flight."""
        names = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        )
        total = 0
        for url in self._queue_urls:
            answer = await self._call(
                "get_queue_attributes", QueueUrl=url, AttributeNames=list(names)
            )
            total += sum(int(answer["Attributes"].get(name, 0)) for name in names)
        return total

    async def _poll(self, function: Function, source: QueueSource) -> None:
        name = source.queue_arn.rpartition(":")[2]
        url = (await self._call("get_queue_url", QueueName=name))["QueueUrl"]
        self._queue_urls.add(url)
        slots = asyncio.Semaphore(_BATCHES_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                messages = await self._receive(url, min(source.batch_size, _LARGEST_RECEIVE))
                if not messages:
                    slots.release()
                    continue
                batch = group.create_task(self._deliver(function, source, url, messages))
                batch.add_done_callback(lambda _: slots.release())

    async def _receive(self, url: str, count: int) -> list[dict[str, Any]]:
        try:
            answer = await self._call(
                "receive_message",
                QueueUrl=url,
                MaxNumberOfMessages=count,
                WaitTimeSeconds=_WAIT_SECONDS,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except Exception as error:  # noqa: BLE001 - an injected fault must not end the poller
            _LOG.warning("ReceiveMessage failed: %s", error)
            await asyncio.sleep(_PAUSE_AFTER_ERROR_SECONDS)
            return []
        return list(answer.get("Messages", []))

    async def _deliver(
        self, function: Function, source: QueueSource, url: str, messages: list[dict[str, Any]]
    ) -> None:
        event = to_event(messages, queue_arn=source.queue_arn, region=self._region)
        outcome = await self._functions.invoke(function.logical_id, event)
        ids = [message["MessageId"] for message in messages]
        failed = (
            frozenset(ids)
            if outcome.failed
            else failed_ids(
                ids, outcome.payload, reports_item_failures=source.reports_item_failures
            )
        )
        for message in messages:
            receipt = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
            try:
                if message["MessageId"] in failed:
                    await self._call(
                        "change_message_visibility",
                        **receipt,
                        VisibilityTimeout=self._retry_seconds,
                    )
                else:
                    await self._call("delete_message", **receipt)
            except Exception as error:  # noqa: BLE001 - then the message comes again, as in AWS
                _LOG.warning("A message couldn't be settled: %s", error)

    async def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        method = getattr(self._sqs, operation)
        answer: dict[str, Any] = await loop.run_in_executor(
            self._executor, lambda: method(**arguments)
        )
        return answer
