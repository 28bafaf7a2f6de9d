"""A queue's Lambda handler: each record to its use case; what failed is delivered again, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from botocore.exceptions import BotoCoreError, ClientError

from sshq.composition import live
from sshq.domain.queue_message import QueueMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sshq.ports import Services


def handler_for(
    work: Callable[[Services, QueueMessage], None],
    *,
    after_failure: Callable[[Services, Sequence[dict[str, Any]]], None] | None = None,
) -> Callable[[dict[str, Any], Any], Any]:
    """The Lambda handler that gives each message of a batch to `work`, and what failed to `after_failure`."""
    logger = Logger()

    def work_off(record: dict[str, Any]) -> None:
        with logger.append_context_keys(message_id=record["messageId"]):
            try:
                message = QueueMessage.model_validate_json(record["body"])
                logger.append_keys(correlation=message.correlation, verb=message.verb)
                work(live(), message)
            except Exception:
                logger.exception("will be delivered again")
                raise
            finally:
                logger.remove_keys(["correlation", "verb"])

    @logger.inject_lambda_context
    def lambda_handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401
        # A request that fails holds up its own user only, not the rest of the batch.
        processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        processor.raise_on_entire_batch_failure = False
        answer = process_partial_response(
            event=event, record_handler=work_off, processor=processor, context=context
        )
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        if failed and after_failure is not None:
            try:
                after_failure(live(), [r for r in event["Records"] if r["messageId"] in failed])
            except (BotoCoreError, ClientError):
                logger.warning("will be delivered again, but later than it could", exc_info=True)
        return answer

    return lambda_handler
