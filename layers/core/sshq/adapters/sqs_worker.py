"""A queue's Lambda handler: each record to its use case; what failed is delivered again, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from sshq.composition import live
from sshq.domain.queue_message import QueueMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.ports import Services


def handler_for(
    work: Callable[[Services, QueueMessage], None],
) -> Callable[[dict[str, Any], Any], Any]:
    """The Lambda handler that gives each message of a batch to `work`."""
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
        return process_partial_response(
            event=event, record_handler=work_off, processor=processor, context=context
        )

    return lambda_handler
