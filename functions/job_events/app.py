"""JobEvents: SageMaker says that a job's state changed; a starting job is followed until it is ready."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from sshq.composition import live
from sshq.use_cases.follow import follow_until_ready

logger = Logger()
_MARGIN_SECONDS = 15.0


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  Lambda's context
    """An EventBridge event `SageMaker Training Job State Change`. The event is a hint: facts are read."""
    name = event["detail"]["TrainingJobName"]
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    services = live()
    services.audit.begin("")
    follow_until_ready(services, name, seconds=seconds)
